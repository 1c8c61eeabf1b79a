"""The sites of a run's plans as one layer: what to build, in which order, whom it serves, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.model import SitesFound
from lifecircle.outputs.tables import write_csv

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
