"""Supply: every facility layer, points, lines and polygons, in one frame."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import load_plausible
from lifecircle.model import Facilities, InputFile, TextArray, Units
from lifecircle.sources.datum import to_lonlat
from lifecircle.sources.files import ReadLayer, drop_repeats, read_source
from lifecircle.sources.osm_shapes import is_osm_file
from lifecircle.sources.places import Places, place_rows
from lifecircle.sources.tables import (
    as_code,
    as_numbers,
    as_text,
    clean_text,
    fill_blanks,
    is_missing,
    plain_cells,
    refuse_dates,
    report_long_codes,
    report_rows,
    show_values,
)
from lifecircle.sources.units import is_in_units, read_district_crs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, FacilityLayer
    from lifecircle.config.schema import Level
    from lifecircle.problems import Problems

SAME_PLACE_M = 30.0  # two entries nearer than this under like names are one place
LIKE = 0.9  # of two names' letters in common
NUMERAL = re.compile(r"[0-9a-z一二三四五六七八九十东南西北上下左右]")
"""What tells neighbours apart: building 3, the second, the eastern one."""
AMOUNTS = ("capacity", "beds", "nursing_beds", "places", "vehicles", "area_m2", "length_m")
DATED = ("opened", "closed_year", "date", "hours", "year", "submitted")
"""Attributes that may hold days and times."""
OWN_COLUMNS = (
    "facility_id",
    "kind",
    "name",
    "lon",
    "lat",
    "status",
    "reason",
    "is_inside",
    "entrance_spacing_m",
    "border_m",
    "geometry",
)


def read_facilities(
    configuration: Configuration, units: Mapping[Level, Units], problems: Problems
) -> tuple[Facilities, list[InputFile]]:
    """Read every facility layer.

    ``fields`` gives the file's columns our names; every other column is kept under its own (``source_<name>`` where that is one of
    ours). A row without a usable place stays in the frame as ``set_aside`` with its reason. ``is_inside`` is whether the facility
    touches a unit of the district; suppliers outside are used too.

    Returns
    -------
    facilities
        Empty where no layer could be read. ``lon``/``lat`` of a line or an area are those of a point on it.
    files
        What was read, for the manifest; rows = used + repaired + set aside.
    """
    return _read_places(configuration, configuration.facilities, "facilities", units, problems)


def read_layers(
    configuration: Configuration, units: Mapping[Level, Units], problems: Problems
) -> tuple[Facilities, list[InputFile]]:
    """Read the places that are no supply (``[[layers]]``: built-up area, green space, hazards), as facilities are read."""
    return _read_places(configuration, configuration.layers, "layers", units, problems)


def _read_places(
    configuration: Configuration, layers: tuple[FacilityLayer, ...], section: str, units: Mapping[Level, Units],
    problems: Problems,
) -> tuple[Facilities, list[InputFile]]:  # fmt: skip
    crs = read_district_crs(configuration, problems)
    if crs is None:
        return _no_facilities(None), []
    frames: list[pd.DataFrame] = []
    files: list[InputFile] = []
    seen: dict[str, int] = {}
    for index, layer in enumerate(layers):
        read = read_source(
            configuration.folder, layer, f"{section}: {layer.kind}", problems, columns=layer.fields.values(),
            field=f"{section}[{index + 1}].path", may_be_empty=True,
        )  # fmt: skip
        if read is None:
            continue
        if "id" in layer.fields:
            read = drop_repeats(read, layer.fields["id"], problems)
        _check_cells(layer, read, problems)
        places = place_rows(layer, read, units, crs, problems)
        if places is None:
            continue
        seen[layer.kind] = seen.get(layer.kind, 0) + 1
        frames.append(_layer_frame(layer, read, places, seen[layer.kind], problems))
        is_used = places.is_used
        kept = int((frames[-1]["status"] == "used").sum())
        files.append(read.counted(kept=kept, repaired=int(places.is_repaired.sum()), set_aside=int((~is_used).sum())))
    return _join(frames, units, crs, problems), files


def _layer_frame(
    layer: FacilityLayer, read: ReadLayer, places: Places, number: int, problems: Problems
) -> pd.DataFrame:
    """Return one layer's rows: our columns first, then its attributes."""
    source, rows = read.frame, read.frame.index.to_numpy()
    # The second layer of a kind without ids must not reuse the first one's.
    prefix = layer.kind if number == 1 else f"{layer.kind}-{number}"
    # OpenStreetMap's ids are ids of the input; a row number is none.
    own_id = np.array([str(row) if is_osm_file(read.file) else f"{prefix}-{row}" for row in rows], dtype=object)
    if "id" in layer.fields:
        given = as_code(source[layer.fields["id"]])
        report_rows(
            problems,
            "facilities-no-id",
            "repaired",
            read.file,
            rows[given == ""],
            "没有编号,已代编 no id; one was given",
            layer=read.layer,
            field=layer.fields["id"],
            expected="每个设施一个编号 an id each",
            mend="补上编号 fill it in",
        )
        own_id = np.where(given == "", own_id, given)
    name_column = layer.fields.get("name", "name" if "name" in source.columns else None)
    frame = pd.DataFrame(
        {
            "facility_id": own_id,
            "kind": layer.kind,
            "name": as_text(source[name_column]) if name_column else "",
            "status": np.where(places.is_used, "used", "set_aside"),
            "reason": places.reason,
            "entrance_spacing_m": layer.entrance_spacing_m,
            "border_m": layer.border_m,
            "geometry": places.geometry,
        }
    ).astype({"facility_id": object, "kind": object, "name": object, "status": object, "reason": object})
    _check_ids(frame, rows, read, problems)
    if "date" not in layer.fields:  # samples and visits of one place are many
        _check_same_place(frame, rows, read, problems)
    attributes = check_amounts(_attributes(layer, read, name_column), rows, layer.fields, read, problems)
    return pd.concat([frame, pd.DataFrame(attributes, index=frame.index)], axis=1)


def _check_ids(frame: pd.DataFrame, rows: Any, read: ReadLayer, problems: Problems) -> None:
    is_doubled = frame["facility_id"].duplicated(keep=False).to_numpy()
    doubled = ", ".join(dict.fromkeys(frame["facility_id"][is_doubled]))
    report_rows(
        problems,
        "facilities-duplicate-id",
        "error",
        read.file,
        rows[is_doubled],
        f"编号重复 id used twice: {doubled[:200]}",
        layer=read.layer,
        field="id",
        expected="各不相同的编号 ids that differ",
        mend="每个设施一个编号 give each its own id",
    )


def _check_cells(layer: FacilityLayer, read: ReadLayer, problems: Problems) -> None:
    """Refuse what Excel made of ids, names and amounts: days where none are meant, codes without their last digits."""
    fields = layer.fields
    plain = [fields[name] for name in ("id", "name") if name in fields]
    amounts = [fields[name] for name in AMOUNTS if name in fields]
    words = [column for name, column in fields.items() if column not in (*plain, *amounts) and name not in DATED]
    refuse_dates(read.frame, plain, read.file, read.layer, problems, words=words, numbers=amounts)
    if "id" in layer.fields:
        column = layer.fields["id"]
        report_long_codes(read.frame[column], read.frame.index, read.file, read.layer, column, problems)


def _check_same_place(frame: pd.DataFrame, rows: Any, read: ReadLayer, problems: Problems) -> None:
    """Warn of facilities that stand within 30 m of one another under like names: one place entered twice."""
    is_used = (frame["status"] == "used").to_numpy() & (frame["name"] != "").to_numpy()
    used = np.flatnonzero(is_used)
    if len(used) < 2:
        return
    point = shapely.point_on_surface(frame["geometry"].to_numpy(dtype=object)[used])
    first, second = shapely.STRtree(point).query(point, predicate="dwithin", distance=SAME_PLACE_M)
    first, second = used[first[first < second]], used[second[first < second]]
    name, own_id = frame["name"].to_numpy(dtype=object), frame["facility_id"].to_numpy(dtype=object)
    pairs = [
        (one, other) for one, other in zip(first.tolist(), second.tolist(), strict=True)
        if own_id[one] != own_id[other] and are_like(name[one], name[other])
    ]  # fmt: skip
    shown = "; ".join(f"{own_id[one]} {name[one]} / {own_id[other]} {name[other]}" for one, other in pairs[:3])
    report_rows(
        problems, "facilities-same-place", "warning", read.file, [f"{rows[one]}/{rows[other]}" for one, other in pairs],
        f"{SAME_PLACE_M:g} 米内名称相近,可能重复登记 like names within {SAME_PLACE_M:g} m, entered twice? {shown}", layer=read.layer, field="name",
        expected="每处一行 one row a place", mend="若是同一处,删去一行 if they are one place, leave one out",
    )  # fmt: skip


def are_like(one: str, other: str) -> bool:
    """Whether two names are one, but for width, blanks, brackets, or a letter in ten; numbers that differ tell places apart."""
    first, second = (re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).lower() for name in (one, other))
    if first == second:
        return bool(first)
    if NUMERAL.findall(first) != NUMERAL.findall(second) or min(len(first), len(second)) < 4:
        return False
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= LIKE


def check_amounts(
    attributes: dict[str, TextArray], rows: Any, fields: Mapping[str, str], read: ReadLayer, problems: Problems
) -> dict[str, TextArray]:
    """Return a layer's attributes with its amounts (beds, capacity, areas ...) as numbers.

    0 is a number, a blank is not known. What cannot be read, is negative or more than there is anywhere is set aside: the facility
    stays, its amount is not known.
    """
    checked = dict(attributes)
    for name, quantity in ((name, load_plausible()[name]) for name in attributes if name in AMOUNTS):
        cells = attributes[name]
        numbers = as_numbers(cells)
        is_wrong = numbers.is_bad | quantity.is_impossible(numbers.value)
        is_odd = ~is_wrong & quantity.is_odd(numbers.value)
        place = {"layer": read.layer, "field": fields.get(name, name)}
        report_rows(
            problems, "facilities-bad-amount", "set_aside", read.file, rows[is_wrong],
            f"{quantity.label.zh}读不出或不可能,当作不详 cannot be read or cannot be, taken as not known: {show_values(cells[is_wrong])}",
            expected=quantity.limits, mend="改为数字,不详则留空 write a number; leave it blank where not known", **place,
        )  # fmt: skip
        report_rows(
            problems, "facilities-odd-amount", "warning", read.file, rows[is_odd],
            f"{quantity.label.zh}少见 unusual {quantity.label.en}: {show_values(cells[is_odd])}", expected=quantity.expected,
            mend="核对数值与单位 check the figure and its unit", **place,
        )  # fmt: skip
        report_rows(
            problems, "table-repaired-number", "repaired", read.file, rows[numbers.is_repaired & ~is_wrong],
            f"写法已规范 rewritten as plain numbers: {show_values(cells[numbers.is_repaired & ~is_wrong])}", expected="数字 plain numbers",
            mend="改为数字 write plain numbers", **place,
        )  # fmt: skip
        # Whole numbers stay whole: outputs show them as they were written.
        value = np.empty(len(cells), dtype=object)
        value[:] = [
            None if wrong or blank else (number if repaired else cell)
            for wrong, blank, repaired, number, cell in zip(
                is_wrong, numbers.is_blank, numbers.is_repaired, numbers.value.tolist(), cells, strict=True
            )
        ]
        checked[name] = value
    return checked


def _attributes(layer: FacilityLayer, read: ReadLayer, name_column: str | None) -> dict[str, TextArray]:
    """Return the layer's attributes by our name, else by their own."""
    source = read.frame
    renamed = {attribute: column for attribute, column in layer.fields.items() if attribute not in ("id", "name")}
    taken = {
        layer.fields.get("id"),
        name_column,
        layer.lon,
        layer.lat,
        layer.x,
        layer.y,
        "geometry",
        *renamed.values(),
    }
    for column in source.columns:
        if column not in taken:
            attribute = f"source_{column}" if column in OWN_COLUMNS else str(column)
            if attribute not in renamed:
                renamed[attribute] = str(column)
    return {
        attribute: fill_blanks(plain_cells(source[column]), layer.blank_means.get(attribute))
        for attribute, column in renamed.items()
    }


def tidy_attribute(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return an attribute of one type: numbers or booleans where every cell is one, else text."""
    cells = column.to_numpy(dtype=object)
    is_given = np.array([not is_missing(cell) for cell in cells], dtype=bool)
    given = cells[is_given]
    if given.size and all(isinstance(cell, (bool, np.bool_)) for cell in given):
        return column if is_given.all() else column.where(is_given, None)
    if given.size and all(isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool) for cell in given):
        return pd.Series(pd.to_numeric(column.where(is_given, np.nan)), index=column.index)
    text = np.full(len(cells), None, dtype=object)
    text[is_given] = [clean_text(cell) for cell in given]
    return pd.Series(text, index=column.index, dtype=object)


def _no_facilities(crs: pyproj.CRS | None) -> Facilities:
    return Facilities(gpd.GeoDataFrame({name: [] for name in OWN_COLUMNS}, geometry="geometry", crs=crs), ())


def _join(frames: list[pd.DataFrame], units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems) -> Facilities:
    if not frames:
        return _no_facilities(crs)
    frame = pd.concat(frames, ignore_index=True)
    _check_layers_share_ids(frame, problems)
    point = shapely.point_on_surface(frame["geometry"].to_numpy(dtype=object))
    x, y = shapely.get_x(point), shapely.get_y(point)
    frame["lon"], frame["lat"] = to_lonlat(x, y, crs, is_strict=False)
    frame["is_inside"] = is_in_units(frame["geometry"].to_numpy(dtype=object), units)
    attributes = tuple(column for column in frame.columns if column not in OWN_COLUMNS)
    tidied = {name: tidy_attribute(frame[name]) for name in attributes}
    own = {name: frame[name] for name in OWN_COLUMNS}
    joined = pd.DataFrame({**own, **tidied})
    return Facilities(gpd.GeoDataFrame(joined, geometry="geometry", crs=crs), attributes)


def _check_layers_share_ids(frame: pd.DataFrame, problems: Problems) -> None:
    """Two layers of one kind may not both have an id; within a layer it was reported with the rows."""
    is_doubled = frame.duplicated(["kind", "facility_id"], keep=False).to_numpy()
    already = any(problem.code == "facilities-duplicate-id" for problem in problems)
    if is_doubled.any() and not already:
        kinds = ", ".join(dict.fromkeys(frame["kind"][is_doubled]))
        report_rows(
            problems, "facilities-duplicate-id", "error", "district.toml",
            dict.fromkeys(frame["facility_id"][is_doubled]),
            f"同类图层的编号重复 layers of one kind share ids ({kinds})", field="facilities", expected="各不相同的编号 ids that differ",
            mend="每个设施一个编号,或不写 id give each its own id, or name no id column",
        )  # fmt: skip
