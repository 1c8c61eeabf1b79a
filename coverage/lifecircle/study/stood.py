"""Which facilities stood in each of two years, and what became of them: opened, closed, moved, or other than they were."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from lifecircle.model import Facilities, Roads
from lifecircle.sources.opening import CLOSED, OPENED
from lifecircle.sources.tables import is_missing


def mark_places(frame: pd.DataFrame) -> bytes:
    """Return what tells facilities from others as far as the way to them goes: where they are, and how they are entered."""
    shapes = shapely.to_wkb(frame["geometry"].to_numpy(dtype=object))
    entered = frame[["entrance_spacing_m", "border_m"]].to_numpy(dtype=np.float64)
    return b"".join(sorted(shape + each.tobytes() for shape, each in zip(shapes, entered, strict=True)))


def is_one_list(first: Facilities, second: Facilities) -> bool:
    """Whether both years' facilities are the same rows at the same places, whichever of them stood."""
    columns = ["kind", "facility_id", "entrance_spacing_m", "border_m"]
    frames = [pd.DataFrame(one.frame[columns]) for one in (first, second)]
    if len(frames[0]) != len(frames[1]) or not frames[0].equals(frames[1]):
        return False
    shapes = [shapely.to_wkb(one.frame["geometry"].to_numpy(dtype=object)) for one in (first, second)]
    return bool((shapes[0] == shapes[1]).all())


def with_records_of(facilities: Facilities, year: Facilities) -> Facilities:
    """Return a year's facilities with the dated records (samples, inspections) of another: they came with that year, as its tables did."""
    kinds = [*facilities.record_years, *year.record_years]
    if not kinds:
        return facilities
    own, other = facilities.frame, year.frame
    is_record = own["kind"].isin(kinds).to_numpy()
    frame = own.copy()
    if is_one_list(facilities, year):
        frame["status"] = np.where(is_record, other["status"], own["status"])
        frame["reason"] = np.where(is_record, other["reason"], own["reason"])
    else:
        # At the end, so that every facility keeps its row.
        frame["status"] = np.where(is_record, "set_aside", own["status"])
        frame = pd.concat([frame, other[other["kind"].isin(kinds)]], ignore_index=True)
    return replace(facilities, frame=frame, record_years={**facilities.record_years, **year.record_years})


def describe_facilities(first: Facilities, second: Facilities, without_id: Collection[str]) -> dict[str, Any]:
    """Return what opened, closed, moved and was altered, by kind and id; empty where the same facilities stand as they were.

    Parameters
    ----------
    without_id
        Kinds of which either year's list has no ids: they are the same where name and place are.
    """
    before, now = (_standing(one, without_id) for one in (first, second))
    both = now.index.intersection(before.index)
    told = {
        "opened": _list(now.loc[now.index.difference(before.index, sort=False)]),
        "closed": _list(before.loc[before.index.difference(now.index, sort=False)]),
        "moved": _moved(before.loc[both], now.loc[both]),
        "altered": _altered(
            before.loc[both], now.loc[both], {*first.attributes, *second.attributes} - {OPENED, CLOSED}
        ),
    }
    return {word: listed for word, listed in told.items() if listed}


def describe_ferries(first: Roads | None, second: Roads | None) -> dict[str, list[str]]:
    """Return which of the sailings that a district describes itself were added, gone, or otherwise; empty where all are as they were."""
    before, now = ({one.name: one for one in roads.sailings} if roads is not None else {} for roads in (first, second))
    told = {
        "added": [name for name in now if name not in before],
        "gone": [name for name in before if name not in now],
        "changed": [name for name, one in now.items() if name in before and before[name] != one],
    }
    return {word: names for word, names in told.items() if names}


def _standing(facilities: Facilities, without_id: Collection[str]) -> pd.DataFrame:
    is_standing = (facilities.frame["status"] == "used") & ~facilities.frame["kind"].isin(list(facilities.record_years))
    frame = pd.DataFrame(facilities.frame[is_standing])
    point = shapely.point_on_surface(frame["geometry"].to_numpy(dtype=object))
    place = [f"{name} {x:.0f} {y:.0f}" for name, x, y in zip(frame["name"], shapely.get_x(point), shapely.get_y(point), strict=True)]  # fmt: skip
    identity = np.where(frame["kind"].isin(list(without_id)), np.array(place, dtype=object), frame["facility_id"])
    frame.index = pd.MultiIndex.from_arrays([frame["kind"], identity], names=["of_kind", "identity"])
    return frame[~frame.index.duplicated()]


def _list(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = zip(frame["kind"], frame["facility_id"], frame["name"], strict=True)
    return [{"kind": kind, "id": identity, "name": name} for kind, identity, name in columns]


def _moved(before: pd.DataFrame, now: pd.DataFrame) -> list[dict[str, Any]]:
    shapes = [one["geometry"].to_numpy(dtype=object) for one in (before, now)]
    is_moved = ~shapely.equals_exact(*shapes)
    metres = shapely.distance(*(shapely.point_on_surface(one) for one in shapes))
    return [
        {**one, "metres": round(float(far), 1)} for one, far in zip(_list(now[is_moved]), metres[is_moved], strict=True)
    ]


def _altered(before: pd.DataFrame, now: pd.DataFrame, attributes: Collection[str]) -> list[dict[str, Any]]:
    differs = pd.DataFrame(
        {
            name: [
                not (is_missing(old) and is_missing(new)) and old != new
                for old, new in zip(*(one.get(name, pd.Series(None, one.index, dtype=object)) for one in (before, now)), strict=True)
            ]
            for name in sorted(attributes)
        },
        index=now.index, dtype=bool,
    )  # fmt: skip
    rows = differs.any(axis=1).to_numpy()
    names = [sorted(row.index[row]) for _, row in differs[rows].iterrows()]
    return [{**one, "attributes": own} for one, own in zip(_list(now[rows]), names, strict=True)]
