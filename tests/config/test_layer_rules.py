"""A new kind of facility with a 15-minute rule is one entry of TOML: the user guide's own example, run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from lifecircle.problems import InputError
from lifecircle.study import run_district
from tests.tiny import TOML, write_tiny

GUIDE = Path(__file__).parents[2] / "data" / "raw" / "README.md"


def example(heading: str) -> str:
    """Return the TOML block that follows a heading of the guide."""
    text = GUIDE.read_text("utf-8")
    return re.search(rf"{re.escape(heading)}.*?```toml\n(.*?)```", text, re.DOTALL).group(1)


@pytest.fixture
def folder(tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    clinics = pd.read_csv(folder / "clinics.csv")
    clinics.to_csv(folder / "vets.csv", index=False)
    return folder


def test_one_entry_of_the_guide_adds_a_kind_with_its_rule(folder):
    entry = example("一类新设施、一条15分钟准则")
    assert list(tomllib.loads(entry)) == ["facilities"]
    assert entry.count("[[") == 1, "one entry"
    (folder / "district.toml").write_text(TOML + entry, "utf-8")
    study = run_district(folder, with_areas=False)
    own, clinic = (
        study.indicators[study.indicators["indicator"] == name] for name in ("vet-15min-walk", "clinic-walk-15")
    )
    assert own["value"].tolist() == pytest.approx(clinic["value"].tolist()), "the vets stand where the clinic does"
    assert own["label_zh"].iloc[0] == "兽医站15分钟（步行）"
    assert (study.kinds["vet"].en, study.kinds["vet"].colour) == ("Vet", "#1f78b4")


def test_metres_groups_and_help_that_comes(folder):
    entry = example("一类新设施、一条15分钟准则").replace(
        "within = { minutes = 15 }",
        'within = [{ metres = 1000 }, { minutes = 15, direction = "from" }, { minutes = 15, group = "age60" }]',
    )
    (folder / "district.toml").write_text(TOML + entry, "utf-8")
    study = run_district(folder, with_areas=False)
    assert {"vet-1000m-walk", "vet-15min-walk-from", "vet-15min-walk-age60"} <= set(study.results)


def test_what_is_wrong_in_it_is_named(folder):
    entry = example("一类新设施、一条15分钟准则").replace(
        "{ minutes = 15 }", '{ minutes = 15, metres = 3, mode = "wlak" }'
    )
    (folder / "district.toml").write_text(TOML + entry, "utf-8")
    with pytest.raises(InputError) as found:
        run_district(folder, with_areas=False)
    assert 'unknown mode "wlak"' in str(found.value)
    assert "exactly one of minutes and metres" in str(found.value)
