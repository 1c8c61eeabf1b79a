"""Lay out a district's folder from the raw files beside the repository: copies, and the tables they lack.

Nothing derived is an estimate of anybody's population: it puts people in enough places to test travel from.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import osmium
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TEMPLATES = Path(__file__).parent
RAW = Path(__file__).parents[2].parent / "shared" / "data"

EARTH_RADIUS_M = 6_371_000.0


def lay_out(name: str, folder: Path) -> Path:
    """Write the folder of one of `NAMES` and return it."""
    folder.mkdir(parents=True)
    _LAYOUTS[name](folder)
    return folder


def _malta(folder: Path) -> None:
    _write_template(folder, "malta")
    _malta_layers(folder)


def _malta_with_ferries(folder: Path) -> None:
    _write_template(folder, "malta", "malta_ferries")
    toml = folder / "district.toml"
    text = toml.read_text("utf-8")
    toml.write_text(text.replace("ferries = false", "ferries = true", 1), "utf-8")
    _malta_layers(folder)


def _malta_layers(folder: Path) -> None:
    source = RAW / "malta_2018"
    _copy(source / "malta-latest.osm.pbf", folder)
    _copy(source / "derived/facilities.geojson", folder)
    _copy(source / "derived/admin.geojson", folder)
    _write_zones(source, folder, lambda units: units[units["admin_level"] == "8"])


def _las_palmas(folder: Path) -> None:
    source = RAW / "las_palmas"
    _write_template(folder, "las_palmas")
    _copy(source / "derived/facilities.geojson", folder)
    (catchments,) = source.glob("*gobcan_educacion_areainfluenciacentrosecundaria.geojson")
    _copy(catchments, folder, "catchments.geojson")
    _copy(source / "example_las_palmas_2023_osm_20230221.pbf", folder, "las_palmas.osm.pbf")
    _write_buildings(folder / "las_palmas.osm.pbf", folder / "people.csv")


def _liechtenstein(folder: Path) -> None:
    source = RAW / "liechtenstein"
    _write_template(folder, "liechtenstein")
    _copy(source / "derived/facilities.geojson", folder)
    _copy(source / "derived/admin.geojson", folder)
    _copy(source / "liechtenstein-latest.osm.pbf", folder)
    # Parts of the neighbours are ways of the same level, without names.
    _write_zones(source, folder, lambda units: units[(units["admin_level"] == "8") & units["name"].notna()])


def _monaco(folder: Path) -> None:
    source = RAW / "monaco_srtm"
    _write_template(folder, "monaco")
    _copy(source / "derived/facilities.geojson", folder)
    _copy(source / "derived/admin.geojson", folder)
    _copy(source / "monaco.osm.gz", folder)
    _write_buildings(folder / "monaco.osm.gz", folder / "people.csv")


def _wuhan(folder: Path) -> None:
    source = RAW / "wuhan"
    _write_template(folder, "wuhan")
    _copy(source / "original.parquet", folder, "streets.parquet")
    _copy(source / "wuhan_districts_census2020.geojson", folder, "districts.geojson")
    streets = geopandas.read_parquet(source / "original.parquet").to_crs("EPSG:32650")
    starts = streets.geometry.get_coordinates().groupby(level=0).first()
    # Moved aside by fixed, different amounts, so that they fall on both sides of streets and inside edges.
    people = starts.iloc[::11].reset_index(drop=True)
    turn = np.arange(len(people)) * 2.399963  # the golden angle: every direction, no pattern
    people["x"] += 40 * np.cos(turn)
    people["y"] += 40 * np.sin(turn)
    people.insert(0, "id", [f"v{n}" for n in range(len(people))])
    people["people"] = 1.0
    people.to_csv(folder / "people.csv", index=False)
    clinics = starts.iloc[700::1700]
    beside = geopandas.GeoSeries.from_xy(clinics["x"] + 15, clinics["y"] - 9, crs="EPSG:32650")
    degrees = beside.to_crs("EPSG:4326")
    table = pd.DataFrame({"id": [f"k{n}" for n in range(len(clinics))], "lon": degrees.x, "lat": degrees.y})
    table.to_csv(folder / "clinics.csv", index=False)


_LAYOUTS: dict[str, Callable[[Path], None]] = {
    "malta": _malta,
    "malta_with_ferries": _malta_with_ferries,
    "las_palmas": _las_palmas,
    "liechtenstein": _liechtenstein,
    "monaco": _monaco,
    "wuhan": _wuhan,
}
NAMES = tuple(_LAYOUTS)


def _write_template(folder: Path, *names: str) -> None:
    text = "".join((TEMPLATES / f"{name}.toml").read_text("utf-8") for name in names)
    (folder / "district.toml").write_text(text, "utf-8")


def _copy(path: Path, folder: Path, name: str = "") -> None:
    shutil.copyfile(path, folder / (name or path.name))


def _write_zones(source: Path, folder: Path, where: Callable[[geopandas.GeoDataFrame], geopandas.GeoDataFrame]) -> None:
    """Write each unit's people: the sum of the populations of the place nodes that lie in it."""
    units = where(geopandas.read_file(source / "derived/admin.geojson"))
    places = geopandas.read_file(source / "derived/places.geojson")
    places = places[places["population"].notna() & (places["place"] != "country")]
    places = places.sjoin(units[["osm", "geometry"]], predicate="within", lsuffix="place", rsuffix="unit")
    people = places["population"].astype(float).groupby(places["osm_unit"]).sum()
    zones = people.reindex(units["osm"], fill_value=0.0).rename_axis("id").rename("people")
    zones.to_csv(folder / "zones.csv")


def _write_buildings(osm: Path, path: Path) -> None:
    """Write every closed building way as a point, the mean of its nodes, with a person for each 30 m2."""
    rows = []
    for way in osmium.FileProcessor(str(osm)).with_locations():
        if not way.is_way() or "building" not in way.tags or not way.is_closed():
            continue
        if not all(node.location.valid() for node in way.nodes):
            continue
        lon, lat = np.array([(node.location.lon, node.location.lat) for node in way.nodes]).T
        x = np.radians(lon - lon[0]) * EARTH_RADIUS_M * np.cos(np.radians(lat[0]))
        y = np.radians(lat - lat[0]) * EARTH_RADIUS_M
        area_m2 = abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2
        rows.append((f"w{way.id}", lon[:-1].mean(), lat[:-1].mean(), area_m2 / 30))
    table = pd.DataFrame(rows, columns=["id", "lon", "lat", "people"])
    table["age60"] = table["people"] * np.linspace(0.1, 0.3, len(table))
    table.to_csv(path, index=False)


def facility_rows(folder: Path, layer: Mapping[str, Any]) -> list[tuple[str, float, float, dict[str, Any]]]:
    """Read one ``[[facilities]]`` entry plainly: id, lon, lat and the attributes it names."""
    path, where, fields = folder / layer["path"], layer.get("where", {}), layer["fields"]
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype={"id": str}).to_dict("records")
        places = [(row, row[layer["lon"]], row[layer["lat"]]) for row in table]
    else:
        features = json.loads(path.read_text("utf-8"))["features"]
        places = [(f["properties"], *f["geometry"]["coordinates"][:2]) for f in features]
    return [
        (str(row[fields["id"]]), lon, lat, {ours: row.get(theirs) for ours, theirs in fields.items()})
        for row, lon, lat in places
        if all(row.get(key) in (value if isinstance(value, list) else [value]) for key, value in where.items())
    ]
