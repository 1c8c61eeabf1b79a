"""Malta's boats, through the command line: what they bring whom, and that closing one touches nobody else, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from tests.districts.folders import RAW, lay_out
from tests.districts.runs import DistrictRun
from typer.testing import CliRunner

from lifecircle.cli import app

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not RAW.exists(), reason="needs ../shared/data: real districts, not part of the repository"),
    pytest.mark.slow,
]

MAIN = "main-hospital-90min-drive"
MAIN_MIN = 90
"""The template's hour is spent at sea and on the quay; half an hour more lets Gozo's coverage hang on the boat."""
MAIN_RULE = f"""
[[rules]]
id = "{MAIN}"
facilities = {{ kind = "hospital", osm_id = "w24063943" }}
mode = "drive"
minutes = {MAIN_MIN}
"""
BY_CAR = (MAIN, "hospital-30min-drive", "hospital-30min-ambulance", "hospital-5000m-drive")
ON_FOOT = "care-15min-walk"
GOZO_LINE = ("Cirkewwa - Mgarr (Gozo), on foot", "Cirkewwa - Mgarr (Gozo), cars")
CIRKEWWA_TO_MGARR = {
    # The boats to Comino, started from Gozo's harbour instead of the main island's.
    "from = [14.3297878, 35.9875572]": "from = [14.2984867, 36.0238708]",
    "from = [14.3347, 35.98655]\nto = [14.32459, 36.01409]": "from = [14.29675, 36.02416]\nto = [14.32459, 36.01409]",
}


class Scenarios:
    """The same folder run again and again, each time with a few words of its configuration changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = lay_out("malta_with_ferries", root / "malta")
        # The map's own boats, none of which carries a car, would go beside those under test.
        self.text = (self.folder / "district.toml").read_text("utf-8").replace("ferries = true", "ferries = false", 1)
        self.text += MAIN_RULE
        self.done: dict[str, DistrictRun] = {}

    def run(self, name: str, changes: dict[str, str] | None = None, *more: str) -> DistrictRun:
        if name not in self.done:
            text = self.text
            for old, new in (changes or {}).items():
                assert old in text, old
                text = text.replace(old, new)
            (self.folder / "district.toml").write_text(text, "utf-8")
            rules = [part for rule in (*BY_CAR, ON_FOOT) for part in ("--rule", rule)]
            out = self.root / name
            result = CliRunner().invoke(
                app, ["run", str(self.folder), "--out", str(out), "--no-map", "--no-areas", *rules, *more]
            )
            assert result.exit_code == 0, result.output
            self.done[name] = DistrictRun(self.folder, out)
        return self.done[name]


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Scenarios:
    return Scenarios(tmp_path_factory.mktemp("boats"))


def close(*names: str) -> dict[str, str]:
    listed = ", ".join(f'"{name}"' for name in names)
    return {"ferries = false": f"ferries = false\nclosed = [{listed}]"}


def by_car(cells: pd.DataFrame) -> list[str]:
    return [name for name in cells if name.split("__")[0] in BY_CAR]


def islands(cells: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Gozo and Comino: across the strait from the main island."""
    across = (cells["lat"] > 36.0) & (cells["lon"] < 14.36)
    comino = across & (cells["lat"] < 36.022) & (cells["lon"] > 14.315)
    return (across & ~comino).to_numpy(), comino.to_numpy()


def changed(before: pd.DataFrame, after: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Where any figure or facility differs; a landing splits its street, and the sums along it differ in their last bit."""
    assert before["cell_id"].tolist() == after["cell_id"].tolist()
    differs = np.zeros(len(before), dtype=bool)
    for name in names:
        one, other = before[name], after[name]
        if name.endswith("__facility"):
            differs |= (one.fillna("") != other.fillna("")).to_numpy(dtype=bool)
        else:
            differs |= ~np.isclose(one, other, rtol=1e-12, atol=0.0, equal_nan=True)
    return differs


def test_closing_the_gozo_ferry_changes_exactly_the_people_on_gozo_and_comino(scenarios: Scenarios) -> None:
    """Comino's boats sail from Gozo, so that both islands hang on the one line."""
    sailing = scenarios.run("line", CIRKEWWA_TO_MGARR).cells
    closed_run = scenarios.run("line_closed", CIRKEWWA_TO_MGARR | close(*GOZO_LINE))
    closed = closed_run.cells
    gozo, comino = islands(sailing)
    reached = sailing[f"{MAIN}__min"].notna().to_numpy()
    people = sailing["people"].to_numpy()
    assert people[gozo & reached].sum() > 30_000
    assert people[comino & reached].sum() > 1_000
    touched = changed(sailing, closed, by_car(sailing))
    assert (touched == ((gozo | comino) & reached)).all()
    assert closed.loc[gozo | comino, f"{MAIN}__min"].isna().all()
    # Who has no street near can be cut off no more than before.
    sums = closed_run.manifest["conservation"][MAIN]
    assert sums["unreachable"] == pytest.approx(people[~reached | touched].sum(), rel=1e-9)
    assert {one["name"] for one in closed_run.manifest["closed"]} == set(GOZO_LINE)
    joined = pd.read_csv(closed_run.tables / "network_parts.csv").query("mode == 'drive' and part in (0, 1)")
    assert joined["joined"].tolist() == ["main", "none"]


def test_on_foot_the_closed_ferry_uncovers_nobody_elsewhere(scenarios: Scenarios) -> None:
    """Whoever lives on the quay is nearer, by boat, to a pharmacy on Gozo than to one by land: over an hour all the same."""
    sailing = scenarios.run("line", CIRKEWWA_TO_MGARR).cells
    closed = scenarios.run("line_closed", CIRKEWWA_TO_MGARR | close(*GOZO_LINE)).cells
    elsewhere = ~np.logical_or(*islands(sailing))
    minutes = f"{ON_FOOT}__min"
    touched = changed(sailing, closed, [minutes]) & elsewhere
    assert sailing.loc[touched, minutes].min() > 25 + 45 / 2
    assert (closed.loc[touched, minutes] > sailing.loc[touched, minutes]).all()
    assert ((sailing[minutes] <= 15) == (closed[minutes] <= 15))[elsewhere].all()


def test_where_comino_has_a_boat_of_its_own_only_gozo_is_touched(scenarios: Scenarios) -> None:
    sailing, closed = scenarios.run("open").cells, scenarios.run("closed", close(*GOZO_LINE)).cells
    gozo, _ = islands(sailing)
    reached = sailing[f"{MAIN}__min"].notna().to_numpy()
    assert (changed(sailing, closed, by_car(sailing)) == (gozo & reached)).all()


def test_at_night_a_ferry_with_hours_is_closed_and_by_day_it_is_not(scenarios: Scenarios) -> None:
    hours = {f'name = "{name}"': f'name = "{name}"\nhours = ["05:45-23:00"]' for name in GOZO_LINE}
    by_day = scenarios.run("day", hours, "--at", "12:00")
    by_night = scenarios.run("night", hours, "--at", "03:15")
    pd.testing.assert_frame_equal(by_day.cells, scenarios.run("open").cells)
    pd.testing.assert_frame_equal(by_night.cells, scenarios.run("closed", close(*GOZO_LINE)).cells)
    assert {(one["name"], one["why"]) for one in by_night.manifest["closed"]} == {(name, "hours") for name in GOZO_LINE}
    issues = pd.read_csv(by_night.tables / "issues.csv").query("code == 'ferry-not-sailing'")
    assert len(issues) == 2
    assert by_night.manifest["district"]["at"] == "03:15"


def test_hospitals_by_car_by_council_with_and_without_ferries(scenarios: Scenarios) -> None:
    with_boats = scenarios.run("open")
    without = scenarios.run("none", close(*GOZO_LINE, "Cirkewwa - Comino, on foot", "Cirkewwa - Comino, cars"))
    rows = {}
    for name, run in (("with", with_boats), ("without", without)):
        table = run.indicators.query("level == 'township'")
        rows[name] = {rule: table[table["indicator"] == rule].set_index("unit_code") for rule in (MAIN, BY_CAR[1])}
        # By council, the people of its cells within the limit.
        for rule, limit in ((MAIN, MAIN_MIN), (BY_CAR[1], 30)):
            within = run.cells[run.cells[f"{rule}__min"] <= limit].groupby("township_code")["people"].sum()
            listed = rows[name][rule]["numerator"]
            assert listed.to_numpy() == pytest.approx(
                within.reindex(listed.index, fill_value=0.0).to_numpy(), rel=1e-9, abs=1e-9
            )
    cells = with_boats.cells
    gozo, comino = islands(cells)
    on_islands = cells.assign(island=gozo | comino).groupby("township_code")["island"].mean()
    away = on_islands.index[on_islands == 1.0]
    at_home = on_islands.index[on_islands == 0.0]
    assert len(away) == 13  # Gozo's councils where people are; Comino belongs to one of them
    assert len(away) + len(at_home) == len(on_islands)
    main_with, main_without = rows["with"][MAIN], rows["without"][MAIN]
    assert (main_without.loc[away, "numerator"] == 0).all()
    people = main_with.loc[away, "denominator"]
    assert people.sum() > 30_000
    assert (main_with.loc[away[people > 0], "numerator"] > 0).all()
    assert main_with.loc[away, "numerator"].sum() > 0.8 * people.sum()
    pd.testing.assert_frame_equal(main_with.loc[at_home], main_without.loc[at_home])
    # Hospitals on both big islands: no council of Gozo needs the boat for 30 minutes by car but for Comino's people.
    any_with, any_without = rows["with"][BY_CAR[1]], rows["without"][BY_CAR[1]]
    assert (any_with.loc[away, "numerator"] >= any_without.loc[away, "numerator"]).all()
    assert any_without.loc[away, "numerator"].sum() > 25_000


def test_the_parts_of_every_network_add_up(scenarios: Scenarios) -> None:
    """Each person in one part or without a street; no facility lost; boats link Gozo and Comino to the main island."""
    run = scenarios.run("open")
    table = pd.read_csv(run.tables / "network_parts.csv")
    for mode, parts in table.groupby("mode"):
        assert parts["people"].sum() == pytest.approx(run.cells["people"].sum(), rel=1e-12), mode
        kinds = parts.filter(like="__facilities").sum(axis=1)
        assert (kinds == parts["facilities"]).all()
        used = {"drive": ["hospital"], "walk": ["clinic", "pharmacy"]}[str(mode)]
        # One that is entered from two parts stands in both.
        count = run.facilities["kind"].isin(used).sum()
        assert count <= parts["facilities"].sum() <= 1.1 * count
        gozo = parts[parts["part"] == 1].iloc[0]
        assert gozo["joined"] == "ferry"
        assert 30_000 < gozo["people"] < 40_000
    drive = table[table["mode"] == "drive"]
    assert drive[drive["joined"] == "no_street"]["people"].item() == pytest.approx(
        run.manifest["details"]["networks"]["drive"]["people_without_a_street_near"], rel=1e-12
    )
