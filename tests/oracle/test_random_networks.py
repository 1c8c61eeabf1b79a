"""``lifecircle.travel`` against the oracle on small random networks full of what real ones have little of.

One-way loops, dead ends, streets on top of each other, rings, ferries in several pieces, boats of the district's own,
hills with bridges, tunnels and steps, places on vertices, beside them, on one edge, out of reach: where contraction
and bookkeeping go wrong if they do.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

if importlib.util.find_spec("lifecircle.travel.reach") is None:
    pytest.skip("there is no lifecircle.travel yet", allow_module_level=True)

from tests.oracle.reference import ReferenceFerry, ReferenceMode, ReferenceNetwork, Way
from tests.oracle.slope import ReferenceHeights

from lifecircle.config import Mode, load_tags, load_ways
from lifecircle.model import Roads, Sailing
from lifecircle.sources.roads.osm import tag_frame, tag_keys
from lifecircle.travel.network import build_network
from lifecircle.travel.reach import Entrances, Search, join_points
from lifecircle.travel.slope import Heights

SPEEDS_KPH = {"primary": 60.0, "secondary": 45.0, "default": 20.0}
SLOW_KPH = {"primary": 11.0, "secondary": 4.0, "default": 6.0}
SETTINGS = {"access_kph": 5.0, "max_access_m": 220.0, "direct_m": 60.0, "min_fragment_m": 400.0}
EXACT = 1e-6
"""Seconds or metres."""


def draw(seed: int) -> tuple[np.ndarray, list[Way], list[Sailing]]:
    """Draw a network: nodes over two square kilometres, short and long ways between near ones, and ferries."""
    random = np.random.default_rng(seed)
    n_nodes = int(random.integers(6, 40))
    xy = random.uniform(0, 1400, (n_nodes, 2))
    ways = []
    for _ in range(int(random.integers(3, 22))):
        nodes = [int(random.integers(n_nodes))]
        for _ in range(int(random.integers(1, 6))):
            near = np.argsort(np.hypot(*(xy - xy[nodes[-1]]).T))[: int(random.integers(2, 7))]
            nodes.append(int(random.choice(near)))  # sometimes the node itself: a doubled node, as maps have
        tags = {"highway": str(random.choice(["primary", "primary_link", "secondary", "residential", "footway"]))}
        if random.random() < 0.5:
            tags["oneway"] = str(random.choice(["yes", "-1", "no", "reverse", "1"]))
        if random.random() < 0.1:
            tags["junction"] = "roundabout"
        if random.random() < 0.1:
            nodes.append(nodes[0])  # a ring, perhaps of its own
        ways.append(Way(nodes, tags))
    for _ in range(int(random.integers(0, 4))):
        nodes = random.choice(n_nodes, int(random.integers(2, 5)), replace=False).tolist()
        tags = {"route": "ferry", "duration": str(random.choice(["5", "00:07", "00:03:30", ""]))}
        tags |= {
            "motor_vehicle": str(random.choice(["yes", "no", "designated"])),
            "foot": str(random.choice(["yes", "no"])),
        }
        if random.random() < 0.3:
            tags["oneway"] = str(random.choice(["yes", "-1"]))
        if random.random() < 0.4:
            tags["interval"] = "00:20"
        ways.append(Way(nodes, tags))
    sailings = []
    for number in range(int(random.integers(0, 3))):
        start, stop = random.uniform(0, 1400, (2, 2))
        sailings.append(Sailing(f"s{number}", tuple(start), tuple(stop), float(random.uniform(60, 600)), ("m",)))
    return xy, ways, sailings


def places(xy: np.ndarray, ways: list[Way], seed: int, count: int) -> np.ndarray:
    """Draw places: anywhere, on vertices, within a millimetre of them, and in the middle of streets."""
    random = np.random.default_rng(seed)
    streets = [way.nodes for way in ways if "highway" in way.tags]
    found = []
    for _ in range(count):
        nodes = streets[int(random.integers(len(streets)))]
        piece = int(random.integers(len(nodes) - 1))
        a, b = xy[nodes[piece]], xy[nodes[piece + 1]]
        kind = random.random()
        if kind < 0.5:
            found.append(random.uniform(-200, 1600, 2))
        elif kind < 0.65:
            found.append(a)
        elif kind < 0.75:
            found.append(a + random.uniform(-4e-4, 4e-4, 2))
        else:
            found.append(a + random.uniform(0.05, 0.95) * (b - a) + random.normal(0, 5, 2))
    return np.array(found)


def raise_ways(ways: list[Way], seed: int) -> list[Way]:
    """Make some ways bridges, tunnels or steps, some on the ground say that they are no bridge."""
    random = np.random.default_rng(seed)
    raised = []
    for way in ways:
        tags, kind = dict(way.tags), random.random()
        if kind < 0.4:
            tags[str(random.choice(["bridge", "tunnel"]))] = str(random.choice(["yes", "no", "viaduct", "yes"]))
        if kind > 0.3 and random.random() < 0.25 and "highway" in tags:
            tags["highway"] = "steps"
        raised.append(Way(way.nodes, tags))
    return raised


def draw_ground(seed: int) -> tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], float]:
    """Draw hills, from gentle to steeper than anything counts, in half of the cases with a hole; and a length of cell."""
    random = np.random.default_rng(seed)
    waves = random.uniform(-1, 1, (4, 2)) * random.uniform(0.001, 0.02)
    shift, height_m = random.uniform(0, 7, 4), float(random.choice([5.0, 40.0, 400.0]))
    hole, radius_m = random.uniform(0, 1400, 2), float(random.choice([0.0, 300.0]))

    def ground(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        z = height_m * np.sin(np.column_stack([x, y]) @ waves.T + shift).sum(axis=1)
        return np.where(np.hypot(x - hole[0], y - hole[1]) < radius_m, np.nan, z)

    return ground, float(random.uniform(8, 90))


VALUES = [
    "yes",
    "no",
    "private",
    "permissive",
    "destination",
    "delivery",
    "emergency",
    "dismount",
    "agricultural;destination",
]
CLASSES = [
    "residential",
    "service",
    "track",
    "footway",
    "cycleway",
    "path",
    "motorway",
    "pedestrian",
    "steps",
    "busway",
    "proposed",
]
KINDS = ["bollard", "gate", "lift_gate", "stile", "wall", "cattle_grid", "door", "kerb", "something"]


def draw_tags(ways: list[Way], xy: np.ndarray, seed: int) -> tuple[list[Way], dict[int, dict[str, str]]]:
    """Give ways tags of every kind, of a pair or more at a time, and some nodes a barrier."""
    random = np.random.default_rng(seed)

    def pick(some: list[str]) -> str:
        return str(random.choice(some))

    kinds: list[Callable[[], dict[str, str]]] = [
        lambda: {
            pick(["access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar", "emergency"]): pick(VALUES)
        },
        lambda: {"access": pick(VALUES), "foot": pick(VALUES)},
        lambda: {pick(["access", "foot", "bicycle", "motor_vehicle"]) + pick([":forward", ":backward"]): pick(VALUES)},
        lambda: {
            pick(["oneway:bicycle", "oneway:foot", "oneway:motor_vehicle", "oneway"]): pick(
                ["yes", "no", "-1", "reversible", "?"]
            )
        },
        lambda: {"oneway": "yes", pick(["cycleway", "cycleway:left"]): pick(["opposite_lane", "lane"])},
        lambda: {"junction": pick(["roundabout", "circular", "jughandle"])},
        lambda: {"service": pick(["driveway", "alley", "emergency_access", "private"])},
        lambda: {
            f"sidewalk:{pick(['left', 'right', 'both'])}": "separate",
            "sidewalk": pick(["separate", "both", "no"]),
        },
        lambda: {pick(["motorroad", "area"]): "yes"},
        lambda: {"route": "ferry", "duration": pick(["12", "fast"])},
    ]
    tagged = []
    for way in ways:
        tags = dict(way.tags)
        if "highway" in tags and random.random() < 0.6:
            tags["highway"] = pick(CLASSES)
        for _ in range(int(random.integers(0, 3))):
            tags |= kinds[int(random.integers(len(kinds)))]()
        tagged.append(Way(way.nodes, tags))
    barriers = {}
    for node in random.choice(len(xy), len(xy) // 3, replace=False).tolist():
        own = {pick(["access", "foot", "bicycle", "motor_vehicle", "emergency", "locked"]): pick(VALUES)}
        barriers[node] = {"barrier": pick(KINDS)} | (own if random.random() < 0.5 else {})
    return tagged, barriers


@pytest.mark.parametrize("ways_of", ["walk", "bike", "drive", "ambulance"])
@pytest.mark.parametrize("seed", range(80))
def test_what_tags_mean_is_the_oracles(seed: int, ways_of: str) -> None:
    xy, ways, sailings = draw(seed + 9000)
    ways, barriers = draw_tags(ways, xy, seed)
    speed = SPEEDS_KPH if ways_of in ("drive", "ambulance") else 9.0
    mode = ReferenceMode(ways_of, speed, ways="tags", **SETTINGS)  # type: ignore[arg-type]
    compare_networks(xy, ways, sailings, mode, seed, barriers=barriers)


def our_roads(
    xy: np.ndarray, ways: list[Way], sailings: list[Sailing], barriers: dict[int, dict[str, str]] | None = None
) -> Roads:
    """The same network as the package holds it."""
    standing = barriers or {}
    keys = load_tags().barrier_keys
    sizes = [len(way.nodes) for way in ways]
    return Roads(
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        way_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        way_node=np.concatenate([way.nodes for way in ways]).astype(np.int64),
        way_id=np.array([f"w{n}" for n in range(len(ways))], dtype=object),
        tags=tag_frame({key: [way.tags.get(key) for way in ways] for key in tag_keys()}),
        source="drawn",
        sailings=tuple(sailings),
        barrier_node=np.array(list(standing), dtype=np.int64),
        barrier_tags=pd.DataFrame({key: pd.Categorical([tags.get(key) for tags in standing.values()]) for key in keys}),
    )


def ask_both(
    xy: list[tuple[float, float]],
    ways: list[Way],
    cell: tuple[float, float],
    door: tuple[float, float],
    ways_of: str = "walk",
) -> tuple[float, float]:
    """Seconds from a cell to a door: ours and the oracle's."""
    mode = ReferenceMode(ways_of, 9.0, **SETTINGS)  # type: ignore[arg-type]
    theirs = ReferenceNetwork.from_ways(dict(enumerate(xy)), ways, mode).matrix([cell], [door], "toward")[0, 0]
    ours = build_network(our_roads(np.array(xy, float), ways, []), our_mode(mode), load_ways())
    homes = join_points(ours, np.array([cell[0]], float), np.array([cell[1]], float))
    doors = join_points(ours, np.array([door[0]], float), np.array([door[1]], float))
    return float(Search(ours, "seconds", "toward").nearest(homes, Entrances(doors, np.array([0, 1])))[0][0]), float(
        theirs
    )


def test_each_of_two_ferries_end_to_end_is_waited_for() -> None:
    """The first sails every twenty minutes, the second has no timetable; they meet at a pier without a street."""
    xy = [(0.0, 0.0), (500.0, 0.0), (1500.0, 0.0), (2500.0, 0.0), (3000.0, 0.0)]
    street = {"highway": "residential"}
    first = {"route": "ferry", "duration": "10", "interval": "20"}
    second = {"route": "ferry", "duration": "5"}
    for there, after in ((first, second), (second, first)):
        ways = [Way([0, 1], street), Way([1, 2], there), Way([2, 3], after), Way([3, 4], street)]
        ours, theirs = ask_both(xy, ways, (0, 0), (3000, 0))
        # 200 s of street at each end, 15 minutes at sea, half of twenty waiting
        assert theirs == pytest.approx(200 + 900 + 600 + 200)
        assert ours == pytest.approx(theirs)


def test_a_one_way_ferry_is_one_way_on_foot_too() -> None:
    xy = [(0.0, 0.0), (500.0, 0.0), (1500.0, 0.0), (2000.0, 0.0)]
    street, boat = {"highway": "residential"}, {"route": "ferry", "duration": "10", "oneway": "yes"}
    ways = [Way([0, 1], street), Way([1, 2], boat), Way([2, 3], street)]
    assert ask_both(xy, ways, (0, 0), (2000, 0)) == pytest.approx((1000, 1000))
    assert ask_both(xy, ways, (2000, 0), (0, 0)) == (np.inf, np.inf)


@pytest.mark.parametrize("join", ["near", "nearest"])
@pytest.mark.parametrize("ways_of", ["walk", "bike", "drive"])
@pytest.mark.parametrize("seed", range(60))
def test_nearest_and_reach_are_the_oracles(seed: int, ways_of: str, join: str) -> None:
    xy, ways, sailings = draw(seed)
    speed = SPEEDS_KPH if ways_of == "drive" else 9.0
    compare_networks(xy, ways, sailings, ReferenceMode(ways_of, speed, **SETTINGS, join=join), seed)  # type: ignore[arg-type]


@pytest.mark.parametrize("ways_of", ["walk", "bike", "drive"])
@pytest.mark.parametrize("seed", range(60))
def test_over_hills_seconds_and_metres_are_the_oracles(seed: int, ways_of: str) -> None:
    xy, ways, sailings = draw(seed + 500)
    ways = raise_ways(ways, seed + 3000)
    speeds = [9.0, SLOW_KPH, SLOW_KPH | {"steps": 1.5}]
    speed = SPEEDS_KPH if ways_of == "drive" else speeds[seed % 3]
    slope = {"slope": seed % 10 != 9} | ({"steps_kph": 0.8} if seed % 2 else {})
    mode = ReferenceMode(ways_of, speed, **SETTINGS, **slope)  # type: ignore[arg-type]
    compare_networks(xy, ways, sailings, mode, seed, ground=draw_ground(seed + 4000))


def compare_networks(
    xy: np.ndarray,
    ways: list[Way],
    sailings: list[Sailing],
    mode: ReferenceMode,
    seed: int,
    ground: tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], float] | None = None,
    barriers: dict[int, dict[str, str]] | None = None,
) -> None:
    """Ask both for every cost, both ways, in seconds and in metres."""
    bare = ReferenceNetwork.from_ways(dict(enumerate(xy)), ways, mode, barriers=barriers)
    sailings = [s for s in sailings if not any(is_tied(bare, np.array(end)) for end in (s.from_xy, s.to_xy))]
    ferries = [ReferenceFerry(boat.from_xy, boat.to_xy, boat.seconds / 60) for boat in sailings]
    their_heights = our_heights = None
    if ground is not None:
        sample, cell_m = ground
        their_heights = ReferenceHeights(lambda at: sample(at[:, 0], at[:, 1]), cell_m)
        our_heights = Heights(lambda x, y, _is_nearest: sample(x, y), cell_m)
    theirs = ReferenceNetwork.from_ways(
        dict(enumerate(xy)), ways, mode, ferries=ferries, heights=their_heights, barriers=barriers
    )
    ours = build_network(our_roads(xy, ways, sailings, barriers), our_mode(mode), load_ways(), our_heights)
    cells, doors = places(xy, ways, seed + 1000, 80), places(xy, ways, seed + 2000, 15)
    # A place may lie as near to two streets; then either side is right, and neither is compared.
    doors = np.array([at for at in doors if not is_tied(theirs, at)][:5]).reshape(-1, 2)
    if not len(doors):
        pytest.skip("every facility lies between two streets")
    homes = join_points(ours, cells[:, 0].copy(), cells[:, 1].copy())
    entrances = Entrances(join_points(ours, doors[:, 0].copy(), doors[:, 1].copy()), np.arange(len(doors) + 1))
    tied = np.array([is_tied(theirs, at) for at in cells])
    for direction in ("toward", "from"):
        for weight, measure, horizon in (("seconds", "s", 400.0), ("metres", "m", 700.0)):
            search = Search(ours, weight, direction)  # type: ignore[arg-type]
            expected = theirs.matrix(cells, doors, direction, measure)  # type: ignore[arg-type]
            cost, facility = search.nearest(homes, entrances)
            compare(cost[~tied], expected.min(axis=0)[~tied])
            named = expected[facility[~tied & (facility >= 0)], np.flatnonzero(~tied & (facility >= 0))]
            compare(named, cost[~tied & (facility >= 0)])
            reach = dense(search.reach(homes, entrances, horizon))
            within = np.where(expected <= horizon, expected, np.inf)
            clear = ~tied & (np.abs(expected - horizon) > EXACT).all(axis=0)
            compare(reach[:, clear], within[:, clear])


def our_mode(mode: ReferenceMode) -> Mode:
    """The same mode as the package holds it."""
    keys = {"speeds_kph" if isinstance(mode.speed_kph, dict) else "speed_kph": mode.speed_kph}
    slope = {"steps_kph": mode.steps_kph} if mode.slope else False
    who = {"id": "m", "label": "m", "network_type": mode.network, "ways": mode.ways, "join": mode.join}
    return Mode.model_validate({**who, "slope": slope, **keys, **SETTINGS})


def is_tied(network: ReferenceNetwork, at: np.ndarray) -> bool:
    """Whether a place is as near, to a hair, to streets it would join at different points, or a hair decides which it joins."""
    if network.mode.join == "near":
        return network.is_unsure(at)
    joins = network.joins_within(at, 1e-6)
    keys = {(int(v), -1, 0.0) if v >= 0 else (-1, int(e), 0.0) for v, e in zip(joins.vertex, joins.edge, strict=True)}
    return len(keys) > 1


def dense(reach: scipy.sparse.csr_array) -> np.ndarray:
    """Facilities x cells, inf where nothing is stored; a stored 0 is a cell at the door."""
    table = np.full(reach.shape, np.inf)
    row, column = np.repeat(np.arange(reach.shape[0]), np.diff(reach.indptr)), reach.indices
    table[row, column] = reach.data
    return table


def compare(ours: np.ndarray, theirs: np.ndarray) -> None:
    """The same to a millionth, and the same unreachable."""
    assert (np.isfinite(ours) == np.isfinite(theirs)).all(), (ours, theirs)
    reached = np.isfinite(theirs)
    assert np.abs(ours[reached] - theirs[reached]).max(initial=0) <= EXACT
