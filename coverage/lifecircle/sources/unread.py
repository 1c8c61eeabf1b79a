"""Layers that could not be read in full because something before them is wrong.

Where the units, the district's CRS or a section of the configuration is wrong, people and heights cannot be placed. Their files are
opened all the same, their columns looked for and their counts read, so that a planner sees everything at once and not one
mistake after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rasterio
from rasterio.errors import RasterioError

from lifecircle.config import Buildings, Configuration, Control, Population, SourceLayer
from lifecircle.problems import Problems
from lifecircle.sources.files import read_source, resolve_path
from lifecircle.sources.people.points import read_counts

if TYPE_CHECKING:
    from pathlib import Path


def open_people(configuration: Configuration, problems: Problems) -> None:
    """Look at the people's files of the district and of its scenarios: whether they are there, can be read and hold what is asked."""
    population = configuration.population
    if population is not None:
        _open_population(configuration.folder, population, "population", problems)
    for index, scenario in enumerate(configuration.scenarios):
        if scenario.population is not None:
            _open_population(configuration.folder, scenario.population, f"scenarios[{index + 1}].population", problems)


def open_terrain(configuration: Configuration, problems: Problems) -> None:
    """Look at the rasters of ``[terrain]``."""
    for role in ("landcover", "dem"):
        path = getattr(configuration.terrain, role)
        if path is not None:
            _open_raster(configuration.folder, path, f"terrain.{role}", problems)


def open_layers(configuration: Configuration, problems: Problems) -> None:
    """Look at every file that the configuration names, where not even the district's CRS is known."""
    open_people(configuration, problems)
    open_terrain(configuration, problems)
    for unit in configuration.units:
        field = f"units.{unit.level}.path"
        read_source(configuration.folder, unit, "units", problems, columns=(unit.id, unit.name), field=field)
    for section, layers in (("facilities", configuration.facilities), ("layers", configuration.layers)):
        for index, layer in enumerate(layers):
            columns, field = list(layer.fields.values()), f"{section}[{index + 1}].path"
            read_source(configuration.folder, layer, section, problems, columns=columns, field=field)
    for index, table in enumerate(configuration.tables):
        columns = [*table.fields.values(), *([table.id] if table.id else [])]
        source = SourceLayer(
            path=table.path, layer=table.layer, sheet=table.sheet, encoding=table.encoding, where=table.where
        )
        field = f"tables[{index + 1}].path"
        read_source(configuration.folder, source, "table", problems, columns=columns, field=field, is_table=True)
    if configuration.roads is not None and configuration.roads.path is not None:
        resolve_path(configuration.folder, configuration.roads.path, problems, "roads.path")


def _open_population(folder: Path, population: Population, place: str, problems: Problems) -> None:
    if population.source == "raster":
        for name, path in (
            ("path", population.path),
            *((f"groups.{key}", one) for key, one in population.groups.items()),
        ):
            _open_raster(folder, path, f"{place}.{name}", problems)
    else:
        columns = [str(population.people), *population.groups.values(), *([population.id] if population.id else [])]
        is_table = population.source == "zones"
        read = read_source(
            folder, population, "population", problems, columns=columns, field=f"{place}.path", is_table=is_table
        )
        if read is not None:
            read_counts(read, str(population.people), population.groups, problems)
    if population.control is not None:
        _open_control(folder, population.control, f"{place}.control", problems)
    if population.buildings is not None:
        _open_buildings(folder, population.buildings, f"{place}.buildings", problems)


def _open_control(folder: Path, control: Control, place: str, problems: Problems) -> None:
    layer = SourceLayer(
        path=control.path, layer=control.layer, sheet=control.sheet, encoding=control.encoding, where=control.where
    )
    columns = (control.id, control.people)
    read = read_source(folder, layer, "population: control", problems, columns=columns, field=place, is_table=True)
    if read is not None:
        read_counts(read, control.people, {}, problems)


def _open_buildings(folder: Path, buildings: Buildings, place: str, problems: Problems) -> None:
    columns = [buildings.floors] if buildings.floors else []
    read_source(folder, buildings, "population: buildings", problems, columns=columns, field=f"{place}.path")


def _open_raster(folder: Path, path: str, field: str, problems: Problems) -> None:
    full = resolve_path(folder, path, problems, field)
    if full is None:
        return
    try:
        rasterio.open(full).close()
    except RasterioError as error:
        problems.error(
            "file-unreadable", path, f"栅格读不出 the raster cannot be read ({full.stat().st_size} bytes): {str(error)[:200]}",
            field=field, expected="GeoTIFF", mend="重新复制或重新导出 copy or export it again",
        )  # fmt: skip
