"""``coverage.gpkg``: the study's places for QGIS and ArcGIS."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from lifecircle.config.schema import Level
from lifecircle.measures.levels import levels_of
from lifecircle.model import Study
from lifecircle.outputs.area_layers import area_layers
from lifecircle.outputs.gaps import gap_table
from lifecircle.outputs.site_layer import link_layer, sites_layer
from lifecircle.outputs.tables import facility_table

FIXED_DATE = "2000-01-01T00:00:00Z"
"""GeoPackage writes the time of writing into the file; the same study must give the same file."""

EMPTY_KINDS = {"gaps": "MultiPolygon", "sites": "Point"}
"""Of layers that are written without a row too: a file cannot tell from rows that are not there."""


def write_layers(study: Study, folder: Path) -> list[Path]:
    """Write ``coverage.gpkg``: a layer a level with the indicators, facilities, lines and areas as they are, isochrones, catchments, gaps, sites."""
    path = folder / "coverage.gpkg"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        for name, frame in _layers(study).items():
            kind = None if len(frame) else EMPTY_KINDS.get(name)
            frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio", geometry_type=kind)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    return [path]


def _layers(study: Study) -> dict[str, gpd.GeoDataFrame]:
    layers: dict[str, gpd.GeoDataFrame] = {
        level: unit_layer(study, level) for level in levels_of(study.district, study.units, study.cells)
    }
    if not len(study.facilities):  # tables alone are a run too
        return layers | _answer_layers(study)
    table = facility_table(study)
    shapes = study.facilities.frame.geometry.to_numpy()
    placed = np.array([shape is not None for shape in shapes])
    points = shapely.points(np.where(placed, table["lon"], 0), np.where(placed, table["lat"], 0))
    crs = study.district.crs
    layers["facilities"] = gpd.GeoDataFrame(table[placed], geometry=points[placed], crs="EPSG:4326").to_crs(crs)
    dimension = shapely.get_dimensions(shapes)
    for name, wanted in (("facility_lines", 1), ("facility_areas", 2)):
        rows = dimension == wanted
        if rows.any():
            layers[name] = gpd.GeoDataFrame(table[rows], geometry=_multi(shapes[rows]), crs=crs)
    return layers | _answer_layers(study)


def _answer_layers(study: Study) -> dict[str, gpd.GeoDataFrame]:
    """Return what is drawn, and ``gaps`` and ``sites``, which a project in QGIS finds where there is none of them too."""
    sites = sites_layer(study.plans, study.district.crs)
    links = link_layer(study.plans)
    built = {} if links is None else {"site_links": links}
    return area_layers(study) | {"gaps": gap_table(study), "sites": sites} | built


def _multi(shapes: np.ndarray) -> np.ndarray:
    """Return lines and polygons as their multi-part kinds: a GeoPackage layer is of one kind."""
    kinds = {1: shapely.multilinestrings, 2: shapely.multipolygons}
    return np.array(
        [
            shape if shape.geom_type.startswith("Multi") else kinds[int(shapely.get_dimensions(shape))]([shape])
            for shape in shapes
        ],
        dtype=object,
    )


def unit_layer(study: Study, level: Level) -> gpd.GeoDataFrame:
    """Return the units of a level, one column an indicator (percent, or minutes where its name says so), with its low, high and uncovered people."""
    rows = study.indicators[study.indicators["level"] == level]
    columns: dict[str, pd.Series] = {}
    for indicator, group in rows.groupby("indicator", sort=False):
        by_unit = group.set_index("unit_code")
        columns[str(indicator)] = by_unit["value"]
        if indicator in study.results:
            columns[f"{indicator}_low"] = by_unit["low"]
            columns[f"{indicator}_high"] = by_unit["high"]
            columns[f"{indicator}_uncovered"] = by_unit["denominator"] - by_unit["numerator"]
    if level in study.units:
        units = study.units[level]
        code, name, geometry = units.code, units.name, units.geometry
    else:
        widest = next(iter(study.units.values()))
        code = np.array([study.district.code], dtype=object)
        name = np.array([study.district.name.zh], dtype=object)
        geometry = np.array([shapely.union_all(widest.geometry)], dtype=object)
    people = levels_of(study.district, study.units, study.cells)[level].sum(study.cells.people)
    figures = {column: values.reindex(code).to_numpy() for column, values in columns.items()}
    frame = pd.DataFrame({"code": code, "name": name, "people": people, **figures})
    return gpd.GeoDataFrame(frame, geometry=_multi(geometry), crs=study.district.crs)
