"""``coverage.gpkg``: the study's places for QGIS and ArcGIS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from lifecircle.config import load_bands
from lifecircle.config.schema import Level
from lifecircle.indicators.figures import levels_of
from lifecircle.indicators.rule_coverage import MOST_CHOICES, people_by_choice
from lifecircle.model import AreaWithin, RuleResult, SitesFound, Study
from lifecircle.outputs.gaps import gap_table
from lifecircle.outputs.tables import facility_table, write_csv


def area_layers(study: Study) -> dict[str, gpd.GeoDataFrame]:
    """Return ``isochrones`` (dissolved, in nested bands), ``isochrones_by_facility`` and ``catchments``; none where none were drawn."""
    if not study.areas:
        return {}
    rows: dict[str, list[dict[str, Any]]] = {"isochrones": [], "isochrones_by_facility": [], "catchments": []}
    for rule_id, areas in study.areas.items():
        result = study.results[rule_id]
        rows["isochrones"] += _isochrone_rows(study, result, areas.bands)
        rows["isochrones_by_facility"] += _isochrone_rows(study, result, areas.by_facility)
        rows["catchments"] += [
            {
                **_of_rule(result, result.rule.limit),
                **_of_facility(study, area.facility),
                "people": area.people,
                **area.groups,
                "geometry": area.polygon,
            }
            for area in areas.catchments
        ]
    return {
        name: gpd.GeoDataFrame(pd.DataFrame(entries), geometry="geometry", crs=study.district.crs)
        for name, entries in rows.items()
        if entries
    }


def _isochrone_rows(study: Study, result: RuleResult, areas: Iterable[AreaWithin]) -> Iterator[dict[str, Any]]:
    for area in areas:
        yield {
            **_of_rule(result, area.limit),
            **_of_facility(study, area.facility),
            "people_covered": area.people_covered,
            "people_inside": area.people_inside,
            "people_difference": area.people_inside - area.people_covered,
            "outside_share": area.outside_share,
            "slower_share": area.slower_share,
            "cell_m": area.cell_m,
            "geometry": area.polygon,
        }


def _of_rule(result: RuleResult, limit: float) -> dict[str, Any]:
    return {
        "rule": result.rule.id,
        "label": result.rule.names.zh,
        "limit": float(limit),
        "limit_unit": result.rule.limit_unit,
    }


def _of_facility(study: Study, row: int) -> dict[str, Any]:
    if row < 0:
        return {"facility_id": "", "name": ""}
    facility = study.facilities.frame.iloc[row]
    name = facility["name"]
    return {"facility_id": str(facility["facility_id"]), "name": name if isinstance(name, str) else ""}


def summarise_areas(study: Study) -> dict[str, Any]:
    """Return how areas were cut and, per rule, what each band's polygon holds, misses and should not hold; and who has a choice."""
    return {
        "note": "等时圈由出行时间画出，数字以人口格为准 drawn from travel times; the cells decide the figures",
        "bands": load_bands().model_dump(mode="json"),
        "rules": {
            rule_id: {
                "people_by_choices": _choices(result),
                "bands": [_describe_band(area) for area in study.areas[rule_id].bands]
                if rule_id in study.areas
                else [],
            }
            for rule_id, result in study.results.items()
        },
    }


def _choices(result: RuleResult) -> dict[str, float]:
    people = people_by_choice(result.choices, result.people)
    names = [*map(str, range(MOST_CHOICES)), f"{MOST_CHOICES}+"]
    return dict(zip(names, people.tolist(), strict=True))


def _describe_band(area: AreaWithin) -> dict[str, float | None]:
    apart = area.people_inside - area.people_covered
    values = {
        "limit": area.limit,
        "people_covered": area.people_covered,
        "people_inside": area.people_inside,
        "people_difference_share": apart / area.people_covered if area.people_covered else np.nan,
        "outside_share": area.outside_share,
        "slower_share": area.slower_share,
        "cell_m": area.cell_m,
        "area_km2": area.polygon.area / 1e6,
    }
    return {name: None if np.isnan(value) else float(value) for name, value in values.items()}


NUMBERS = (
    "people_gained", "cumulative_people", "cumulative_share_pct", "cost_yuan", "people_per_10k_yuan", "price_of_no", "bound", "gap",
)  # fmt: skip
SITE_COLUMNS = (
    "rule", "plan", "order", "work", "candidate_id", "name", "people_gained", "cumulative_people", "cumulative_share_pct", "cost_yuan",
    "people_per_10k_yuan", "price_of_no", "instead", "holds_in", "not_in", "bound", "gap", "status",
)  # fmt: skip
"""Of ``sites.parquet``, ``sites.csv`` and layer ``sites`` of ``coverage.gpkg``. ``price_of_no``: people lost, or works (yuan) more where a
share was asked for, without this one, and ``instead``, what then comes in its place; inf where no plan can do without it. ``holds_in``: under
how many other assumptions some best plan has the site, and ``not_in`` under which none has. ``bound``, ``gap`` and ``status`` are the plan's."""


def write_sites(plans: Sequence[SitesFound], crs: str, folder: Path) -> list[Path]:
    """Write ``sites.parquet`` (GeoParquet) and ``sites.csv``: the sites of every plan; no row where there is none.

    And ``sites_assumptions.csv``, the plans under other speeds, limits and people, where there is any.
    """
    layer, listed, table = sites_layer(plans, crs), folder / "sites.parquet", folder / "sites.csv"
    layer.to_parquet(listed, index=False)
    write_csv(site_list(layer), table)
    tried = [plan.assumptions.assign(plan=plan.id) for plan in plans if len(plan.assumptions)]
    if not tried:
        return [listed, table]
    others = folder / "sites_assumptions.csv"
    joined = pd.concat(tried, ignore_index=True)
    write_csv(joined[["plan", *(name for name in joined if name != "plan")]], others)
    return [listed, table, others]


def site_list(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a layer of sites as a table, with ``lon`` and ``lat`` in the place of its geometry."""
    point = gpd.GeoSeries(middle_of(layer.geometry.to_numpy()), crs=layer.crs).to_crs("EPSG:4326")
    return pd.DataFrame(layer.drop(columns="geometry")).assign(lon=point.x.round(6), lat=point.y.round(6))


def middle_of(shapes: np.ndarray) -> np.ndarray:
    """Return a point of each shape: of a line its middle, of an area one inside."""
    is_line = shapely.get_dimensions(shapes) == 1
    points = shapely.point_on_surface(shapes)
    points[is_line] = shapely.line_interpolate_point(shapes[is_line], 0.5, normalized=True)
    return np.asarray(points, dtype=object)


def link_layer(plans: Sequence[SitesFound]) -> gpd.GeoDataFrame | None:
    """Return the lines of the links that plans build: ``rule, plan, order, work, candidate_id, name``; None where there is none."""
    names = ["order", "work", "candidate_id", "name", "geometry"]
    found = [
        plan.sites.loc[plan.sites["work"] != "site", names].assign(rule=plan.rule.id, plan=plan.id) for plan in plans
    ]
    found = [part for part in found if len(part)]
    return gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=found[0].crs) if found else None


def sites_layer(plans: Sequence[SitesFound], crs: str) -> gpd.GeoDataFrame:
    """Return the sites of all plans: the columns of :data:`SITE_COLUMNS`, and points in the district's CRS; the same columns where there is none.

    Parameters
    ----------
    crs
        Of the district.
    """
    parts = [_of_plan(plan) for plan in plans if len(plan.sites)]
    if not parts:
        return gpd.GeoDataFrame(
            _typed(pd.DataFrame(columns=list(SITE_COLUMNS))), geometry=np.empty(0, dtype=object), crs=crs
        )
    joined = pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(_typed(joined[list(SITE_COLUMNS)]), geometry=joined["geometry"].to_numpy(), crs=crs)


def _of_plan(plan: SitesFound) -> pd.DataFrame:
    columns: dict[str, Any] = {column: plan.sites[column].to_numpy() for column in SITE_COLUMNS if column in plan.sites}
    siting = plan.siting
    columns |= {
        "rule": plan.rule.id,
        "plan": plan.id,
        "bound": siting.bound,
        "gap": siting.gap,
        "status": siting.status,
    }
    # A parcel is a point inside it, as the question took it; a link the middle of its line.
    columns["geometry"] = middle_of(plan.sites.geometry.to_numpy())
    return pd.DataFrame(columns)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in the types that they have with rows and without."""
    texts = [name for name in SITE_COLUMNS if name not in (*NUMBERS, "order")]
    return frame.astype({**dict.fromkeys(NUMBERS, np.float64), "order": np.int64, **dict.fromkeys(texts, object)})


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
