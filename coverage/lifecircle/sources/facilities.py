"""Supply: every facility layer, points, lines and polygons, in one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.model import BoolArray, Facilities, InputFile, TextArray, Units
from lifecircle.sources.datum import to_lonlat
from lifecircle.sources.files import ReadLayer, read_source
from lifecircle.sources.places import Places, place_rows
from lifecircle.sources.tables import (
    as_code,
    as_text,
    clean_text,
    fill_blanks,
    is_missing,
    plain_cells,
    report_rows,
)
from lifecircle.sources.units import read_district_crs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import Configuration, FacilityLayer
    from lifecircle.config.schema import Level
    from lifecircle.problems import Problems

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
            field=f"{section}[{index + 1}].path",
        )  # fmt: skip
        places = place_rows(layer, read, units, crs, problems) if read is not None else None
        if read is None or places is None:
            continue
        seen[layer.kind] = seen.get(layer.kind, 0) + 1
        frames.append(_layer_frame(layer, read, places, seen[layer.kind], problems))
        is_used = places.is_used
        files.append(read.counted(repaired=int(places.is_repaired.sum()), set_aside=int((~is_used).sum())))
    return _join(frames, units, crs, problems), files


def _layer_frame(
    layer: FacilityLayer, read: ReadLayer, places: Places, number: int, problems: Problems
) -> pd.DataFrame:
    """Return one layer's rows: our columns first, then its attributes."""
    source, rows = read.frame, read.frame.index.to_numpy()
    # The second layer of a kind without ids must not reuse the first one's.
    prefix = layer.kind if number == 1 else f"{layer.kind}-{number}"
    own_id = np.array([f"{prefix}-{row}" for row in rows], dtype=object)
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
    attributes = _attributes(layer, read, name_column)
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
        mend="每个设施一个编号 give each its own id",
    )


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
            f"同类图层的编号重复 layers of one kind share ids ({kinds})", field="facilities",
        )  # fmt: skip


def is_in_units(geometry: TextArray, units: Mapping[Level, Units]) -> BoolArray:
    """Return which places touch a unit of the district."""
    inside = np.zeros(len(geometry), dtype=bool)
    for level_units in units.values():
        hits = shapely.STRtree(level_units.geometry).query(geometry, predicate="intersects")[0]
        inside[hits] = True
    return inside
