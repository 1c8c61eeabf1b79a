"""Every policy asked of real districts, without a line of code for them: what can be computed is, what cannot says what it lacks."""

from __future__ import annotations

import numpy as np
import pytest
from tests.districts.folders import RAW, lay_out

from lifecircle.config import load_entries, load_policies
from lifecircle.config.catalogue import holds_in
from lifecircle.study import run_district

pytestmark = [
    pytest.mark.skipif(not RAW.exists(), reason="needs ../shared/data: real districts, not part of the repository"),
    pytest.mark.slow,
]
DISTRICTS = ("malta", "las_palmas", "liechtenstein", "monaco", "wuhan")


@pytest.fixture(scope="module", params=DISTRICTS)
def study(request, tmp_path_factory):
    folder = lay_out(request.param, tmp_path_factory.mktemp("real") / request.param)
    return run_district(folder, policies=tuple(load_policies()), with_areas=False)


def test_every_statement_is_answered_or_says_what_it_lacks(study):
    statements = study.tables["statements"]
    assert len(statements) == 103
    for row in statements.to_dict("records"):
        lacking = [name for name in row["not_computed"].split("; ") if name]
        assert set(lacking) <= set(study.not_computed), row["statement"]
        assert all(study.not_computed[name] for name in lacking)
        assert bool(lacking) == (row["state"] != "已计算 computed")


def test_every_entry_of_the_catalogue_is_there_or_named(study):
    there = set(study.indicators["indicator"])
    # A clause that holds in other provinces alone is not asked of this district.
    asked = {name for name, entry in load_entries().items() if holds_in(entry.applies_to, study.district)}
    assert len(load_entries()) - len(asked) < 10
    assert {name for name in asked if name not in there} == set(study.not_computed) & set(load_entries())


def test_something_of_the_catalogue_is_computed_and_makes_sense(study):
    rows = study.indicators
    assert {"clinic-15min-walk", "clinic-mean-minutes", "clinic-gini", "annual-scorecard"} <= set(rows["indicator"])
    shares = rows[(rows["value_unit"] == "%") & rows["value"].notna()]
    assert shares["value"].between(0, 100 + 1e-9).all()
    assert (shares["numerator"] <= shares["denominator"] * (1 + 1e-12)).all()


def test_townships_add_up_to_the_district(study):
    rows = study.indicators[
        study.indicators["numerator"].notna() & ~study.indicators["indicator"].str.startswith("annual-")
    ]
    sums = rows.groupby(["indicator", "level"])["numerator"].sum().unstack()
    both = sums.dropna(subset=["district", "township"]) if "township" in sums else sums.iloc[:0]
    np.testing.assert_allclose(both["township"], both["district"], rtol=1e-9, atol=1e-6)
