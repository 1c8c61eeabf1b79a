"""What of a street map's tags is not understood, not used, or hangs on the hour: counted, and said once with the values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from lifecircle.config import Configuration, load_tags
from lifecircle.config.schema import Level
from lifecircle.config.tags import (
    CONDITIONAL,
    DIRECTIONS,
    FERRY,
    IN_PARTS,
    parse_duration_s,
    parse_maxspeed_kph,
    split_values,
)
from lifecircle.model import BoolArray, Roads, Units
from lifecircle.problems import Problems, Severity

MOST_SHOWN = 8
"""Values, or ids, named in one line."""


def note_tags(roads: Roads, configuration: Configuration, file: str, problems: Problems) -> None:
    """Say which tags of the street map decide nothing, and what is done without them.

    Only what the modes of the run go by: nothing is said of access tags where every mode takes OSMnx's filter.
    """
    modes = [mode for mode in configuration.modes.values() if mode.engine == "network"]
    said = _Said(roads, file, problems)
    said.ferry_times()
    if any(mode.ways == "tags" for mode in modes):
        said.access_values()
        said.oneway_words()
        said.conditions()
        said.classes_and_barriers()
    if any(mode.maxspeed for mode in modes):
        said.speeds()


def note_turns(roads: Roads, units: Mapping[Level, Units], file: str, problems: Problems) -> None:
    """Say how many turns the map forbids to cars, and how many of them in the district: they are not applied."""
    if not len(roads.turn_kind):
        return
    district = shapely.union_all(next(iter(units.values())).geometry)
    shapely.prepare(district)
    inside = int(shapely.contains_xy(district, roads.turn_xy).sum())
    kinds = pd.Series(roads.turn_kind).value_counts(sort=True)
    listed = ", ".join(f"{kind} {count}" for kind, count in list(kinds.items())[:MOST_SHOWN])
    problems.add(
        "roads-turns", "note", file,
        f"转向限制未计入，其中 {inside} 处在区内 turn restrictions are not applied, {inside} of them in the district: {listed}",
        expected="机动车行程可能略短于实际 by car a few ways may be shorter than allowed", field="restriction",
        mend="影响结论处，用 [roads] closed 停用该路 where it matters close the way with [roads] closed", count=len(roads.turn_kind),
    )  # fmt: skip


class _Said:
    """One street map's tags, and where what is said of them goes."""

    def __init__(self, roads: Roads, file: str, problems: Problems) -> None:
        self.roads, self.file, self.problems = roads, file, problems
        self.meaning = load_tags()
        self.is_ferry = roads.is_ferry
        self.is_osm = roads.source.startswith(("OpenStreetMap", "OSMnx"))

    def add(
        self, code: str, severity: Severity, is_so: BoolArray, found: str, expected: str, mend: str, field: str
    ) -> None:
        """Say something of some ways, naming the first of them."""
        if is_so.any():
            ids = dict.fromkeys(self.roads.way_id[is_so].tolist())
            row = ", ".join(list(ids)[:MOST_SHOWN]) + (" ..." if len(ids) > MOST_SHOWN else "")
            self.problems.add(
                code,
                severity,
                self.file,
                found,
                expected=expected,
                mend=mend,
                row=row,
                field=field,
                count=int(is_so.sum()),
            )

    def ferry_times(self) -> None:
        """Durations and intervals of ferries that cannot be read."""
        for key, without in (("duration", "未使用 not used"), ("interval", "未计候船 no wait is counted")):
            columns = [key, f"relation:{key}"]
            can_be_read = np.any([self._where(column, _is_time) for column in columns], axis=0)
            is_so = (
                self.is_ferry & ~can_be_read & np.any([self._where(column, _is_no_time) for column in columns], axis=0)
            )
            self.add(
                f"ferry-{key}", "warning", is_so,
                f"轮渡的 {key} 读不出，{without} a ferry's {key} cannot be read: {self._show(columns, is_so)}",
                "00:45, 45, 1h 30min, PT45M", "改正标签，或另写 correct the tag, or give [[ferries]] minutes, headway_minutes", key,
            )  # fmt: skip

    def access_values(self) -> None:
        """Values of access keys that no table knows: they decide nothing."""
        known = {line.value for line in self.meaning.values}
        keys = [key + end for key in self.meaning.access_keys if key != "emergency" for end in ("", *DIRECTIONS)]
        self._of_keys(
            "roads-access-unknown", "note", keys, lambda text: any(value not in known for value in _every_value(text)),
            ("通行标签的值不认得，按下一级标签或道路等级 access values that are not known decide nothing", "yes, no, private, destination ...",
             "更正地图，或停用 correct the map, or close the way with [roads] closed"),
        )  # fmt: skip

    def oneway_words(self) -> None:
        """Words of one-way keys that are not known, and ways whose direction changes with the hour."""
        words = self.meaning.oneway_words
        # What a layer's own words mean is its reader's to say.
        keys = [key for key in self.meaning.oneway_keys if key != "oneway" or self.is_osm]
        self._of_keys(
            "roads-oneway-word", "warning", keys, lambda text: text.lower() not in words,
            ("单行标签的值不认得，按双向 one-way words that are not known: taken as both ways", "yes, no, -1", "更正标签 correct the tag"),
        )  # fmt: skip
        self._of_keys(
            "roads-oneway-reversible", "warning", ["oneway"], lambda text: words.get(text.lower()) == "closed",
            ("潮汐路的方向随时刻变化，车辆不走 the direction changes with the hour: not used by vehicles", "yes, no, -1",
             "全天可走的写明 oneway:motor_vehicle=no say so where both ways can always be used"),
        )  # fmt: skip

    def conditions(self) -> None:
        """Access and directions that hold at some hours, or for some, only."""
        keys = [key for key in self.meaning.way_keys if key.endswith(CONDITIONAL)]
        self._of_keys(
            "roads-conditional", "note", keys, lambda _: True,
            ("限时、限条件的通行标签不读，按无条件的标签 conditional tags are not read, the plain ones count", "access=*",
             "有时不能走的，用 [roads] closed 停用 close what is closed at the hour with [roads] closed"),
        )  # fmt: skip

    def classes_and_barriers(self) -> None:
        """Classes of ways of OpenStreetMap, and kinds of barriers, that no table knows."""
        classes = {line.highway for line in self.meaning.classes if line.highway != FERRY}
        if self.is_osm:
            is_so = self._where("highway", lambda text: not classes.issuperset(split_values(text))) & ~self.is_ferry
            self.add(
                "roads-class-unknown", "note", is_so,
                f"道路等级不认得，各方式都走 classes that are not known, open to all: {self._show(['highway'], is_so)}",
                "highway=residential ...", "更正地图，或停用 correct the map, or close the way with [roads] closed", "highway",
            )  # fmt: skip
        if not len(self.roads.barrier_node):
            return
        kinds = {line.kind for line in self.meaning.barriers}
        every = self.roads.barrier_tags["barrier"].astype(object)
        unknown = every[[kinds.isdisjoint(split_values(str(kind))) for kind in every]]
        if len(unknown):
            self.problems.add(
                "roads-barrier-unknown", "note", self.file,
                f"障碍的种类不认得，未断开 kinds of barriers that are not known stop nobody: {_list_values(unknown)}",
                expected="gate, bollard ...", mend="更正地图 correct the map", field="barrier", count=len(unknown),
            )  # fmt: skip

    def speeds(self) -> None:
        """Speeds that are no number, where a mode goes by them."""
        is_so = self._where("maxspeed", lambda text: np.isnan(parse_maxspeed_kph(text))) & ~self.is_ferry
        self.add(
            "roads-maxspeed", "note", is_so,
            f"限速读不出，按等级的车速 speeds that cannot be read, the class's is taken: {self._show(['maxspeed'], is_so)}",
            "60, 60 km/h, 40 mph", "更正标签 correct the tag", "maxspeed",
        )  # fmt: skip

    def _of_keys(
        self,
        code: str,
        severity: Severity,
        keys: Iterable[str],
        is_it: Callable[[str], bool],
        words: tuple[str, str, str],
    ) -> None:
        """Say that some keys have values of a kind; ``words`` are what is found, expected and to be done."""
        found, expected, mend = words
        of_key = {key: self._where(key, is_it) for key in keys}
        is_so = np.any([*of_key.values(), np.zeros(len(self.roads), dtype=bool)], axis=0)
        met = [key for key, of_ways in of_key.items() if of_ways.any()]
        values = "; ".join(f"{key}={self._show([key], of_key[key])}" for key in met[:MOST_SHOWN])
        self.add(code, severity, is_so, f"{found}: {values}", expected, mend, ", ".join(met))

    def _where(self, key: str, is_it: Callable[[str], bool]) -> BoolArray:
        """Whether each way has a value of a kind; work is done once a value."""
        column = self.roads.tags.get(key)
        if column is None:
            return np.zeros(len(self.roads), dtype=bool)
        found = [bool(is_it(str(value))) for value in column.cat.categories]
        return np.array([*found, False])[column.cat.codes.to_numpy()]

    def _show(self, keys: list[str], is_so: BoolArray) -> str:
        return _list_values(pd.concat([self.roads.tags.loc[is_so, key].astype(object).dropna() for key in keys]))


def _list_values(values: pd.Series[Any]) -> str:
    """Return the values that are there most often, with their counts."""
    counts = values.value_counts()
    listed = ", ".join(f"{value} ({count})" for value, count in list(counts.items())[:MOST_SHOWN])
    return listed + (" ..." if len(counts) > MOST_SHOWN else "")


def _every_value(text: str) -> list[str]:
    return [value for part in text.split(IN_PARTS) for value in split_values(part)]


def _is_time(text: str) -> bool:
    return bool(np.isfinite(parse_duration_s(text)))


def _is_no_time(text: str) -> bool:
    return not _is_time(text)
