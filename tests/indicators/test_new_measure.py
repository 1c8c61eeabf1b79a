"""A new measure is one module: written here into a scratch package, asked of a district, judged, named and listed like any other."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from lifecircle.config.measures import MEASURE_ROOMS, add_measure_room, load_measures
from lifecircle.outputs.schema import schema_lines
from tests.indicators.district import CLINIC, HEAD, POPULATION, A, B, Q, figures, run

MODULE = '''
"""Measures of age: people of a group for each hundred of the others."""

from __future__ import annotations

from typing import ClassVar, Literal

from lifecircle.config import IndicatorEntry
from lifecircle.config.schema import Label
from lifecircle.indicators.facts import Facts
from lifecircle.indicators.figures import ratio_figures
from lifecircle.indicators.measure import Finding, Findings, measure


class Dependency(IndicatorEntry):
    """People of a group for each hundred who are not of it."""

    called: ClassVar[Label] = Label(zh="抚养比", en="dependency")
    measure: Literal["dependency"]
    group: str

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The group."""
        return (self.group,)


@measure(Dependency)
def dependency(entry: Dependency, facts: Facts) -> Findings:
    """Return ``100 x group / (people - group)`` of each unit."""
    cells = facts.cells
    group = cells.groups[entry.group]
    figures = [
        ratio_figures(facts.levels[level], facts.levels[level].sum(group), facts.levels[level].sum(cells.people - group))
        for level in facts.levels_for(entry.levels)
    ]
    return Findings((Finding(tuple(figures), counts="人"),))
'''
ENTRY = """
[[indicators]]
id = "old-age"
label = { zh = "老年抚养比", en = "Old-age dependency" }
measure = "dependency"
group = "age60"
target = { kind = "at_most", value = 0.4, year = 2025 }
"""


@pytest.fixture
def room(tmp_path, monkeypatch):
    package = tmp_path / "own_measures"
    package.mkdir()
    (package / "__init__.py").write_text('"""Measures of our own."""\n')
    (package / "age.py").write_text(dedent(MODULE), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("lifecircle.config.measures.MEASURE_ROOMS", list(MEASURE_ROOMS))
    add_measure_room("own_measures")
    yield package
    load_measures.cache_clear()
    for name in [name for name in sys.modules if name.startswith("own_measures")]:
        del sys.modules[name]


@pytest.mark.usefixtures("room")
def test_one_module_is_all_a_new_measure_takes(tmp_path):
    study = run(tmp_path / "clauses", HEAD + POPULATION + CLINIC + ENTRY)
    # A 150 people, 50 of them old; B 110 (27); Q 40 (3); the district 300 (80).
    expected = {A: 50.0, B: 100 * 27 / 83, Q: 100 * 3 / 37, "330398": 100 * 80 / 220}
    found = figures(study, "old-age")
    assert {code: found[code] for code in expected} == pytest.approx(expected)
    target = study.tables["targets"].query("indicator == 'old-age' and level == 'district'").iloc[0]
    assert (target["status"], target["label_zh"]) == ("如期", "老年抚养比")
    assert any("抚养比" in line for line in schema_lines("dependency"))


def test_two_measures_of_one_name_are_refused(room):
    (room / "again.py").write_text(dedent(MODULE), encoding="utf-8")
    load_measures.cache_clear()
    with pytest.raises(ValueError, match="dependency"):
        load_measures()
