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

from lifecircle.config import RoadsLayer, load_streets, load_tags, load_ways
from lifecircle.config.tags import is_ferry_route, parse_duration_s, split_values
from lifecircle.model import BoolArray, Features, IntArray, Roads
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
_TAKEN_FROM_RELATION = ("name", "foot", "bicycle", "motorcar", "motor_vehicle", "vehicle", "access")
"""What a ferry's relation says for those of its ways that do not say it themselves."""
VEHICLE_KEYS = ("restriction", "restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle")
"""https://wiki.openstreetmap.org/wiki/Relation:restriction."""


def tag_keys() -> tuple[str, ...]:
    """Return the OSM keys of a way that decide anything: ours, what the tags' tables look at, and OSMnx's filters."""
    keys = dict.fromkeys([*_ALWAYS, *load_tags().way_keys])
    for ways in load_ways().values():
        keys.update(dict.fromkeys([*ways.exclude, *ways.ferry_require, *ways.ferry_exclude]))
    return tuple(keys)


def read_osm(path: Path, layer: RoadsLayer, district_crs: pyproj.CRS, problems: Problems) -> Roads:
    """Read the ways with a ``highway`` tag, and those with ``route=ferry``, from a ``.pbf`` or ``.osm`` file.

    With them come the barriers that stand on their nodes, what a ferry's relation (``type=route``, ``route=ferry``) says of its ways, and the
    turns that are forbidden. Ways and nodes pass through osmium's text format OPL, one line each, which is read back as arrays: asking
    pyosmium for every node and tag in Python takes more than twice as long.
    https://osmcode.org/opl-file-format/

    Raises
    ------
    UnreadableError
        Where the file is cut short or is not what its name says.
    """
    keys = tag_keys()
    relations = _read_relations(path)
    found = _Found(barrier_keys=load_tags().barrier_keys)
    for line in _lines(path, relations.of_way if layer.ferries else {}):
        identity, _, rest = line.partition(" T")
        if line[0] == "n":
            found.add_barrier(identity, rest.partition(" x")[0])
            continue
        tags, _, nodes = rest.rpartition(" N")
        number = found.number_tags(tags, keys, relations.of_way.get(identity) if layer.ferries else None)
        highway, route, *_ = found.rows[number]
        is_ferry = route is not None and is_ferry_route(route)
        if (highway is None and not is_ferry) or (is_ferry and not layer.ferries):
            continue
        found.add(identity, number, nodes, is_ferry=is_ferry)
    if found.broken:
        is_cut = found.lost > load_streets().plausible.broken_share * found.ways
        problems.add(
            "roads-missing-nodes", "error" if is_cut else "warning", layer.path or "",
            f"{found.ways} 条道路中有 {found.broken} 条的节点不在文件里 ways with nodes that are not in the file",
            expected="完整的道路 complete ways", mend="道路在缺口处断开 they break there; 用 complete-ways 方式裁剪 cut it with complete ways",
            count=found.broken,
        )  # fmt: skip
    return found.roads(keys, district_crs, relations.turns)


@dataclass(slots=True)
class _Relations:
    """What relations say of ways and crossings."""

    of_way: dict[str, dict[str, str]] = field(default_factory=dict)
    """By way (``w12``): what its ferry's relation says."""
    turns: list[tuple[str, int]] = field(default_factory=list)
    """Kind, and the node of the crossing."""


def _read_relations(path: Path) -> _Relations:
    """Return the ferries' relations, the longest first where a way is in several, and the turns forbidden to cars."""
    found, ferries = _Relations(), []
    wanted = osmium.filter.TagFilter(("type", "restriction"), ("route", "ferry"), ("type", "route"))
    try:
        for relation in osmium.FileProcessor(str(path), osmium.osm.RELATION).with_filter(wanted):
            if not isinstance(relation, osmium.osm.Relation):
                continue
            tags = dict(relation.tags)
            if tags.get("type") == "restriction":
                found.turns += _forbidden_turn(tags, relation.members)
            elif is_ferry_route(tags.get("route", "")):
                ways = [f"w{member.ref}" for member in relation.members if member.type == "w"]
                ferries.append((relation.id, tags, ways))
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableError(f"读不出 cannot be read: {error}") from error
    # Of a way in several relations the longest sailing counts: nobody is brought there too soon.
    ferries.sort(key=lambda each: (-np.nan_to_num(parse_duration_s(each[1].get("duration", ""))), each[0]))
    for number, tags, ways in ferries:
        said = {key: tags[key] for key in _TAKEN_FROM_RELATION if key in tags}
        said["relation"] = f"r{number}"
        said |= {f"relation:{key}": tags[key] for key in ("duration", "interval") if key in tags}
        for way in ways:
            found.of_way.setdefault(way, said)
    return found


def _forbidden_turn(tags: dict[str, str], members: Any) -> list[tuple[str, int]]:
    """Return the kind of a turn restriction on cars and the node it is at; nothing where it spares cars or is about no node."""
    kinds = [tags[key] for key in VEHICLE_KEYS if key in tags]
    spared = {"motorcar", "motor_vehicle"} & set(split_values(tags.get("except", "")))
    via = [member.ref for member in members if member.role == "via" and member.type == "n"]
    return [(kinds[-1], via[0] if via else 0)] if kinds and not spared else []


def _lines(path: Path, members: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield barriers, streets and ferries of a file as lines of OPL; a province's are never in memory all at once."""
    with TemporaryDirectory(prefix="lifecircle-") as folder:
        written = Path(folder) / "ways.opl"
        try:
            untagged = _write_lines(path, written, {int(way[1:]) for way in members})
            files = [written]
            if untagged:  # only their relation says that they are a ferry
                files.append(Path(folder) / "members.opl")
                _write_members(path, files[1], untagged)
        except (RuntimeError, ValueError, OSError) as error:
            raise UnreadableError(f"读不出 cannot be read: {error}") from error
        for file in files:
            with file.open(encoding="utf-8", newline="\n") as lines:
                for line in lines:
                    yield line.rstrip("\n")


def _writer(written: Path) -> osmium.SimpleWriter:
    return osmium.SimpleWriter(osmium.io.File(str(written), "opl,locations_on_ways=true,add_metadata=false"))


def _write_lines(path: Path, written: Path, members: set[int]) -> set[int]:
    """Write the barriers, streets and ferries; return the members that are not among them."""
    missing = set(members)
    of_nodes, of_ways = osmium.filter.KeyFilter("barrier"), osmium.filter.KeyFilter("highway", "route")
    of_nodes.enable_for(osmium.osm.NODE)
    of_ways.enable_for(osmium.osm.WAY)
    with _writer(written) as writer:
        for one in (
            osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
            .with_locations()
            .with_filter(of_nodes)
            .with_filter(of_ways)
        ):
            if isinstance(one, osmium.osm.Node):
                writer.add_node(one)
            else:
                writer.add_way(one)
                missing.discard(one.id)
    return missing


def _write_members(path: Path, written: Path, members: set[int]) -> None:
    with _writer(written) as writer:
        for way in (
            osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
            .with_locations()
            .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            .with_filter(osmium.filter.IdFilter(members))
        ):
            writer.add_way(way)


@dataclass(slots=True)
class _Found:
    """The ways and barriers met so far, as growing columns."""

    barrier_keys: tuple[str, ...]
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
    known: dict[tuple[str, str], int] = field(default_factory=dict)
    barriers: list[int] = field(default_factory=list)
    barrier_rows: list[tuple[str | None, ...]] = field(default_factory=list)

    def number_tags(self, text: str, keys: tuple[str, ...], relation: dict[str, str] | None = None) -> int:
        """Return the row of the values of ``keys`` in OPL's ``key=value,key=value``; few rows stand for very many ways."""
        asked = (text, relation["relation"] if relation else "")
        number = self.known.get(asked)
        if number is None:
            tags = _read_tags(text)
            if relation and ("highway" not in tags or is_ferry_route(tags.get("route", ""))):
                # A pier or a street in the relation stays a street; a way with no other use is the ferry.
                tags = {"route": "ferry", **relation, **tags}
            number = len(self.rows)
            self.rows.append(tuple(tags.get(key) or None for key in keys))
            self.known[asked] = number
        return number

    def add(self, identity: str, number: int, nodes: str, *, is_ferry: bool) -> None:
        """Add a way; where an extract cut nodes away, its pieces between them: no street is drawn across a hole."""
        pieces, pieces_before = [nodes], len(self.nodes)
        self.ways += 1
        if "xy" in nodes:
            self.broken += 1
            # A ferry's duration cannot be shared over a part of it.
            pieces = [] if is_ferry else [piece.strip(",") for piece in _NO_PLACE.split(nodes)]
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

    def add_barrier(self, identity: str, text: str) -> None:
        """Add a node with a ``barrier`` tag."""
        tags = _read_tags(text)
        self.barriers.append(int(identity.partition(" ")[0][1:]))
        self.barrier_rows.append(tuple(tags.get(key) or None for key in self.barrier_keys))

    def roads(self, keys: tuple[str, ...], district_crs: pyproj.CRS, turns: list[tuple[str, int]]) -> Roads:
        """Return the columns as a street map in the district's CRS; a node keeps its identity, whoever shares it."""
        text = ",".join(self.nodes).translate(_NUMBERS_ONLY)
        table = np.fromstring(text, dtype=np.float64, sep=" ").reshape(-1, 3)
        # Identities stay far below 2^53, where float64 is still exact.
        identity, first, node = np.unique(table[:, 0].astype(np.int64), return_index=True, return_inverse=True)
        x, y = to_district(table[first, 1], table[first, 2], WGS84, district_crs)
        if not len(identity):  # barriers and turns of no street
            self.barriers, self.barrier_rows, turns = [], [], []
        barrier_node, barrier_tags = self._barrier_nodes(identity)
        at, is_known = _positions(np.array([crossing for _, crossing in turns], dtype=np.int64), identity)
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
            barrier_node=barrier_node,
            barrier_tags=barrier_tags,
            turn_kind=np.array([kind for kind, _ in turns], dtype=object)[is_known],
            turn_xy=np.column_stack([x[at], y[at]])[is_known],
        )

    def _barrier_nodes(self, identity: IntArray) -> tuple[IntArray, pd.DataFrame]:
        """Return the barriers that stand on a node of a way, and their tags."""
        at, is_known = _positions(np.array(self.barriers, dtype=np.int64), identity)
        columns = list(zip(*self.barrier_rows, strict=True)) or [()] * len(self.barrier_keys)
        every = pd.DataFrame({key: pd.Categorical(each) for key, each in zip(self.barrier_keys, columns, strict=True)})
        return at[is_known], every[is_known].reset_index(drop=True)


def _positions(wanted: IntArray, identity: IntArray) -> tuple[IntArray, BoolArray]:
    """Return where each is in the sorted ``identity`` (which is not empty, unless nothing is wanted), and whether it is there."""
    at = np.minimum(np.searchsorted(identity, wanted), len(identity) - 1)
    return at, np.asarray(identity[at] == wanted)


def _read_tags(text: str) -> dict[str, str]:
    """Return the tags of OPL's ``key=value,key=value``."""
    if not text:
        return {}
    return {_unescape(key): _unescape(value) for key, value in (part.split("=", 1) for part in text.split(","))}


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
