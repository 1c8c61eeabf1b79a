"""From values at the cells of a raster to polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import contourpy
import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.model import FloatArray, IntArray
from lifecircle.travel.isochrones.kernels import Int32Array

ShapeArray = npt.NDArray[np.object_]
Rings = list[FloatArray]
Starts = list[npt.NDArray[np.uint32]]


def outline_positive(value: FloatArray, left: float, bottom: float, cell_m: float) -> ShapeArray:
    """Return the polygons where a surface is positive.

    Parameters
    ----------
    value
        At cell centres, rows upwards; straight lines lie between them. Never 0.
    left, bottom
        Of the first cell's corner.
    """
    is_inside = value > 0.0
    row, column = np.flatnonzero(is_inside.any(axis=1)), np.flatnonzero(is_inside.any(axis=0))
    if not len(row):
        return np.zeros(0, dtype=object)
    # Only what lies round it, and by the generator itself: the function that wraps it copies every array twice.
    first_row, first_column = max(row[0] - 1, 0), max(column[0] - 1, 0)
    part = np.ascontiguousarray(value[first_row : row[-1] + 2, first_column : column[-1] + 2])
    rows, columns = part.shape
    if rows < 2 or columns < 2:
        return np.zeros(0, dtype=object)
    generator = contourpy.SerialContourGenerator(
        np.broadcast_to(left + (first_column + np.arange(columns) + 0.5) * cell_m, part.shape),
        np.broadcast_to((bottom + (first_row + np.arange(rows) + 0.5) * cell_m)[:, None], part.shape),
        part,
        np.array(False),  # no mask
        corner_mask=False,
        line_type=contourpy.LineType.Separate,
        fill_type=contourpy.FillType.OuterOffset,
        quad_as_tri=False,
        z_interp=contourpy.ZInterp.Linear,
    )
    # A list each: of an outer ring with its holes, and of where each ring of it starts.
    points, offsets = cast("tuple[Rings, Starts]", generator.filled(0.0, np.inf))
    return _polygons(points, offsets)


def _polygons(points: Rings, offsets: Starts) -> ShapeArray:
    if not points:
        return np.zeros(0, dtype=object)
    xy = np.concatenate(points)
    sizes = np.concatenate([np.diff(offset.astype(np.int64)) for offset in offsets])
    rings = shapely.linearrings(xy, indices=np.repeat(np.arange(len(sizes)), sizes))
    owner = np.repeat(np.arange(len(offsets)), [len(offset) - 1 for offset in offsets])
    return np.asarray(shapely.polygons(rings, indices=owner))


def gather(
    polygons: ShapeArray, least_m2: float, simplify_m: float = 0.0, *, is_contour: bool = True
) -> shapely.MultiPolygon:
    """Return one valid MultiPolygon without parts and holes smaller than ``least_m2``, simplified to ``simplify_m``.

    ``is_contour`` says that the polygons are as :func:`outline_positive` made them: contours of a surface that is never near 0 at a
    centre neither touch nor cross themselves, and checking it would cost as much as drawing them.
    """
    parts = shapely.get_parts(polygons)
    parts = parts[shapely.get_dimensions(parts) == 2]
    rings, owner = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return shapely.MultiPolygon()
    is_outer = np.ones(len(rings), dtype=bool)
    is_outer[1:] = owner[1:] != owner[:-1]
    area_m2 = shapely.area(shapely.polygons(rings))
    # A part goes with its holes.
    stays = (area_m2 >= least_m2) & (area_m2[is_outer] >= least_m2)[owner]
    if not stays.any():
        return shapely.MultiPolygon()
    _, place = np.unique(owner[stays], return_inverse=True)
    whole = shapely.multipolygons(shapely.polygons(rings[stays], indices=place))
    if simplify_m > 0.0:
        # A border that comes to cross itself is mended below; keeping it from doing so takes ten times as long.
        whole = shapely.simplify(whole, simplify_m, preserve_topology=False)
    if (simplify_m > 0.0 or not is_contour) and not shapely.is_valid(whole):
        whole = shapely.make_valid(whole, method="structure", keep_collapsed=False)
    return shapely.multipolygons(shapely.get_parts(whole))


@dataclass(frozen=True, slots=True, eq=False)
class Borders:
    """Straight pieces of border between labels: the label left of them and right (-1: outside), and the ends. Shape (n, 2, 2)."""

    one: IntArray
    other: IntArray
    ends: FloatArray


def trace_borders(
    label: Int32Array,
    value: FloatArray,
    parting: tuple[FloatArray, FloatArray],
    left: float,
    bottom: float,
    cell_m: float,
) -> Borders:
    """Return the borders between labels at cell centres; to the outside they run where :func:`outline_positive` has them.

    Parameters
    ----------
    label, value
        ``label`` is -1 where ``value`` is negative.
    parting
        Rightwards and upwards: where two labels part, as a share of the way to the next cell.
    left, bottom
        Of the first cell's corner.
    """
    along, up = parting[0][:, :-1].copy(), parting[1][:-1].copy()
    for share, first, second in ((along, np.s_[:, :-1], np.s_[:, 1:]), (up, np.s_[:-1], np.s_[1:])):
        ends = (label[first] < 0) != (label[second] < 0)
        share[ends] = value[first][ends] / (value[first] - value[second])[ends]
    corner = np.stack([label[:-1, :-1], label[:-1, 1:], label[1:, 1:], label[1:, :-1]])
    row, column = np.nonzero((corner != corner[0]).any(axis=0))
    corner = corner[:, row, column]
    # Where a border crosses each side of a square of four centres: below, right, above, left.
    crossing = np.array(
        [
            [column + along[row, column], row],
            [column + 1.0, row + up[row, column + 1]],
            [column + along[row + 1, column], row + 1.0],
            [column, row + up[row, column]],
        ]
    ).transpose(0, 2, 1)
    one, other, ends = _cross_squares(corner, crossing)
    return Borders(one, other, (ends + 0.5) * cell_m + [left, bottom])


def _cross_squares(corner: Int32Array, crossing: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the borders in squares: from crossing to crossing, or each to their middle where there are more than two."""
    crosses = corner != np.roll(corner, -1, axis=0)
    count = crosses.sum(axis=0)
    two, many = np.flatnonzero(count == 2), np.flatnonzero(count > 2)
    side = np.argsort(~crosses[:, two], axis=0, kind="stable")[:2]
    one, other = [corner[side[0], two]], [corner[(side[0] + 1) % 4, two]]
    ends = [np.stack([crossing[side[0], two], crossing[side[1], two]], axis=1)]
    middle = (crossing[:, many] * crosses[:, many, None]).sum(axis=0) / count[many, None]
    for which in range(4):
        at = np.flatnonzero(crosses[which, many])
        one.append(corner[which, many[at]])
        other.append(corner[(which + 1) % 4, many[at]])
        ends.append(np.stack([crossing[which, many[at]], middle[at]], axis=1))
    return np.concatenate(one).astype(np.int64), np.concatenate(other).astype(np.int64), np.concatenate(ends)


def fill_borders(borders: Borders) -> dict[int, ShapeArray]:
    """Return by label (-1, the outside, left out) the polygons that borders enclose; they share their borders to the bit.

    A face's label is what lies on its side of any one piece of its outer ring: asking whether rings lie in rings goes wrong where two
    enclaves of a label touch in a point.
    """
    faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(borders.ends)))
    if not len(faces):
        return {}
    rings = shapely.get_exterior_ring(faces)
    start = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))[:-1]])
    xy = shapely.get_coordinates(rings)
    edge = np.stack([xy[start], xy[start + 1]], axis=1)
    is_clockwise = ~shapely.is_ccw(rings)
    edge[is_clockwise] = edge[is_clockwise, ::-1]
    # Going round with the inside on the left, the edge is a piece as it was traced or the other way round.
    known = np.concatenate([borders.ends, borders.ends[:, ::-1]]).reshape(-1, 4)
    left = np.concatenate([borders.one, borders.other])
    _, place = np.unique(np.concatenate([known, edge.reshape(-1, 4)]), axis=0, return_inverse=True)
    label_of = np.empty(place.max() + 1, dtype=np.int64)
    label_of[place[: len(known)]] = left
    label = label_of[place[len(known) :]]
    return {int(name): faces[label == name] for name in np.unique(label) if name >= 0}
