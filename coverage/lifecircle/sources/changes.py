"""A scenario's facilities: closed, moved, altered and added, with every name looked up and every place checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import FacilityFilter, FacilityLayer
from lifecircle.config.catalogue import load_kinds
from lifecircle.model import Facilities, IntArray
from lifecircle.problems import nearest_name
from lifecircle.sources.datum import WGS84, parse_crs, to_district, to_lonlat, to_wgs84
from lifecircle.sources.facilities import OWN_COLUMNS, tidy_attribute
from lifecircle.sources.places import FAR_M, is_near_district
from lifecircle.sources.tables import as_numbers, match_where
from lifecircle.sources.units import is_in_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from lifecircle.config import Configuration, Placed, Scenario
    from lifecircle.config.scenarios import Added, Enlarged
    from lifecircle.config.schema import Level
    from lifecircle.model import Units
    from lifecircle.problems import Problems

FILE = "district.toml"
CLOSED = "情景中停用 closed in the scenario"
CONDITIONS = ("facility_id", "name")
"""Of our own columns, those a filter may ask beside the attributes."""
NAMED = 3
"""Facilities of one name that an error lists."""


@dataclass(frozen=True, slots=True, eq=False)
class ChangedFacilities:
    """The facilities of a scenario. Rows keep their numbers; added facilities follow."""

    facilities: Facilities
    moved: IntArray
    """Rows that are new, closed, or elsewhere: the way to them is not what it was."""
    changed: IntArray
    """Those, and rows with other attributes."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that are not what they were."""
        return frozenset(self.facilities.frame["kind"].iloc[self.changed])


def change_facilities(
    scenario: Scenario, place: str, configuration: Configuration, facilities: Facilities,
    units: Mapping[Level, Units], problems: Problems,
) -> ChangedFacilities:  # fmt: skip
    """Return the facilities as a scenario has them; what it names and nobody knows is an error, all at once.

    Parameters
    ----------
    place
        Where the scenario stands, for messages: ``scenarios[1]``.
    """
    if not scenario.has_other_supply or configuration.district is None:
        nothing = np.zeros(0, dtype=np.int64)
        return ChangedFacilities(facilities, nothing, nothing)
    draft = _Draft(facilities, units, configuration.district.crs, place, problems)
    draft.close(scenario.close)
    for number, move in enumerate(scenario.move):
        draft.move((move.facility,), move, f"move[{number + 1}]")
    for number, opened in enumerate(scenario.open):
        draft.alter(opened.facilities, {opened.attribute: True}, f"open[{number + 1}]")
    for number, altered in enumerate(scenario.set):
        draft.alter(altered.facilities, altered.values, f"set[{number + 1}]")
    for number, enlarged in enumerate(scenario.enlarge):
        draft.enlarge(enlarged, f"enlarge[{number + 1}]")
    draft.add(scenario.add, configuration.facilities, scenario.id)
    return draft.done()


class _Draft:
    """Facilities being changed, in a frame of their own."""

    def __init__(
        self, facilities: Facilities, units: Mapping[Level, Units], crs: str, place: str, problems: Problems
    ) -> None:
        self.facilities, self.frame = facilities, pd.DataFrame(facilities.frame).copy()
        self.units, self.crs, self.place, self.problems = units, crs, place, problems
        self.moved: list[int] = []
        self.altered: list[int] = []
        self.columns: set[str] = set()

    def close(self, which: Sequence[str | FacilityFilter]) -> None:
        rows = self._find(which, "close") if which else np.zeros(0, dtype=np.int64)
        self.frame.loc[rows, "status"] = "set_aside"
        self.frame.loc[rows, "reason"] = CLOSED
        self.moved += rows.tolist()

    def move(self, which: Sequence[str | FacilityFilter], to: Placed, key: str) -> None:
        rows, point = self._find(which, key), self._point(to, key)
        if len(rows) > 1:
            self._error(key, "scenario-moves-many", f"{len(rows)} 处设施不能移到同一点 facilities cannot stand on one point",
                        mend="逐一写 id write one id each")  # fmt: skip
        if point is None or len(rows) != 1:
            return
        self.frame.loc[rows, ["status", "reason"]] = ["used", ""]
        geometry = self.frame["geometry"].to_numpy(dtype=object).copy()
        geometry[rows] = point
        self.frame["geometry"] = geometry
        self.moved += rows.tolist()

    def alter(self, which: Sequence[str | FacilityFilter], values: Mapping[str, Any], key: str) -> None:
        rows = self._find(which, key)
        for attribute, value in values.items():
            if self._is_attribute(attribute, key):
                self._write(rows, attribute, [value] * len(rows))

    def enlarge(self, wanted: Enlarged, key: str) -> None:
        rows = self._find(wanted.facilities, key)
        if not self._is_attribute(wanted.attribute, key):
            return
        if wanted.to is not None:
            self._write(rows, wanted.attribute, [wanted.to] * len(rows))
            return
        amount = as_numbers(self.frame[wanted.attribute].to_numpy(dtype=object)[rows]).value
        without = rows[np.isnan(amount)]
        if len(without):
            names = ", ".join(self.frame["facility_id"].iloc[without[:NAMED]].astype(str))
            self._error(
                key, "scenario-no-amount", f"{len(without)} 处没有可扩的数 facilities have no {wanted.attribute} to enlarge: {names}",
                mend="写 to = 扩建后的数 give to = what it would be",
            )  # fmt: skip
            return
        new = amount * wanted.factor if wanted.factor is not None else np.maximum(amount + float(wanted.by or 0.0), 0.0)
        self._write(rows, wanted.attribute, new.tolist())

    def add(self, added: Sequence[Added], layers: Sequence[FacilityLayer], scenario: str) -> None:
        described = {layer.kind: layer for layer in reversed(layers)}
        kinds = [*described, *(kind for kind in load_kinds() if kind not in described)]
        rows: list[dict[str, Any]] = []
        for number, one in enumerate(added):
            key = f"add[{number + 1}]"
            point = self._point(one, key)
            if one.kind not in kinds:
                self._error(
                    key,
                    "scenario-unknown-kind",
                    f'没有此类设施 no such kind "{one.kind}"',
                    nearest_name(one.kind, kinds),
                )
            unknown = [name for name in one.attributes if not self._is_attribute(name, key)]
            identity = one.id or f"{scenario}-{number + 1}"
            is_used = self.frame["status"] == "used"
            taken = (self.frame["kind"] == one.kind) & (self.frame["facility_id"] == identity) & is_used
            if taken.any() or any((row["kind"], row["facility_id"]) == (one.kind, identity) for row in rows):
                self._error(
                    f"{key}.id",
                    "scenario-id-taken",
                    f'编号已有设施使用 id is taken: "{identity}"',
                    mend="另写 write another",
                )
            if point is None or unknown:
                continue
            layer = described.get(one.kind, FacilityLayer(kind=one.kind, path="-"))
            own = {
                "facility_id": identity, "kind": one.kind, "name": one.name or identity, "status": "used", "reason": "",
                "entrance_spacing_m": layer.entrance_spacing_m, "border_m": layer.border_m, "geometry": point,
            }  # fmt: skip
            rows.append({**own, **one.attributes})
        if not rows:
            return
        first = len(self.frame)
        columns = {}
        for name in self.frame.columns:
            column = np.empty(first + len(rows), dtype=object)
            column[:first] = self.frame[name].to_numpy(dtype=object)
            column[first:] = [row.get(name) for row in rows]
            columns[name] = column
        self.frame = pd.DataFrame(columns)
        self.columns |= set(self.facilities.attributes)
        self.moved += range(first, first + len(rows))

    def done(self) -> ChangedFacilities:
        """Return the facilities with what follows from their places worked out anew."""
        moved = np.unique(np.array(self.moved, dtype=np.int64))
        changed = np.unique(np.array([*self.moved, *self.altered], dtype=np.int64))
        frame = self.frame
        if len(moved):
            geometry = frame["geometry"].to_numpy(dtype=object)
            point = shapely.point_on_surface(geometry[moved])
            place = np.column_stack([frame["lon"].to_numpy(np.float64), frame["lat"].to_numpy(np.float64)])
            place[moved] = np.column_stack(
                to_lonlat(shapely.get_x(point), shapely.get_y(point), parse_crs(self.crs), is_strict=False)
            )
            frame["lon"], frame["lat"] = place[:, 0], place[:, 1]
            frame["is_inside"] = is_in_units(geometry, self.units)
        for name in ("entrance_spacing_m", "border_m"):
            frame[name] = frame[name].astype(np.float64)
        attributes = self.facilities.attributes
        columns = {name: tidy_attribute(frame[name]) if name in self.columns else frame[name] for name in attributes}
        joined = pd.DataFrame({**{name: frame[name] for name in OWN_COLUMNS}, **columns})
        made = gpd.GeoDataFrame(joined, geometry="geometry", crs=self.facilities.frame.crs)
        return ChangedFacilities(replace(self.facilities, frame=made), moved, changed)

    def _write(self, rows: IntArray, attribute: str, values: list[Any]) -> None:
        column = self.frame[attribute].to_numpy(dtype=object).copy()
        for row, value in zip(rows.tolist(), values, strict=True):
            column[row] = value
        self.frame[attribute] = column
        self.columns.add(attribute)
        self.altered += rows.tolist()

    def _is_attribute(self, name: str, key: str) -> bool:
        known = self.facilities.attributes
        if name in known:
            return True
        self._error(
            f"{key}.{name}",
            "scenario-unknown-attribute",
            f'没有属性 no such attribute "{name}"',
            nearest_name(name, known),
        )
        return False

    def _point(self, place: Placed, key: str) -> shapely.Point | None:
        if place.lon is not None and place.lat is not None and place.datum is not None:
            lon, lat = to_wgs84(np.array([place.lon]), np.array([place.lat]), place.datum)
            x, y = to_district(lon, lat, WGS84, parse_crs(self.crs), is_strict=False)
        else:
            x, y = np.array([place.x], dtype=np.float64), np.array([place.y], dtype=np.float64)
        if is_near_district(x, y, self.units).all():
            return shapely.Point(float(x[0]), float(y[0]))
        self._error(
            key, "scenario-far", f"离区县超过 {FAR_M / 1000:.0f} 公里 more than {FAR_M / 1000:.0f} km from the district",
            mend="经纬度是否颠倒? are lon and lat swapped?",
        )  # fmt: skip
        return None

    def _find(self, which: Sequence[str | FacilityFilter], key: str) -> IntArray:
        """Return the rows chosen by any of the names and filters."""
        found = [
            self._find_filter(one, key) if isinstance(one, FacilityFilter) else self._find_name(one, key)
            for one in which
        ]
        return np.unique(np.concatenate(found))

    def _find_name(self, name: str, key: str) -> IntArray:
        identity, names = (self.frame[column].to_numpy(dtype=object) for column in ("facility_id", "name"))
        rows = np.flatnonzero(identity == name)
        rows = rows if len(rows) else np.flatnonzero(names == name)
        if not len(rows):
            known = sorted({*map(str, identity), *map(str, names)})
            mend = (
                nearest_name(name, known)
                if len(known) < 50 or "?" in nearest_name(name, known)
                else "写设施的 id 或名称 write its id or name"
            )
            self._error(key, "scenario-unknown-facility", f'没有这处设施 no such facility "{name}"', mend)
        if len(rows) > 1:
            kinds = self.frame["kind"].to_numpy(dtype=object)
            shown = ", ".join(
                f'{{ kind = "{kinds[row]!s}", facility_id = "{identity[row]!s}" }}' for row in rows[:NAMED].tolist()
            )
            self._error(
                key,
                "scenario-many-facilities",
                f'{len(rows)} 处设施同名 facilities are called "{name}"',
                f"写成 write {shown}",
            )
            return rows[:0]
        return rows

    def _find_filter(self, wanted: FacilityFilter, key: str) -> IntArray:
        kinds = sorted(set(self.frame["kind"]))
        known = [*CONDITIONS, *self.facilities.attributes]
        missing = [kind for kind in wanted.kind if kind not in kinds]
        absent = [name for name in wanted.attributes if name not in known]
        for kind in missing:
            self._error(
                key, "scenario-unknown-kind", f'没有此类设施 no facility of kind "{kind}"', nearest_name(kind, kinds)
            )
        for name in absent:
            self._error(
                f"{key}.{name}",
                "scenario-unknown-attribute",
                f'没有属性 no such attribute "{name}"',
                nearest_name(name, known),
            )
        if missing or absent:
            return np.zeros(0, dtype=np.int64)
        of_kind = np.flatnonzero(self.frame["kind"].isin(wanted.kind) & (self.frame["status"] == "used"))
        rows = of_kind[match_where(self.frame.iloc[of_kind], wanted.attributes)]
        if not len(rows):
            self.problems.add(
                "scenario-no-match",
                "warning",
                FILE,
                "没有一处设施符合条件 no facility matches",
                field=f"{self.place}.{key}",
                expected="至少一处设施 at least one facility",
                mend="核对条件与列中的词 check the conditions against the words of the column",
            )
        return rows

    def _error(self, key: str, code: str, found: str, mend: str = "") -> None:
        self.problems.error(
            code,
            FILE,
            found,
            field=f"{self.place}.{key}",
            mend=mend,
            expected="区县已有的设施与属性 facilities and attributes that the district has",
        )
