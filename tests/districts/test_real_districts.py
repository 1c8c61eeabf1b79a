"""Real districts, from their raw files through the command line, against the oracle of ``tests/oracle``.

The files lie beside the repository and are not part of it; where they are absent these tests are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyproj
import pytest
from tests.districts.folders import NAMES, RAW, TEMPLATES, lay_out
from tests.districts.runs import CLOSE, DistrictRun, Expected, computed, differs, is_a_tie

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not RAW.exists(), reason="needs ../shared/data: real districts, not part of the repository"),
    pytest.mark.slow,
]

TIED_SHARE = 0.001
"""Of the cells, at most this many may lie equally near to two edges."""


def _rule_ids(name: str) -> list[str]:
    text = (TEMPLATES / f"{name.removesuffix('_with_ferries')}.toml").read_text("utf-8")
    rules = text.split("[[rules]]")[1:]
    return [rule.split('id = "', 1)[1].split('"', 1)[0] for rule in rules]


EVERY_RULE = [(name, rule) for name in NAMES for rule in _rule_ids(name)]
every_rule = pytest.mark.parametrize(("name", "rule"), EVERY_RULE, ids=[f"{n}:{r}" for n, r in EVERY_RULE])
every_district = pytest.mark.parametrize("name", NAMES)


class Runs:
    """Each district is run once, when a test first asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, DistrictRun | BaseException] = {}

    def __getitem__(self, name: str) -> DistrictRun:
        if name not in self._runs:
            try:
                self._runs[name] = DistrictRun(lay_out(name, self._folder / name), self._folder / f"{name}-out").run()
            except AssertionError as error:
                self._runs[name] = error
        run = self._runs[name]
        if isinstance(run, BaseException):
            raise run
        return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("districts"))


def people_in_units(run: DistrictRun, expected: Expected) -> np.ndarray:
    """Who counts in the district's row: townships add up to it, so people in no township do not."""
    people = run.cells[expected.rule.get("group", "people")].to_numpy(float)
    return np.where(run.cells["township_code"].fillna("") == "", 0.0, people)


@every_rule
def test_travel_agrees_with_the_oracle(runs: Runs, name: str, rule: str) -> None:
    run = runs[name]
    expected = run.expected(rule)
    ours, theirs = computed(run, expected), expected.nearest
    apart = np.flatnonzero(differs(ours, theirs))
    unexplained = [cell for cell in apart[:200] if not is_a_tie(run, expected, cell, ours[cell])]
    said = [f"{run.cells['cell_id'].iloc[c]}: run {ours[c]:.3f}, oracle {theirs[c]:.3f}" for c in unexplained[:10]]
    assert not unexplained, f"{len(apart)} of {len(ours)} cells differ: {said}"
    assert len(apart) <= TIED_SHARE * len(ours)


@every_rule
def test_the_facility_named_is_a_nearest_one(runs: Runs, name: str, rule: str) -> None:
    run = runs[name]
    expected = run.expected(rule)
    named = run.cells[f"{rule}__facility"]
    reached = np.flatnonzero(np.isfinite(computed(run, expected)))
    assert named.iloc[reached].isin(expected.facility_ids).all()
    rest = named.drop(named.index[reached])
    assert (rest.isna() | (rest.astype(str) == "")).all()
    # One id may stand for two rows (a place mapped as a clinic twice): the nearer counts.
    cost = pd.DataFrame(expected.cost, index=expected.facility_ids).groupby(level=0).min()
    by_named = cost.to_numpy()[cost.index.get_indexer(named.iloc[reached]), reached]
    assert differs(by_named, expected.nearest[reached]).sum() <= TIED_SHARE * len(reached)


@every_rule
def test_coverage_is_the_people_within_the_limit(runs: Runs, name: str, rule: str) -> None:
    run = runs[name]
    expected = run.expected(rule)
    people = people_in_units(run, expected)
    ours = computed(run, expected)
    (row,) = run.indicators.query("indicator == @rule and level == 'district'").to_dict("records")
    assert row["denominator"] == pytest.approx(people.sum(), rel=1e-9)
    assert row["numerator"] == pytest.approx(people[ours <= expected.limit].sum(), rel=1e-9)
    assert row["value"] == pytest.approx(100 * row["numerator"] / row["denominator"], rel=1e-9)
    # The oracle's own coverage, where no cell stands within a tenth of a second of the limit.
    certain = np.abs(expected.nearest - expected.limit) > CLOSE
    assert people[certain & (ours <= expected.limit)].sum() == pytest.approx(
        people[certain & (expected.nearest <= expected.limit)].sum(), rel=TIED_SHARE
    )
    if expected.measure == "s":
        assert row["low"] <= row["value"] <= row["high"]


@every_rule
def test_the_honest_range_is_the_same_reach_slower_and_faster(runs: Runs, name: str, rule: str) -> None:
    run = runs[name]
    expected = run.expected(rule)
    if expected.measure == "m":
        pytest.skip("a distance has no speed")
    if run.toml["roads"].get("ferries", True) and run.toml["district"]["id"] == "malta":
        pytest.skip("boats keep their timetable however fast people walk")
    people = people_in_units(run, expected)
    ours = computed(run, expected)
    (row,) = run.indicators.query("indicator == @rule and level == 'district'").to_dict("records")
    for bound, speed in (("low", 0.8), ("high", 1.2)):
        share = 100 * people[ours / speed <= expected.limit].sum() / people.sum()
        assert row[bound] == pytest.approx(share, abs=0.01)


@every_rule
def test_townships_add_up_to_the_district(runs: Runs, name: str, rule: str) -> None:
    rows = runs[name].indicators
    rows = rows[rows["indicator"] == rule]
    district = rows[rows["level"] == "district"].iloc[0]
    townships = rows[rows["level"] == "township"]
    assert townships["unit_code"].is_unique
    for column in ("numerator", "denominator"):
        assert townships[column].sum() == pytest.approx(district[column], rel=1e-9)
    value = townships["value"].to_numpy(float)
    share = 100 * townships["numerator"] / townships["denominator"].where(townships["denominator"] > 0)
    assert value == pytest.approx(share.to_numpy(float), rel=1e-9, nan_ok=True)


@every_rule
def test_people_are_conserved(runs: Runs, name: str, rule: str) -> None:
    run = runs[name]
    expected = run.expected(rule)
    people = run.cells[expected.rule.get("group", "people")].to_numpy(float)
    ours = computed(run, expected)
    sums = run.manifest["conservation"][rule]
    assert sums["people"] == pytest.approx(people.sum(), rel=1e-9)
    assert sums["unreachable"] == pytest.approx(people[np.isinf(ours)].sum(), rel=1e-9)
    parts = sums["covered"] + sums["uncovered"] + sums["unreachable"]
    assert parts == pytest.approx(sums["people"], rel=1e-9)


@every_rule
def test_facilities_know_whom_they_serve(runs: Runs, name: str, rule: str) -> None:
    run = runs[name]
    expected = run.expected(rule)
    people = run.cells[expected.rule.get("group", "people")].to_numpy(float)
    kinds = expected.rule["facilities"]["kind"]
    rows = run.facilities[run.facilities["kind"].isin([kinds] if isinstance(kinds, str) else kinds)]
    rows = rows.drop_duplicates("facility_id").set_index("facility_id").reindex(dict.fromkeys(expected.facility_ids))
    assert rows["kind"].notna().all()
    assert (rows["status"] == "used").all()
    certain = np.abs(expected.cost - expected.limit) > CLOSE
    least = pd.Series((people * (certain & (expected.cost <= expected.limit))).sum(axis=1), expected.facility_ids)
    most = pd.Series((people * (~certain | (expected.cost <= expected.limit))).sum(axis=1), expected.facility_ids)
    once = ~least.index.duplicated(keep=False)
    within = rows.loc[least.index[once], f"{rule}__people_within"]
    slack = 1e-6 + TIED_SHARE * people.sum()
    assert (within >= least[once] - slack).all()
    assert (within <= most[once] + slack).all()
    nearest = run.cells.assign(who=people).groupby(f"{rule}__facility")["who"].sum().drop("", errors="ignore")
    served = rows.loc[least.index[once], f"{rule}__people_nearest"].fillna(0.0)
    assert served.to_numpy() == pytest.approx(nearest.reindex(served.index, fill_value=0.0).to_numpy(), rel=1e-9)


@every_district
def test_people_stand_where_the_layers_put_them(runs: Runs, name: str) -> None:
    run = runs[name]
    cells = run.cells
    assert cells["cell_id"].is_unique
    project = pyproj.Transformer.from_crs("EPSG:4326", run.crs, always_xy=True)
    x, y = project.transform(cells["lon"].to_numpy(), cells["lat"].to_numpy())
    assert np.hypot(x - cells["x"], y - cells["y"]).max() < 0.01
    population = run.toml["population"]
    table = pd.read_csv(run.folder / population["path"], dtype={"id": str})
    if population["source"] == "points":
        # Points outside every unit are left out, and named.
        outside = table[~table["id"].isin(cells["cell_id"])]
        said = run.issues[run.issues["code"] == "population-outside"]
        assert said["count"].sum() == len(outside)
        assert len(outside) < 0.2 * len(table)
        table = table.drop(outside.index)
    assert cells["people"].sum() == pytest.approx(table["people"].sum(), rel=1e-9)
    if population["source"] == "zones":
        total = table.set_index("id")["people"]
        rows = run.indicators.query("level == 'township' and indicator == @run.toml['rules'][0]['id']")
        shares = rows.set_index("unit_code")["denominator"].reindex(total.index, fill_value=0.0)
        assert shares.to_numpy() == pytest.approx(total.to_numpy(), rel=1e-9)
        return
    table = table.set_index("id").loc[cells["cell_id"]]
    if "lon" in population:
        x, y = project.transform(table["lon"].to_numpy(), table["lat"].to_numpy())
    else:
        x, y = table["x"].to_numpy(), table["y"].to_numpy()
    assert np.hypot(x - cells["x"], y - cells["y"]).max() < 1e-3
    assert cells["people"].to_numpy() == pytest.approx(table["people"].to_numpy())


def test_gozo_and_comino_need_the_ferry(runs: Runs) -> None:
    """The big hospital lies on the main island: from the others a car comes there by ferry or not at all."""
    rule = "main-hospital-60min-drive"
    column = f"{rule}__min"
    without, with_ferries = runs["malta"].cells, runs["malta_with_ferries"].cells
    assert without["cell_id"].tolist() == with_ferries["cell_id"].tolist()
    islands = (without["lat"] > 36.0) & (without["lon"] < 14.36)  # across the strait from the main island
    comino = islands & (without["lat"] < 36.022) & (without["lon"] > 14.315)
    gozo = islands & ~comino
    assert without.loc[gozo, "people"].sum() > 25_000
    assert comino.any()
    assert without.loc[islands, column].isna().all()
    main_island = without[~islands & (without["people"] > 0)]
    assert main_island[column].notna().mean() > 0.9
    # Gozo's own hospitals need no boat: the cells that reach one are those that have a street.
    on_gozo = gozo & without["hospital-30min-drive__min"].notna()
    assert without.loc[on_gozo, "people"].sum() > 25_000
    assert without.loc[comino, "hospital-30min-drive__min"].isna().all()
    assert with_ferries.loc[on_gozo, column].notna().all()
    assert with_ferries.loc[comino, column].notna().any()
    # 25 minutes at sea and half of 45 waiting, at the least
    assert with_ferries.loc[on_gozo, column].min() > 25 + 22.5
    # A ferry never makes a trip longer, and metres never use one.
    reached = without[column].notna()
    assert (with_ferries.loc[reached, column] <= without.loc[reached, column] + 1e-9).all()
    metres = "hospital-5000m-drive__m"
    pd.testing.assert_series_equal(without[metres], with_ferries[metres])
