"""Every made district is written here: places in metres from a corner near Dongtou, layers, lists, rasters, and the TOML they share.

A *ground* is where a district lies. Its places are metres east and north of its origin; what is written with it is in EPSG:4549. Who lives
where, which streets there are and what the district is asked stand beside the tests that compute them by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import rasterio
import shapely
from affine import Affine
from rasterio.transform import from_origin

CRS = "EPSG:4549"
ORIGIN_X, ORIGIN_Y = 600_000.0, 3_080_000.0

Place = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Ground:
    """Where a district lies: metres of its origin in :data:`CRS`, and which way its own second coordinate goes."""

    x: float = ORIGIN_X
    y: float = ORIGIN_Y
    up: float = 1.0
    """-1 where it is metres down from the upper left corner, as rows of a raster are."""

    def at(self, x: float, y: float) -> Place:
        """Return a place's coordinates."""
        return self.x + x, self.y + self.up * y

    def point(self, x: float, y: float) -> shapely.Point:
        return shapely.Point(*self.at(x, y))

    def line(self, *places: Place) -> shapely.LineString:
        return shapely.LineString([self.at(*place) for place in places])

    def polygon(self, *places: Place) -> shapely.Polygon:
        return shapely.Polygon([self.at(*place) for place in places])

    def box(self, west: float, south: float, east: float, north: float) -> shapely.Polygon:
        return shapely.box(*self.at(west, south), *self.at(east, north))

    def lonlat(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return WGS-84 degrees of places, of one or of arrays."""
        change = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
        return change.transform(self.x + np.asarray(x, dtype=float), self.y + self.up * np.asarray(y, dtype=float))

    def write_units(self, path: Path, units: Mapping[str, tuple[str, Box]], **options: Any) -> None:
        """Write units by code: a name and a box each."""
        named = {"code": list(units), "name": [name for name, _ in units.values()]}
        write_layer(path, [self.box(*box) for _, box in units.values()], **named, **options)

    def write_streets(self, path: Path, *streets: Sequence[Place], **columns: Any) -> None:
        """Write streets through places, residential unless their class is given."""
        lines = [self.line(*street) for street in streets]
        write_layer(path, lines, **{"highway": ["residential"] * len(lines), **columns})

    def write_places(self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a table of places; ``x`` and ``y``, among its columns or its last two, are metres of the ground."""
        names = [*columns, *(name for name in ("x", "y") if name not in columns)]
        table = pd.DataFrame(list(rows), columns=names)
        table["x"], table["y"] = self.x + table["x"], self.y + self.up * table["y"]
        (table.to_excel if path.suffix == ".xlsx" else table.to_csv)(path, index=False)

    def write_raster(
        self, path: Path, values: np.ndarray, *, left: float = 0, top: float = 0, cell_m: float = 100, **options: Any
    ) -> None:
        """Write one band, its upper left corner at a place."""
        write_raster(path, values, from_origin(*self.at(left, top), cell_m, cell_m), **options)


GROUND = Ground()


def write_layer(path: Path, shapes: Sequence[Any], *, encoding: str | None = None, **columns: Any) -> None:
    """Write a vector layer named as its file."""
    options = {} if encoding is None else {"encoding": encoding}
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS).to_file(path, layer=path.stem, **options)


def write_raster(
    path: Path,
    values: np.ndarray,
    transform: Affine,
    crs: str | None = CRS,
    *,
    nodata: float | None = None,
    dtype: str | None = None,
) -> None:
    """Write one band, laid by a transform."""
    rows, columns = values.shape
    kind = dtype or values.dtype
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=columns,
        count=1,
        dtype=kind,
        crs=crs,
        transform=transform,
        nodata=nodata,
    ) as raster:
        raster.write(values.astype(kind), 1)


def write_toml(folder: Path, text: str) -> Path:
    """Write the district's configuration and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "district.toml").write_text(text, encoding="utf-8")
    return folder


def head(district_id: str, zh: str, en: str, *, code: str = "330399", levels: Sequence[str] = ("township",)) -> str:
    """Return the head of a district's configuration: what it is, and a layer of units for each level."""
    return (
        f'\n[district]\nid = "{district_id}"\ncode = "{code}"\nname = {{ zh = "{zh}", en = "{en}" }}\nyear = 2025\n'
        f'crs = "{CRS}"\n' + "".join(map(units_toml, levels))
    )


def units_toml(level: str, path: str | None = None) -> str:
    """Return the entry of a level's units."""
    plural = {"township": "townships", "village": "villages"}[level]
    return f'\n[[units]]\nlevel = "{level}"\npath = "{path or plural + ".gpkg"}"\nid = "code"\nname = "name"\n'


def people_toml(*groups: str, more: str = "") -> str:
    """Return the entry of people counted at points, with these groups."""
    listed = "".join(f'groups.{group} = "{group}"\n' for group in groups)
    return f'\n[population]\nsource = "points"\npath = "people.csv"\nid = "id"\npeople = "people"\n{XY}\n{more}{listed}'


def places_toml(kind: str, path: str, fields: str = 'id = "id", name = "name"', *, section: str = "facilities") -> str:
    """Return the entry of a list of places in metres, or of a layer where ``fields`` is empty."""
    own = f"{XY}\nfields = {{ {fields} }}\n" if fields else ""
    return f'\n[[{section}]]\nkind = "{kind}"\npath = "{path}"\n{own}'


XY = f'x = "x"\ny = "y"\ncrs = "{CRS}"'
ROADS = '\n[roads]\npath = "roads.gpkg"\n'
WALK = """
[modes.walk]
speed_kph = 3.6
access_kph = 3.6
max_access_m = 250
direct_m = 0
min_fragment_m = 500
"""
"""On foot 1 m/s, so that metres are seconds; nobody walks straight without a street."""
