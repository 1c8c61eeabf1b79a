"""Missing is missing: whatever is taken from the made district's data, no figure becomes 0 by it, nor gets a verdict it did not have."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifecircle.problems import InputError
from lifecircle.study import run_district
from tests.clauses import test_every_measure, test_supply_and_equity
from tests.clauses.district import (
    FULL,
    TABLES,
    table_toml,
    write_district,
)
from tests.tiny import ORIGIN_X, ORIGIN_Y

KEYS = ["indicator", "level", "unit_code"]
SUPPLY = test_supply_and_equity.TOML.removeprefix(FULL)
TOILETS = SUPPLY[
    SUPPLY.index('\n[[indicators]]\nid = "toilets"\n') : SUPPLY.index('\n[[indicators]]\nid = "beds-for-all"')
]
WHOLE = test_every_measure.TOML + SUPPLY.replace(TOILETS, "")
COUNTING = (
    "card",
    "card-monitored",
    "same-quality-unknown",
    "backup-unknown",
    "large-unknown",
    "enough-unknown",
    "chain-unknown",
)
"""How many are monitored is fewer where fewer are known, and those of whom it is not known are more."""
UNIT_OF = {"villages": "代码", "townships": "code", "unit_types": "unit", "progress": "code", "submissions": "code"}
"""Tables of which a unit without a row is not known: ``cells`` lists all there is."""
ATTRIBUTES = {
    "clinic": ("grade", "ownership", "tcm", "床位"),
    "sports_ground": ("area_m2",),
    "water_plant": ("tier", "capacity", "served"),
    "water_source": ("plant", "capacity"),
    "water_monitoring": ("plant", "stage", "date", "pass"),
}
# An empty date of submission was not handed in, and an empty list of units served jointly is none.
SAID_BY_BLANK = {("submissions", "submitted")}


def lay_out(folder: Path) -> Path:
    write_district(folder, WHOLE)
    for kind, places in test_supply_and_equity.PLACES.items():
        named = places.assign(x=places["x"] + ORIGIN_X, y=ORIGIN_Y, name=places["id"])
        named.to_csv(folder / f"{kind}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = lay_out(tmp_path_factory.mktemp("missing") / "clauses")
    return folder, run_district(folder, with_areas=False)


def change(file: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        table = pd.read_csv(folder / file, dtype=object, keep_default_na=False)
        edit(table).to_csv(folder / file, index=False)

    return apply


def take_table(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        toml = (folder / "district.toml").read_text(encoding="utf-8")
        assert table_toml(name) in toml
        (folder / "district.toml").write_text(toml.replace(table_toml(name), ""), encoding="utf-8")

    return apply


def blank(column: str, rows: slice) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def edit(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[table.index[rows], column] = ""
        return table

    return edit


def without(column: str, value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table[table[column] != value]


def losses() -> Iterator[tuple[str, Callable[[Path], None]]]:
    for name, table in TABLES.items():
        yield f"no table {name}", take_table(name)
        own = UNIT_OF.get(name, "")
        for value in dict.fromkeys(table[own].astype(str)) if own else ():
            yield f"{name} without {value}", change(f"{name}.csv", without(own, value))
        for column in table.columns:
            if column not in (own, "code", "代码", "unit", "年份") and (name, column) not in SAID_BY_BLANK:
                for which, rows in (("all", slice(None)), ("first", slice(0, 1)), ("last", slice(-1, None))):
                    yield f"{name}.{column} {which} blank", change(f"{name}.csv", blank(column, rows))
    yield "statistics of later years", change("statistics.csv", lambda table: table.assign(年份="2031"))
    yield "submissions of other years", change("submissions.csv", lambda table: table.assign(年份="2019"))
    for kind, columns in ATTRIBUTES.items():
        for column in columns:
            for which, rows in (("all", slice(None)), ("first", slice(0, 1)), ("second", slice(1, 2))):
                yield f"{kind}.{column} {which} blank", change(f"{kind}.csv", blank(column, rows))
    yield "samples of last year", change("water_monitoring.csv", lambda table: table.assign(date="2024-06-01"))


LOSSES = dict(losses())


def faults(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Return the figures that say something else than before, and do not say that a part is not known."""
    both = before[~before["indicator"].isin(COUNTING)].merge(after, on=KEYS, suffixes=("", "_after"), how="inner")
    old, new = both["value"].to_numpy(float), both["value_after"].to_numpy(float)
    unknown = both["unknown_after"].to_numpy(float)
    is_same = np.isclose(old, new, rtol=1e-9, atol=1e-9, equal_nan=True)
    is_empty = np.isnan(new) & (unknown > 0)
    # A value over what is known lies anywhere; what is known of the whole brackets what it was.
    with np.errstate(invalid="ignore"):
        high = both["high_after"].to_numpy(float)
        is_bracketed = np.isfinite(new) & (unknown > 0) & (np.isnan(high) | (high > new))
    wrong = both[~(is_same | is_empty | is_bracketed)]
    said = [f"{row['indicator']} {row['unit_code']}: {row['value']} -> {row['value_after']} ({row['unknown_after']})"
            for row in wrong.to_dict("records")]  # fmt: skip
    verdict = both[(both["value_after"].isna()) & (both["unknown_after"] > 0) & (both["status_after"] != "缺数据")]
    return [*said, *(f"{row['indicator']}: {row['status_after']}" for row in verdict.to_dict("records"))]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_taken_away_makes_no_figure_and_no_verdict(whole, loss, tmp_path):
    folder, study = whole
    shutil.copytree(folder, tmp_path / "clauses")
    LOSSES[loss](tmp_path / "clauses")
    if loss == "clinic.grade all blank":
        # A rule of the district's own asks for it: the run stops and says so.
        with pytest.raises(InputError, match="grade"):
            run_district(tmp_path / "clauses", with_areas=False)
        return
    after = run_district(tmp_path / "clauses", with_areas=False)
    assert faults(study.indicators, after.indicators) == []
