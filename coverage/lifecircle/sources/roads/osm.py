"""OpenStreetMap extracts through pyosmium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import osmium
import pandas as pd
import pyproj

from lifecircle.config import Roads as RoadsLayer
from lifecircle.config import load_streets, load_ways
from lifecircle.model import Features, Roads
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources.datum import WGS84, to_district

_ALWAYS = (
    "highway",
    "route",
    "oneway",
    "junction",
    "maxspeed",
    "duration",
    "interval",
    "name",
    "bridge",
    "bridge:name",
    "tunnel",
    "layer",
    "vehicle",
)


def tag_keys() -> tuple[str, ...]:
    """Return the OSM keys that decide anything: ours and those the modes' filters look at."""
    keys = dict.fromkeys(_ALWAYS)
    for ways in load_ways().values():
        keys.update(dict.fromkeys([*ways.exclude, *ways.ferry_require, *ways.ferry_exclude]))
    return tuple(keys)


def read_osm(path: Path, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems) -> Roads:
    """Read the ways with a ``highway`` tag, and those with ``route=ferry``, from a ``.pbf`` or ``.osm`` file.

    The ways pass through osmium's text format OPL, one line a way with its nodes' places, which is read back as arrays:
    asking pyosmium for every node and tag in Python takes more than twice as long.
    https://osmcode.org/opl-file-format/

    Raises
    ------
    UnreadableError
        Where the file is cut short or is not what its name says.
    """
    keys = tag_keys()
    found = _Found()
    for line in _way_lines(path):
        identity, _, rest = line.partition(" T")
        tags, _, nodes = rest.rpartition(" N")
        number = found.number_tags(tags, keys)
        highway, route, *_ = found.rows[number]
        if highway is None and (route != "ferry" or not layer.ferries):
            continue
        found.add(identity, number, nodes)
    if found.broken:
        is_cut = found.lost > load_streets().plausible.broken_share * found.ways
        problems.add(
            "roads-missing-nodes", "error" if is_cut else "warning", layer.path or "",
            f"{found.ways} 条道路中有 {found.broken} 条的节点不在文件里 ways with nodes that are not in the file",
            expected="完整的道路 complete ways", mend="道路在缺口处断开 they break there; 用 complete-ways 方式裁剪 cut it with complete ways",
            count=found.broken,
        )  # fmt: skip
    return found.roads(keys, district_crs)


def _way_lines(path: Path) -> Iterator[str]:
    """Yield the streets and ferries of a file as lines of OPL; a province's are never in memory all at once."""
    with TemporaryDirectory(prefix="lifecircle-") as folder:
        written = Path(folder) / "ways.opl"
        try:
            _write_ways(path, written)
        except (RuntimeError, ValueError, OSError) as error:
            raise UnreadableError(f"读不出 cannot be read: {error}") from error
        with written.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield line.rstrip("\n")


def _write_ways(path: Path, written: Path) -> None:
    form = osmium.io.File(str(written), "opl,locations_on_ways=true,add_metadata=false")
    with osmium.SimpleWriter(form) as writer:
        for way in (
            osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
            .with_locations()
            .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            .with_filter(osmium.filter.KeyFilter("highway", "route"))
        ):
            writer.add_way(way)


@dataclass(slots=True)
class _Found:
    """The ways met so far, as growing columns."""

    nodes: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """For each way, its row of ``rows``."""
    ways: int = 0
    broken: int = 0
    """Ways with nodes that are not in the file."""
    lost: int = 0
    """Ways of which nothing is left."""
    kept_in_part: int = 0
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    def number_tags(self, text: str, keys: tuple[str, ...]) -> int:
        """Return the row of the values of ``keys`` in OPL's ``key=value,key=value``; few rows stand for very many ways."""
        number = self.known.get(text)
        if number is None:
            tags = dict(part.split("=", 1) for part in text.split(",")) if text else {}
            number = len(self.rows)
            self.rows.append(tuple(_unescape(value) if (value := tags.get(key)) else None for key in keys))
            self.known[text] = number
        return number

    def add(self, identity: str, number: int, nodes: str) -> None:
        """Add a way; where an extract cut nodes away, its pieces between them: no street is drawn across a hole."""
        pieces, pieces_before = [nodes], len(self.nodes)
        self.ways += 1
        if "xy" in nodes:
            self.broken += 1
            # A ferry's duration cannot be shared over a part of it.
            pieces = [piece.strip(",") for piece in _NO_PLACE.split(nodes)] if self.rows[number][0] is not None else []
        for piece in pieces:
            count = piece.count("n")
            if count > 1:
                self.nodes.append(piece)
                self.counts.append(count)
                self.identities.append(identity)
                self.numbers.append(number)
        is_lost = len(self.nodes) == pieces_before
        self.lost += is_lost
        self.kept_in_part += "xy" in nodes and not is_lost

    def roads(self, keys: tuple[str, ...], district_crs: pyproj.CRS) -> Roads:
        """Return the columns as a street map in the district's CRS; a node keeps its identity, whoever shares it."""
        text = ",".join(self.nodes).translate(_NUMBERS_ONLY)
        table = np.fromstring(text, dtype=np.float64, sep=" ").reshape(-1, 3)
        # Identities stay far below 2^53, where float64 is still exact.
        _, first, node = np.unique(table[:, 0].astype(np.int64), return_index=True, return_inverse=True)
        x, y = to_district(table[first, 1], table[first, 2], WGS84, district_crs)
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(keys)
        rows = tag_frame(dict(zip(keys, columns, strict=True)))
        return Roads(
            x=x,
            y=y,
            way_start=np.concatenate([[0], np.cumsum(np.array(self.counts, dtype=np.int64))]),
            way_node=node.astype(np.int64),
            way_id=np.array(self.identities, dtype=object),
            tags=rows.take(self.numbers).reset_index(drop=True),
            source="OpenStreetMap, EPSG:4326",
            features=Features(rows=self.ways, repaired=self.kept_in_part, set_aside=self.lost),
        )


_NO_PLACE = re.compile(r"n-?\d+xy")
_NUMBERS_ONLY = str.maketrans("nxy,", "    ")
_ESCAPE = re.compile(r"%([0-9a-fA-F]+)%")


def _unescape(text: str) -> str:
    return text if "%" not in text else _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)


def tag_frame(columns: dict[str, Any]) -> pd.DataFrame:
    """Return the tags as categories, one row a way: few values stand for very many ways."""
    count = len(next(iter(columns.values()))) if columns else 0
    keys = dict.fromkeys([*columns, *tag_keys()])
    return pd.DataFrame({key: pd.Categorical(list(columns.get(key, [None] * count))) for key in keys})
