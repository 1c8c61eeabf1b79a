"""Which fraction of a place lies in which unit: the matrix that makes units add up to the district."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.sparse import csr_array

from lifecircle.sources.units import is_in_units, locate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lifecircle.config.schema import Level
    from lifecircle.model import BoolArray, FloatArray, InputFile, IntArray, RasterGrid, TextArray, Units

ROUNDING = 1e-6  # shares that miss 1 by less were all there
LEAST_SHARE = 1e-9  # less is what rounding leaves of a neighbour along a shared border


@dataclass(frozen=True, slots=True, eq=False)
class FoundPeople:
    """What one source of people yields, before control totals."""

    id: TextArray
    x: FloatArray
    y: FloatArray
    people: FloatArray
    groups: Mapping[str, FloatArray]
    membership: Mapping[Level, csr_array]
    files: list[InputFile]
    grid: RasterGrid | None = None
    size_m: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)


def build_membership(unit: IntArray, cell: IntArray, share: FloatArray, shape: tuple[int, int]) -> csr_array:
    """Return shares as units x cells.

    Where units overlap a cell's shares add to more than 1 and are scaled back to 1, so that nobody is counted twice; sums within
    1e-6 of 1 are rounding and made exactly 1.
    """
    matrix = csr_array((share, (unit, cell)), shape=shape)
    total = np.asarray(matrix.sum(axis=0)).ravel()
    is_whole = total > 1.0 - ROUNDING
    scale = np.divide(1.0, total, out=np.ones_like(total), where=is_whole)
    scaled = csr_array(matrix.multiply(scale[np.newaxis, :]))
    scaled.eliminate_zeros()
    scaled.sort_indices()
    return scaled


def inner_levels(units: Mapping[Level, Units]) -> dict[Level, Units]:
    """Return the levels that have a membership: all but the district."""
    return {level: level_units for level, level_units in units.items() if level != "district"}


def touches_units(found: FoundPeople, units: Mapping[Level, Units]) -> BoolArray:
    """Return which cells lie in a unit, in part at least; where the district has but its own outline, by their place."""
    if not found.membership:
        return is_in_units(shapely.points(found.x, found.y), units)
    inside = np.zeros(len(found.people), dtype=bool)
    for share in found.membership.values():
        inside |= np.asarray(share.sum(axis=0)).ravel() > 0.0
    return inside


def keep_cells(found: FoundPeople, keep: BoolArray) -> FoundPeople:
    """Return only some of the cells."""
    return replace(
        found,
        id=found.id[keep],
        x=found.x[keep],
        y=found.y[keep],
        people=found.people[keep],
        groups={group: count[keep] for group, count in found.groups.items()},
        membership={level: csr_array(share[:, np.flatnonzero(keep)]) for level, share in found.membership.items()},
    )


def share_points(x: FloatArray, y: FloatArray, units: Mapping[Level, Units]) -> dict[Level, csr_array]:
    """Return memberships of points: 1 in the unit they lie in, the first one on a shared border."""
    membership = {}
    for level, level_units in inner_levels(units).items():
        unit = locate(x, y, level_units.geometry)
        cell = np.flatnonzero(unit >= 0)
        membership[level] = build_membership(unit[cell], cell, np.ones(len(cell)), (len(level_units), len(x)))
    return membership


def share_pieces(piece: TextArray, units: Units) -> csr_array:
    """Return memberships of polygons, by area."""
    tree = shapely.STRtree(units.geometry)
    whole_piece, whole_unit = tree.query(piece, predicate="covered_by")
    # An overlap may hold a piece whole in two units; build_membership shares it between them.
    is_rest = np.ones(len(piece), dtype=bool)
    is_rest[whole_piece] = False
    rest = np.flatnonzero(is_rest)
    part, part_unit = tree.query(piece[rest], predicate="intersects")
    part_piece = rest[part]
    area = shapely.area(shapely.intersection(piece[part_piece], units.geometry[part_unit]))
    share = area / shapely.area(piece[part_piece])
    is_positive = share > LEAST_SHARE
    return build_membership(
        np.concatenate([whole_unit, part_unit[is_positive]]),
        np.concatenate([whole_piece, part_piece[is_positive]]),
        np.concatenate([np.ones(len(whole_unit)), share[is_positive]]),
        (len(units), len(piece)),
    )
