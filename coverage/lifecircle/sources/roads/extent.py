"""Whether a street map lies where the district is: elsewhere, swapped, in another zone, mirrored, or over a part of it only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely

from lifecircle.config import load_streets
from lifecircle.config.schema import Level
from lifecircle.model import BoolArray, Cells, FloatArray, IntArray, Roads, Units
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import WGS84, transform_xy
from lifecircle.sources.units import district_bounds

if TYPE_CHECKING:
    import numpy.typing as npt

# CGCS2000 Gauss-Kruger in zones of 3 degrees without and with the zone's number, of 6 degrees likewise, UTM, Web Mercator.
CANDIDATES = (
    *range(4534, 4555),
    *range(4513, 4534),
    *range(4502, 4513),
    *range(4491, 4502),
    *range(32643, 32654),
    3857,
)
FITS_M = 2_000.0
"""Beyond the district's box by at most this: streets that lead out of it."""
FITS_SHARE = 0.5
MOST_TRIED = 5_000
MOST_ASKED = 2_000
NAMES_SHOWN = 8
MIRRORED_TIMES, MIRRORED_M = 3.0, 100.0
"""People that far from the streets, and so many times nearer to their mirror image."""
ENDS_ON_A_SIDE, SIDE_M = 4, 1.0
DEAD_END = 1


@dataclass(frozen=True, slots=True, eq=False)
class MapPlacement:
    """A street map, as lines, beside the district."""

    file: str
    layer: str
    lines: npt.NDArray[np.object_]
    tree: shapely.STRtree
    units: Mapping[Level, Units]
    reach_m: float
    """How far from a street people still join it: the most of the modes' ``max_access_m``."""

    @property
    def areas(self) -> npt.NDArray[np.object_]:
        """The district's largest units."""
        return next(iter(self.units.values())).geometry


def lines_of(roads: Roads) -> npt.NDArray[np.object_]:
    """Return the ways as lines, in the district's CRS."""
    way = np.repeat(np.arange(len(roads)), np.diff(roads.way_start))
    return np.asarray(
        shapely.linestrings(np.column_stack([roads.x[roads.way_node], roads.y[roads.way_node]]), indices=way),
        dtype=object,
    )


def place(roads: Roads, units: Mapping[Level, Units], reach_m: float, file: str, layer: str) -> MapPlacement:
    """Return the street map's lines with an index over them."""
    lines = lines_of(roads)
    return MapPlacement(file, layer, lines, shapely.STRtree(lines), units, reach_m)


# ---- elsewhere


def check_touches(
    placed: MapPlacement, raw: FloatArray, source: pyproj.CRS | None, district: pyproj.CRS, problems: Problems
) -> bool:
    """Whether any street is in the district or near enough to be joined from it; else an error that says where the layer would fit."""
    near = placed.tree.query(placed.areas, predicate="dwithin", distance=placed.reach_m)
    if near.size:
        return True
    bounds, box = shapely.total_bounds(placed.lines), district_bounds(placed.units)
    away_m = np.hypot(
        max(0.0, box[0] - bounds[2], bounds[0] - box[2]), max(0.0, box[1] - bounds[3], bounds[1] - box[3])
    )
    report_elsewhere(
        placed.file, placed.layer, f"离区县 {away_m / 1000:,.1f} km away", raw, source, placed.units, district, problems
    )
    return False


def report_elsewhere(
    file: str, layer: str, where: str, raw: FloatArray, source: pyproj.CRS | None, units: Mapping[Level, Units],
    district: pyproj.CRS, problems: Problems,
) -> None:  # fmt: skip
    """Add the error of a street map that is not in the district, with the readings of its coordinates that would be."""
    fits = list(_proposals(raw, source, units, district)) if units and len(raw) else []
    example = f"; 坐标如 coordinates such as {raw[0, 0]:.6g}, {raw[0, 1]:.6g}" if len(raw) else ""
    problems.error(
        "roads-elsewhere", file, f"没有一条道路在区县内 no street is in the district: {where}{example}", layer=layer, field="roads.path",
        expected=f"坐标系 CRS {source.name if source is not None else '-'}; 在区县范围内 within the district",
        mend="; ".join(fits[:2]) if fits else "是否为别的区县的文件，或坐标系写错? another district's file, or a wrong crs? set [roads] path, crs",
    )  # fmt: skip


def _proposals(
    raw: FloatArray, source: pyproj.CRS | None, units: Mapping[Level, Units], district: pyproj.CRS
) -> Iterator[str]:
    """Yield the readings of the coordinates that put most of the layer into the district."""
    raw = raw[:: max(1, len(raw) // MOST_TRIED)]
    x, y = raw[:, 0], raw[:, 1]
    if source is not None:
        turned = {
            "坐标对调后 (x 与 y，经度与纬度) swapped": (y, x), "经度变号后 with the sign of x changed": (-x, y),
            "纬度变号后 with the sign of y changed": (x, -y),
        }  # fmt: skip
        for name, (one, other) in turned.items():
            count = _count_inside(one, other, source, units, district)
            if count >= FITS_SHARE * len(raw):
                yield f"{name} {count} of {len(raw)} 在区县内 fit; 请更正图层坐标 correct the layer's coordinates"
    own = [code] if (code := district.to_epsg()) else []
    is_degrees = bool((np.abs(x) <= 180).all() and (np.abs(y) <= 90).all())
    for code in [4490] if is_degrees else dict.fromkeys([*own, *CANDIDATES]):
        crs = pyproj.CRS.from_epsg(code)
        if source is not None and source.equals(crs, ignore_axis_order=True):
            continue
        for name, (one, other) in {"": (x, y), " 且坐标对调 and swapped": (y, x)}.items():
            count = _count_inside(one, other, crs, units, district)
            if count >= FITS_SHARE * len(raw):
                yield f'按 as EPSG:{code} ({crs.name}){name} {count} of {len(raw)} 在区县内 fit: set [roads] crs = "EPSG:{code}"'


def _count_inside(
    x: FloatArray, y: FloatArray, source: pyproj.CRS, units: Mapping[Level, Units], district: pyproj.CRS
) -> int:
    if source.is_geographic:
        is_angle = (np.abs(x) <= 180) & (np.abs(y) <= 90)
        x, y = x[is_angle], y[is_angle]
    try:
        x, y = transform_xy(x, y, source, district, is_strict=False)
    except UnreadableError:
        return 0
    box = district_bounds(units)
    inside = (x >= box[0] - FITS_M) & (x <= box[2] + FITS_M) & (y >= box[1] - FITS_M) & (y <= box[3] + FITS_M)
    return int(inside.sum())


# ---- over a part of it


def check_people(placed: MapPlacement, cells: Cells, problems: Problems) -> BoolArray:
    """Tell of units whose people have no street within reach; return which cells have none."""
    is_off = find_off(placed, cells.x, cells.y, cells.people > 0)
    off = np.where(is_off, cells.people, 0.0)
    for level, of_unit in cells.membership.items():
        units = placed.units.get(level)
        if units is None or not len(units):
            continue
        people, people_off = np.asarray(of_unit @ cells.people), np.asarray(of_unit @ off)
        is_bare = (people_off > 0) & (people_off >= load_streets().plausible.people_off_share * people)
        if not is_bare.any():
            continue
        order = np.flatnonzero(is_bare)[np.argsort(-people_off[is_bare], kind="stable")]
        named = [f"{units.name[unit]} ({people_off[unit]:,.0f} 人)" for unit in order[:NAMES_SHOWN]]
        problems.add(
            "roads-not-covering", "warning", placed.file,
            f"{len(units)} 个单元中有 {len(order)} 个的居民 {placed.reach_m:g} 米内没有道路 units whose people have no street within "
            f"{placed.reach_m:g} m: {', '.join(named)}{' ...' if len(order) > NAMES_SHOWN else ''}",
            layer=placed.layer, row=",".join(str(units.code[unit]) for unit in order[:NAMES_SHOWN]), field=level,
            expected=f"道路覆盖全区，共 {people_off[is_bare].sum():,.0f} 人在外 streets over the whole district",
            mend="补齐这些单元的道路；确无道路的海岛和山区可用 terrain 模式 add their streets; where there are none, a terrain mode",
            count=len(order),
        )  # fmt: skip
        # What is told of a township is not told of its villages again.
        told = np.asarray(of_unit[order].sum(axis=0)).reshape(-1) > 0
        off = np.where(told, 0.0, off)
    return is_off


def find_off(placed: MapPlacement, x: FloatArray, y: FloatArray, asked: BoolArray) -> BoolArray:
    """Return which of the asked points have no street within reach."""
    found = np.zeros(len(x), dtype=bool)
    rows = np.flatnonzero(asked)
    near, _ = placed.tree.query_nearest(
        shapely.points(x[rows], y[rows]), max_distance=placed.reach_m, return_distance=False, all_matches=False
    )
    found[rows] = True
    found[rows[near]] = False
    return found


def check_sides(placed: MapPlacement, roads: Roads, cells: Cells, problems: Problems) -> None:
    """Tell of a layer that was clipped: many streets end on one straight side of its box, and people live beyond."""
    x, y = _dead_ends(placed, roads)
    if not len(x):
        return
    bounds, box = shapely.total_bounds(placed.lines), district_bounds(placed.units)
    sides = (
        ("西 west", x, bounds[0], cells.x, 1), ("南 south", y, bounds[1], cells.y, 1),
        ("东 east", x, bounds[2], cells.x, -1), ("北 north", y, bounds[3], cells.y, -1),
    )  # fmt: skip
    cut = []
    beyond = 0.0
    for name, ends, side, at, inward in sides:
        on_side = int((np.abs(ends - side) <= SIDE_M).sum())
        people = float(cells.people[(side - at) * inward > placed.reach_m].sum())
        if on_side >= ENDS_ON_A_SIDE and people > 0:
            cut.append(f"{name} {on_side} 条 ends")
            beyond = max(beyond, people)
    if cut:
        problems.add(
            "roads-clipped", "warning", placed.file, f"道路在区县内沿直线截断 streets end on a straight line inside the district: {', '.join(cut)}",
            layer=placed.layer, field="roads.path", count=len(cut),
            expected=f"范围超出区县 an extent beyond the district's ({box[0]:.0f}, {box[1]:.0f}, {box[2]:.0f}, {box[3]:.0f})",
            mend=f"其外还有 {beyond:,.0f} 人，请补齐图幅 people live beyond: add the missing sheet, or cut with a wider box",
        )  # fmt: skip


def check_border(placed: MapPlacement, roads: Roads, problems: Problems) -> None:
    """Tell of a layer cut along the district's border: ways round over the neighbour's streets are lost (the edge effect)."""
    x, y = _dead_ends(placed, roads)
    outline = shapely.boundary(shapely.union_all(placed.areas))
    if len(x) < ENDS_ON_A_SIDE:
        return
    shapely.prepare(outline)
    on_border = shapely.dwithin(shapely.points(x, y), outline, SIDE_M)
    if int(on_border.sum()) < ENDS_ON_A_SIDE:
        return
    tree = shapely.STRtree(placed.areas)
    vertices = shapely.points(roads.x[roads.way_node], roads.y[roads.way_node])
    inside, _ = tree.query(vertices, predicate="dwithin", distance=SIDE_M)
    if len(np.unique(inside)) < len(vertices):
        return
    problems.add(
        "roads-cut-at-border", "warning", placed.file,
        f"{int(on_border.sum())} 条道路止于区县边界，界外一条也没有 streets end on the district's border and none goes beyond",
        layer=placed.layer, field="roads.path", expected="边界外再留几公里道路 streets some kilometres beyond the border",
        mend="界外设施和绕行邻区的路不计，边上的居民可达性偏低 ways over the neighbour are lost: cut with a wider box", count=int(on_border.sum()),
    )  # fmt: skip


def _dead_ends(placed: MapPlacement, roads: Roads) -> tuple[FloatArray, FloatArray]:
    """Return where streets end with nothing beyond, and no other street within a metre."""
    ends = np.concatenate([roads.way_node[roads.way_start[:-1]], roads.way_node[roads.way_start[1:] - 1]])
    uses: IntArray = np.bincount(roads.way_node, minlength=len(roads.x))
    dead = np.unique(ends[uses[ends] == DEAD_END])
    near, _ = placed.tree.query(shapely.points(roads.x[dead], roads.y[dead]), predicate="dwithin", distance=SIDE_M)
    dead = dead[np.bincount(near, minlength=len(dead)) == 1]
    return roads.x[dead], roads.y[dead]


def check_mirrored(placed: MapPlacement, cells: Cells, problems: Problems) -> None:
    """Tell of streets that lie among the people only when they are mirrored or turned about the middle of their box."""
    rows = np.flatnonzero(cells.people > 0)
    if len(rows) > MOST_ASKED:
        rows = np.sort(rows[np.argsort(-cells.people[rows], kind="stable")[:MOST_ASKED]])
    if not len(rows):
        return
    bounds = shapely.total_bounds(placed.lines)
    x, y = cells.x[rows], cells.y[rows]
    flipped = {"东西 east-west": (bounds[0] + bounds[2] - x, y), "南北 north-south": (x, bounds[1] + bounds[3] - y)}
    as_is_m = _median_to_street(placed, x, y)
    if as_is_m < MIRRORED_M:
        return
    for name, (one, other) in flipped.items():
        mirrored_m = _median_to_street(placed, one, other)
        if mirrored_m * MIRRORED_TIMES <= as_is_m:
            problems.add(
                "roads-mirrored", "warning", placed.file,
                f"道路似被{name}镜像 streets look mirrored: 居民到道路的中位距离 median distance of people {as_is_m:,.0f} m; "
                f"镜像后 mirrored {mirrored_m:,.0f} m",
                layer=placed.layer, field="roads.path", expected=f"{mirrored_m:,.0f} m",
                mend="核对图层与坐标轴方向 look at the layer on a map: are its axes reversed?",
            )  # fmt: skip
            return


def _median_to_street(placed: MapPlacement, x: FloatArray, y: FloatArray) -> float:
    _, distance_m = placed.tree.query_nearest(shapely.points(x, y), return_distance=True, all_matches=False)
    return float(np.median(distance_m))


def source_crs(text: str) -> pyproj.CRS | None:
    """Return the CRS that a street map's ``source`` ends with; WGS-84 for OpenStreetMap."""
    if text.startswith("OpenStreetMap"):
        return WGS84
    try:
        return pyproj.CRS.from_user_input(text.removeprefix("OSMnx graph, "))
    except pyproj.exceptions.CRSError:
        return None
