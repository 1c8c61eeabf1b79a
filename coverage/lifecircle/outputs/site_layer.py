"""The sites of a run's plans as one layer: what to build, in which order, whom it serves, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.model import Study
from lifecircle.planning.found import SitesFound

NUMBERS = (
    "people_gained", "cumulative_people", "cumulative_share_pct", "cost_yuan", "price_of_no", "bound", "gap",
)  # fmt: skip
SITE_COLUMNS = (
    "rule", "plan", "order", "candidate_id", "name", "people_gained", "cumulative_people", "cumulative_share_pct", "cost_yuan",
    "price_of_no", "bound", "gap", "status",
)  # fmt: skip
"""Of ``sites.parquet`` and layer ``sites`` of ``coverage.gpkg``. ``price_of_no``: people lost, or sites (yuan) more where a share was asked
for, without this site; inf where no plan can do without it. ``bound``, ``gap`` and ``status`` are the plan's. NaN: not known."""


def plans_of(study: Study) -> tuple[SitesFound, ...]:  # noqa: ARG001
    """Return the plans that a run answered."""
    return ()  # WIRING: study.plans, once a run answers [[plans]]


def write_sites(study: Study, folder: Path) -> Path:
    """Write ``sites.parquet`` (GeoParquet): the sites of every plan; no row where there is none."""
    path = folder / "sites.parquet"
    sites_layer(plans_of(study), study.district.crs).to_parquet(path, index=False)
    return path


def plan_ids(plans: Sequence[SitesFound]) -> list[str]:
    """Return an id a plan, made of its rule and its question: ``clinic-15min-walk-count-5``, ``...-share-0.95-floor-0.8``."""
    found: list[str] = []
    for plan in plans:
        asked = plan.question
        parts = {"count": asked.count, "share": asked.share, "budget": asked.budget, "floor": asked.floor}
        name = "-".join([plan.rule.id, *(f"{word}-{value:.15g}" for word, value in parts.items() if value is not None)])
        again = sum(one == name or one.startswith(f"{name}-again-") for one in found)
        found.append(f"{name}-again-{again}" if again else name)
    return found


def sites_layer(plans: Sequence[SitesFound], crs: str) -> gpd.GeoDataFrame:
    """Return the sites of all plans: the columns of :data:`SITE_COLUMNS`, and points in the district's CRS; the same columns where there is none.

    Parameters
    ----------
    crs
        Of the district.
    """
    parts = [_of_plan(plan, name) for plan, name in zip(plans, plan_ids(plans), strict=True) if len(plan.sites)]
    if not parts:
        return gpd.GeoDataFrame(
            _typed(pd.DataFrame(columns=list(SITE_COLUMNS))), geometry=np.empty(0, dtype=object), crs=crs
        )
    joined = pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(_typed(joined[list(SITE_COLUMNS)]), geometry=joined["geometry"].to_numpy(), crs=crs)


def _of_plan(plan: SitesFound, name: str) -> pd.DataFrame:
    columns: dict[str, Any] = {column: plan.sites[column].to_numpy() for column in SITE_COLUMNS if column in plan.sites}
    siting = plan.siting
    columns |= {"rule": plan.rule.id, "plan": name, "bound": siting.bound, "gap": siting.gap, "status": siting.status}
    # A parcel is a point inside it, as the question took it.
    columns["geometry"] = shapely.point_on_surface(plan.sites.geometry.to_numpy())
    return pd.DataFrame(columns)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in the types that they have with rows and without."""
    texts = [name for name in SITE_COLUMNS if name not in (*NUMBERS, "order")]
    return frame.astype({**dict.fromkeys(NUMBERS, np.float64), "order": np.int64, **dict.fromkeys(texts, object)})
