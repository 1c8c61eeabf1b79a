"""Where a rule's facility might stand: the district's own candidates, or made where people are, beside those that stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import Question, Rule
from lifecircle.model import Facilities, FloatArray, IntArray
from lifecircle.problems import Problems
from lifecircle.sources.datum import to_lonlat
from lifecircle.sources.tables import show_rows
from lifecircle.study.layers import Layers


def spaced_cells(x: FloatArray, y: FloatArray, people: FloatArray, spacing_m: float) -> IntArray:
    """Return the cells that stand for their square of a grid: in each the one with most people, of equals the first.

    Squares without people have none. Ascending. Source: a thinning by grid, so that it depends on no order.

    Parameters
    ----------
    x, y
        Metres. Shape (cells,).
    people
        Of each cell, not negative.
    """
    peopled = np.flatnonzero(people > 0)
    column, row = (np.floor(at[peopled] / spacing_m).astype(np.int64) for at in (x, y))
    order = np.lexsort((peopled, -people[peopled], row, column))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(column[order]) != 0) | (np.diff(row[order]) != 0)
    return np.sort(peopled[order[first]])


KIND = "candidate"


def find_candidates(
    layers: Layers, question: Question, rule: Rule, problems: Problems
) -> tuple[gpd.GeoDataFrame, float | None]:
    """Return ``candidate_id, name, cost_yuan, work, geometry`` of every place where the rule's facility may be built.

    Those of ``[[candidates]]`` and the hosts of ``[siting]``; without any, one cell for each square of ``spacing_m``, whose side is
    then returned too. None in an area that is kept clear; those made keep off barriers as well.
    """
    options = layers.configuration.siting
    given = [found for found in (_given(layers, rule), _hosts(layers)) if len(found)]
    found = pd.concat(given, ignore_index=True) if given else _made(layers)
    cost_yuan = options.cost_yuan if question.cost_yuan is None else question.cost_yuan
    if cost_yuan > 0:
        found["cost_yuan"] = found["cost_yuan"].fillna(cost_yuan)
    found["work"] = "site"
    outside = ~np.isin(np.arange(len(found)), _kept_clear(layers, found["geometry"], with_barriers=not given))
    if given and not outside.all():
        left = show_rows(found["candidate_id"][~outside])
        problems.add(
            "sites-excluded", "note", "district.toml", f"在不可建区内，未作候选 in areas kept clear, no candidates: {left}",
            field="siting.exclude", count=int((~outside).sum()),
        )  # fmt: skip
    if not outside.any():
        problems.error(
            "sites-no-candidates", "district.toml", "没有候选点 no candidates", field="candidates",
            mend="加上 add [[candidates]], 或放宽 or relax [siting] exclude",
            expected="候选点 candidates",
        )  # fmt: skip
    crs = layers.facilities.frame.crs
    whole = gpd.GeoDataFrame(found[outside].reset_index(drop=True), geometry="geometry", crs=crs)
    return whole, None if given else options.spacing_m


def _given(layers: Layers, rule: Rule) -> pd.DataFrame:
    """Return the district's own candidates for a rule."""
    if layers.candidates is None:
        return _frame([], [], np.empty(0, dtype=object))
    is_for = [not rules or rule.id in rules for rules in layers.candidates["rules"]]
    return pd.DataFrame(layers.candidates[is_for].drop(columns="rules"))


def _hosts(layers: Layers) -> pd.DataFrame:
    """Return the facilities of other kinds that may host one of this: a window in a village hall."""
    hosts = layers.facilities.frame
    hosts = hosts[
        hosts["kind"].isin(layers.configuration.siting.hosts) & hosts["is_inside"] & (hosts["status"] == "used")
    ]
    identity = hosts["kind"].astype(str) + ":" + hosts["facility_id"].astype(str)
    return _frame(identity.tolist(), hosts["name"].tolist(), hosts["geometry"].to_numpy(dtype=object))


def _made(layers: Layers) -> pd.DataFrame:
    """Return one candidate for each square where people live, at the cell where most do."""
    cells = layers.cells
    rows = spaced_cells(cells.x, cells.y, cells.people, layers.configuration.siting.spacing_m)
    points = np.asarray(shapely.points(cells.x[rows], cells.y[rows]), dtype=object).ravel()
    return _frame([f"cell:{cells.id[row]}" for row in rows], _near(layers, rows), points)


def _frame(identity: list[str], name: list[str], geometry: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"candidate_id": identity, "name": name, "cost_yuan": np.nan, "geometry": geometry})


def _kept_clear(layers: Layers, places: pd.Series, *, with_barriers: bool) -> IntArray:
    """Return which places lie where nothing may be built: ``[siting] exclude`` and, where asked, barriers that are areas."""
    areas = areas_kept_clear(layers)
    if with_barriers:
        areas += [shape for shape in layers.barriers.shape if shapely.get_dimensions(shape) == 2]
    if not areas:
        return np.empty(0, dtype=np.int64)
    tree = shapely.STRtree(areas)
    return np.unique(tree.query(places.to_numpy(dtype=object), predicate="intersects")[0])


def areas_kept_clear(layers: Layers) -> list[Any]:
    """Return the areas where nothing may be built: places of the kinds that ``[siting] exclude`` names."""
    frame = layers.places.frame
    return list(frame["geometry"][frame["kind"].isin(layers.configuration.siting.exclude)])


def _near(layers: Layers, cells: IntArray) -> list[str]:
    """Return the name of the smallest unit that holds most of each cell."""
    if not layers.cells.membership or not len(cells):
        return [""] * len(cells)
    level = list(layers.cells.membership)[-1]
    part = layers.cells.membership[level].tocsc()[:, cells]
    held = np.asarray(part.sum(axis=0)).ravel() > 0
    unit = np.asarray(part.argmax(axis=0)).ravel()
    return [str(layers.units[level].name[row]) if known else "" for row, known in zip(unit, held, strict=True)]


def join_candidates(layers: Layers, candidates: gpd.GeoDataFrame, rule: Rule, standing: IntArray) -> Layers:
    """Return the layers with the candidates as facilities that serve the rule after those that stand."""
    frame = layers.facilities.frame
    point = shapely.point_on_surface(candidates["geometry"].to_numpy(dtype=object))
    lon, lat = to_lonlat(shapely.get_x(point), shapely.get_y(point), frame.crs, is_strict=False)
    added = gpd.GeoDataFrame(
        {
            "facility_id": candidates["candidate_id"], "kind": KIND, "name": candidates["name"], "lon": lon, "lat": lat, "status": "used",
            "reason": "", "is_inside": True, "entrance_spacing_m": 50.0, "border_m": 30.0,
        },
        geometry=candidates["geometry"].to_numpy(dtype=object), crs=frame.crs,
    )  # fmt: skip
    joined = gpd.GeoDataFrame(pd.concat([frame, added], ignore_index=True), geometry="geometry", crs=frame.crs)
    serving = np.concatenate([standing, np.arange(len(frame), len(joined))])
    return replace(
        layers,
        facilities=Facilities(joined, layers.facilities.attributes),
        serving={**layers.serving, rule.id: serving},
    )


def check_costs(works: gpd.GeoDataFrame, question: Question, problems: Problems) -> None:
    """Refuse a budget where a cost is not known: what nobody priced is not free. Else costs of some only are not counted, and that is said."""
    unpriced = works["cost_yuan"].isna().to_numpy()
    if not unpriced.any() or (unpriced.all() and question.budget_yuan is None):
        return
    names = show_rows(works["candidate_id"][unpriced])
    found = f"{int(unpriced.sum())} 处候选或连接没有造价 candidates or links have no cost: {names}"
    mend = "在表中补上，或写 fill it in, or set [siting] cost_yuan, cost_yuan in [[links]], --cost"
    if question.budget_yuan is not None:
        problems.error(
            "sites-no-cost",
            "district.toml",
            found,
            field="candidates.cost",
            mend=mend,
            expected="每个候选点的造价 a cost of every candidate",
        )
    else:
        found = f"{found}；造价不计，只论处数 costs are not counted, only the number of works"
        problems.add("sites-no-cost", "note", "district.toml", found, field="candidates.cost", mend=mend)
