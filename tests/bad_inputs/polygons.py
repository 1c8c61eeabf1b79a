"""B01-B20: areas that are drawn wrongly."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from shapely import affinity

from tests.bad_inputs.catalogue import Expected, corruption
from tests.bad_inputs.district import CRS, OX, OY, A, B

TOWNSHIPS = "townships.gpkg"


def box(left: float, bottom: float, right: float, top: float) -> shapely.Polygon:
    """Return a box in metres from the origin."""
    return shapely.box(OX + left, OY + bottom, OX + right, OY + top)


def ring(*places: tuple[float, float]) -> shapely.Polygon:
    """Return a polygon through places in metres from the origin."""
    return shapely.Polygon([(OX + x, OY + y) for x, y in places])


def write(folder: Path, shapes: list[object], codes: list[str] | None = None, **options: str) -> None:
    """Write the townships anew."""
    codes = codes or [A, B, "330399102", "330399103"][: len(shapes)]
    names = [{A: "甲街道", B: "乙镇"}.get(code, f"镇{code[-3:]}") for code in codes]
    frame = gpd.GeoDataFrame({"code": codes, "name": names}, geometry=gpd.GeoSeries(shapes, crs=CRS))
    (folder / TOWNSHIPS).unlink()
    frame.to_file(folder / TOWNSHIPS, layer="townships", **options)


def edit_toml(folder: Path, old: str, new: str) -> None:
    """Change the configuration; the text must be there."""
    path = folder / "district.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


BOWTIE = [(0, -1000), (2000, -1000), (0, 1000), (2000, 1000)]
NESTED = ("units-outline", "units-gap", "population-in-no-unit", "units-outside", "population-outside")


@corruption("B01", TOWNSHIPS)
def bowtie(folder: Path) -> Expected:
    write(folder, [ring(*BOWTIE), box(2000, -1000, 4000, 1000)])
    return Expected("units-invalid", "error", TOWNSHIPS, row="1", words=("Self-intersection", "repair = true", "m2"))


@corruption("B02", TOWNSHIPS, "district.toml")
def bowtie_taken(folder: Path) -> Expected:
    write(folder, [ring(*BOWTIE), box(2000, -1000, 4000, 1000)])
    edit_toml(folder, 'path = "townships.gpkg"', 'path = "townships.gpkg"\nrepair = true')
    # Both wings stay: 2.0 of 4.0 km2, and not the one that buffer(0) keeps.
    return Expected("units-repaired", "repaired", TOWNSHIPS, row="1", words=("2000000.0 m2",), also=NESTED, count=1)


@corruption("B03", TOWNSHIPS)
def spike(folder: Path) -> Expected:
    shape = ring((0, -1000), (2000, -1000), (2000, 1000), (1000, 1000), (1000, 1300), (1000, 1000), (0, 1000))
    write(folder, [shape, box(2000, -1000, 4000, 1000)])
    return Expected(
        "units-repaired", "repaired", TOWNSHIPS, row="1", words=("4000000.0 m2",), count=1, also=("units-noded",)
    )


@corruption("B03", TOWNSHIPS)
def hole_outside(folder: Path) -> Expected:
    shell = box(0, -1000, 2000, 1000)
    shape = shapely.Polygon(shell.exterior, [box(-900, 0, -400, 500).exterior])
    write(folder, [shape, box(2000, -1000, 4000, 1000)])
    return Expected("units-invalid", "error", TOWNSHIPS, row="1", words=("Hole lies outside",))


@corruption("B04", TOWNSHIPS)
def denormal(folder: Path) -> Expected:
    shape = ring((0, -1000), (2000, -1000), (2000, 1000), (1e-3, 1000), (0, 999), (1e-9, 1000.0000001), (0, 1000))
    write(folder, [shape, box(2000, -1000, 4000, 1000)])
    return Expected("units-repaired", "repaired", TOWNSHIPS, row="1", words=("m2",), also=("units-noded",))


@corruption("B05", TOWNSHIPS)
def not_a_number(folder: Path) -> Expected:
    with np.errstate(invalid="ignore"):
        spoiled = ring((0, -1000), (float("nan"), 0), (2000, 1000), (0, 1000))
    write(folder, [spoiled, box(2000, -1000, 4000, 1000)])
    return Expected("units-bad-vertex", "error", TOWNSHIPS, row="1", field="geometry", words=(A,))


@corruption("B05", TOWNSHIPS)
def infinite(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000, 1000), ring((2000, -1000), (float("inf"), 0), (4000, 1000), (2000, 1000))])
    return Expected("units-bad-vertex", "error", TOWNSHIPS, row="2", words=(B,))


@corruption("B06", TOWNSHIPS)
def null_row(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000, 1000), box(2000, -1000, 4000, 1000), None])
    return Expected("units-empty-geometry", "set_aside", TOWNSHIPS, row="3", words=("330399102",), count=1)


@corruption("B07", TOWNSHIPS)
def thin_overlap(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000.4, 1000), box(2000, -1000, 4000, 1000)])
    return Expected(
        "units-overlap-shared", "repaired", TOWNSHIPS, words=("800.0 m2", "甲街道 / 乙镇"), count=1, also=NESTED
    )


@corruption("B07", TOWNSHIPS)
def wide_overlap(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2030, 1000), box(2000, -1000, 4000, 1000)])
    return Expected("units-overlap", "error", TOWNSHIPS, row=A, words=("60000 m2", "repair = true"))


@corruption("B07", TOWNSHIPS)
def same_ground_twice(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000, 1000), box(2000, -1000, 4000, 1000), box(2000, -1000, 4000, 1000)])
    return Expected("units-overlap", "error", TOWNSHIPS, row="330399102")


@corruption("B08", TOWNSHIPS)
def open_gap(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 1997, 1000), box(2000, -1000, 4000, 1000)])
    return Expected("units-gap", "warning", TOWNSHIPS, row=A, words=("6000 m2",), also=NESTED)


@corruption("B08", TOWNSHIPS)
def closed_gap(folder: Path) -> Expected:
    shape = shapely.difference(box(0, -1000, 2000, 1000), box(1996, -500, 2000, 500))
    write(folder, [shape, box(2000, -1000, 4000, 1000)])
    return Expected("units-gap", "warning", TOWNSHIPS, words=("4000 m2",), also=NESTED)


@corruption("B09", TOWNSHIPS)
def unmatched_vertex(folder: Path) -> Expected:
    shape = ring((0, -1000), (2000, -1000), (2000, 333), (2000, 1000), (0, 1000))
    write(folder, [shape, box(2000, -1000, 4000, 1000)])
    return Expected("units-noded", "note", TOWNSHIPS, count=1)


@corruption("B10", TOWNSHIPS)
def shifted_outline(folder: Path) -> Expected:
    write(
        folder,
        [affinity.translate(box(0, -1000, 2000, 1000), -200), affinity.translate(box(2000, -1000, 4000, 1000), -200)],
    )
    return Expected("units-outline", "warning", "villages.shp", words=("40.0 ha",), also=NESTED)


@corruption("B10", TOWNSHIPS, "district.toml", "outline.gpkg")
def outline_smaller(folder: Path) -> Expected:
    gpd.GeoDataFrame({"code": ["330399"], "name": ["净区"]}, geometry=[box(0, -1000, 3800, 1000)], crs=CRS).to_file(
        folder / "outline.gpkg", layer="outline"
    )
    edit_toml(
        folder,
        "[[units]]\n",
        '[[units]]\nlevel = "district"\npath = "outline.gpkg"\nid = "code"\nname = "name"\n\n[[units]]\n',
    )
    return Expected("units-outline", "warning", TOWNSHIPS, row=B, words=("40.0 ha", "乙镇"), also=NESTED)


@corruption("B11", TOWNSHIPS)
def township_twice(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000, 1000), box(2000, -1000, 4000, 1000)], [A, A])
    return Expected("units-duplicate-code", "error", TOWNSHIPS, row="1, 2", field="code", words=(A,), count=2)


@corruption("B12", TOWNSHIPS)
def township_missing(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000, 1000)])
    return Expected("units-township-missing", "warning", TOWNSHIPS, row=B, words=("乙北村",), count=1, also=NESTED)


@corruption("B14", TOWNSHIPS)
def sliver(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 1999.8, 1000), box(2000, -1000, 4000, 1000), box(1999.8, -1000, 2000, 1000)])
    return Expected("units-sliver", "repaired", TOWNSHIPS, row="3", words=("330399102", "400.0 m2"), count=1)


@corruption("B14", TOWNSHIPS)
def sliver_without_code(folder: Path) -> Expected:
    write(
        folder, [box(0, -1000, 1999.8, 1000), box(2000, -1000, 4000, 1000), box(1999.8, -1000, 2000, 1000)], [A, B, ""]
    )
    return Expected("units-sliver", "repaired", TOWNSHIPS, row="3", count=1)


@corruption("B15", TOWNSHIPS)
def lines_that_close(folder: Path) -> Expected:
    write(
        folder,
        [shapely.LineString(one.exterior.coords) for one in (box(0, -1000, 2000, 1000), box(2000, -1000, 4000, 1000))],
    )
    return Expected("units-not-polygons", "error", TOWNSHIPS, words=("2 polygons", "Polygonize", "linestring"), count=2)


@corruption("B15", TOWNSHIPS)
def lines_that_do_not_close(folder: Path) -> Expected:
    write(folder, [shapely.LineString([(OX, OY), (OX + 9, OY)]), shapely.LineString([(OX, OY), (OX, OY + 9)])])
    return Expected("units-not-polygons", "error", TOWNSHIPS, words=("do not close",))


@corruption("B15", TOWNSHIPS)
def points_for_polygons(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000, 1000).centroid, box(2000, -1000, 4000, 1000).centroid])
    return Expected("units-not-polygons", "error", TOWNSHIPS, words=("point",), count=2)


@corruption("B15", TOWNSHIPS)
def mixed_types(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2000, 1000), box(2000, -1000, 4000, 1000), box(0, 0, 1, 1).centroid])
    return Expected("units-not-polygons", "error", TOWNSHIPS, row="3", count=1)


@corruption("B16", TOWNSHIPS)
def with_heights(folder: Path) -> Expected:
    write(
        folder, [shapely.force_3d(box(0, -1000, 2000, 1000), 7.0), shapely.force_3d(box(2000, -1000, 4000, 1000), 7.0)]
    )
    return Expected("layer-heights", "repaired", TOWNSHIPS, count=2)


@corruption("B16", TOWNSHIPS)
def with_an_arc(folder: Path) -> Expected:
    """The west border of A bulges 1 m out to sea in an arc, as drawing programs write them."""

    def places(*pairs: tuple[float, float]) -> bytes:
        packed = b"".join(struct.pack("<dd", OX + x, OY + y) for x, y in pairs)
        return struct.pack("<I", len(pairs)) + packed

    straight = struct.pack("<BI", 1, 2) + places((0, 1000), (2000, 1000), (2000, -1000), (0, -1000))
    arc = struct.pack("<BI", 1, 8) + places((0, -1000), (-1, 0), (0, 1000))
    shape = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 9, 2) + straight + arc
    with closing(sqlite3.connect(folder / TOWNSHIPS)) as opened:
        for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            opened.execute(f'DROP TRIGGER "{name}"')
        opened.execute("UPDATE townships SET geom = ? WHERE code = ?", (b"GP\0\1" + struct.pack("<i", 4549) + shape, A))
        opened.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
        opened.execute("PRAGMA writable_schema = on")
        opened.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'POLYGON', 'CURVEPOLYGON') WHERE name = 'townships'"
        )
        opened.commit()
    return Expected(
        "layer-curves", "repaired", TOWNSHIPS, field="geometry", count=1, also=("units-outline", "units-gap")
    )


@corruption("B17", TOWNSHIPS)
def no_townships(folder: Path) -> Expected:
    write(folder, [])
    return Expected("layer-empty", "error", TOWNSHIPS)


@corruption("B18", TOWNSHIPS)
def two_layers(folder: Path) -> Expected:
    frame = gpd.read_file(folder / TOWNSHIPS)
    frame.to_file(folder / TOWNSHIPS, layer="old")
    return Expected("layer-not-named", "error", TOWNSHIPS, field="layer", words=("townships", "old", "layer ="))


@corruption("B19", "district.toml")
def layer_absent(folder: Path) -> Expected:
    edit_toml(folder, 'path = "townships.gpkg"', 'path = "townships.gpkg"\nlayer = "township"')
    return Expected("layer-missing", "error", TOWNSHIPS, layer="township", field="layer", words=('"townships"',))


@corruption("B19", TOWNSHIPS)
def column_absent(folder: Path) -> Expected:
    frame = gpd.read_file(folder / TOWNSHIPS).rename(columns={"code": "codes"})
    (folder / TOWNSHIPS).unlink()
    frame.to_file(folder / TOWNSHIPS, layer="townships")
    return Expected("column-missing", "error", TOWNSHIPS, field="code", words=('"codes"',))


@corruption("B20", TOWNSHIPS)
def absurd_detail(folder: Path) -> Expected:
    angle = np.linspace(0, 2 * np.pi, 600_001)[:-1]
    west = np.column_stack([OX + 1000 + 999 * np.cos(angle), OY + 999 * np.sin(angle)])
    write(folder, [shapely.Polygon(west), box(2000, -1000, 4000, 1000)])
    return Expected("units-simplified", "repaired", TOWNSHIPS, words=("600006",), also=NESTED)


@corruption("B12", "villages.shp")
def village_of_another_township(folder: Path) -> Expected:
    frame = gpd.read_file(folder / "villages.shp")
    frame.loc[0, "code"], frame.loc[2, "code"] = frame.loc[2, "code"], frame.loc[0, "code"]
    frame.to_file(folder / "villages.shp", encoding="UTF-8")
    return Expected("units-code-elsewhere", "warning", "villages.shp", words=("甲街道", "乙镇"), count=2)


@corruption("B12", "district.toml")
def another_districts_code(folder: Path) -> Expected:
    edit_toml(folder, 'code = "330399"', 'code = "330122"')
    return Expected("units-other-district", "warning", TOWNSHIPS, field="district.code", words=("330122",), count=2)


@corruption("B07", TOWNSHIPS, "district.toml")
def wide_overlap_taken(folder: Path) -> Expected:
    write(folder, [box(0, -1000, 2030, 1000), box(2000, -1000, 4000, 1000)])
    edit_toml(folder, 'path = "townships.gpkg"', 'path = "townships.gpkg"\nrepair = true')
    return Expected("units-overlap", "warning", TOWNSHIPS, row=A, words=("60000 m2", "counted once"))
