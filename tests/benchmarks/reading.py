"""Job (b): an OpenStreetMap extract to a network that can be searched."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyproj
from tests.benchmarks import ours
from tests.benchmarks.harness import Contender, Job
from tests.benchmarks.networks import EXTRACTS
from tests.oracle.reference import ReferenceMode, read_osm

if TYPE_CHECKING:
    from collections.abc import Callable

Size = tuple[int, float]
"""Segments between two nodes, and kilometres."""


def jobs(place: str, network: str = "drive") -> list[Job]:
    """Return the job on one extract."""
    path, crs = EXTRACTS[place]
    contenders = [
        Contender("lifecircle, to a network", lambda: ours.prepare_reading(path, crs, network)),
        Contender("pyosmium, plain", lambda: _pyosmium(path, crs, network), 3, check=_alike),
        Contender("pyrosm to_graph", lambda: _pyrosm(path, network), 3, check=_alike),
        Contender("OSMnx xml, simplified", lambda: _osmnx(path, network, simplify=True), 1, check=_alike),
        Contender("OSMnx xml", lambda: _osmnx(path, network, simplify=False), 1, check=_alike),
    ]
    size_mb = path.stat().st_size / 1e6
    return [Job(f"reading, {place} {network} ({size_mb:.1f} MB pbf)", contenders, rounds=5)]


def _alike(ours: Size, theirs: Size) -> str:
    share = theirs[1] / ours[1] - 1
    same = ours[0] == theirs[0] and abs(share) < 0.005
    return "" if same else f"{theirs[0]:,} pieces, {theirs[1]:,.0f} km (ours {ours[0]:,}, {ours[1]:,.0f} km)"


def _pyosmium(path: Path, crs: str, network: str) -> Callable[[], Size]:
    mode = ReferenceMode(network, 1.0)  # type: ignore[arg-type]
    project = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def run() -> Size:
        lonlat, ways = read_osm(path)
        row = {node: number for number, node in enumerate(lonlat)}
        xy = np.column_stack(project.transform(*np.array(list(lonlat.values())).T))
        pairs = [
            (row[a], row[b])
            for way in ways
            if "highway" in way.tags and mode.may_use_street(way.tags)
            for a, b in zip(way.nodes[:-1], way.nodes[1:], strict=True)
            if a != b and a in row and b in row
        ]
        a, b = np.array(pairs).T
        return len(pairs), float(np.hypot(*(xy[a] - xy[b]).T).sum()) / 1000

    return run


def _pyrosm(path: Path, network: str) -> Callable[[], Size]:
    import pyrosm

    kind = {"drive": "driving", "walk": "walking", "bike": "cycling"}[network]

    def run() -> Size:
        osm = pyrosm.OSM(str(path))
        nodes, edges = osm.get_network(nodes=True, network_type=kind)
        graph = osm.to_graph(nodes, edges, graph_type="igraph", network_type=kind, retain_all=True)
        assert graph.vcount()
        return len(edges), float(edges["length"].sum()) / 1000

    return run


def _osmnx(path: Path, network: str, *, simplify: bool) -> Callable[[], Size]:
    import osmnx

    # OSMnx reads XML only, and takes every way it finds: the ways of its own filter are written out first.
    xml = _write_xml(path, network)
    osmnx.settings.useful_tags_way = ["highway", "oneway", "junction", "name", "maxspeed"]

    def run() -> Size:
        graph = osmnx.graph_from_xml(xml, bidirectional=network == "walk", simplify=simplify, retain_all=True)
        undirected = osmnx.convert.to_undirected(graph)
        metres = sum(length for _, _, length in undirected.edges(data="length"))
        return undirected.number_of_edges(), metres / 1000

    return run


def _write_xml(path: Path, network: str) -> Path:
    import osmium

    xml = Path(tempfile.mkdtemp()) / f"{network}.osm"
    mode = ReferenceMode(network, 1.0)  # type: ignore[arg-type]
    with osmium.BackReferenceWriter(str(xml), ref_src=str(path), overwrite=True, remove_tags=False) as writer:
        for way in osmium.FileProcessor(str(path)):
            if way.is_way() and "highway" in way.tags and mode.may_use_street(dict(way.tags)):
                writer.add(way)
    return xml
