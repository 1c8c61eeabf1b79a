"""Small supply systems that the tests of water share, and strategies for any."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lifecircle.indicators.water_system import Links, Plants, Sources, SupplySystem, Villages

NAN = float("nan")


def text(*values):
    return np.array(values, dtype=object)


def plants(tiers, capacity):
    ids = [f"P{i}" for i in range(len(tiers))]
    return Plants(
        text(*ids), text(*[f"水厂{i}" for i in ids]), text(*tiers), np.array(capacity, float), np.ones(len(ids), bool)
    )


def sources(plant, capacity):
    ids = [f"S{i}" for i in range(len(plant))]
    return Sources(text(*ids), text(*[f"水源{i}" for i in ids]), text(*["水库"] * len(ids)), np.array(plant, dtype=np.int64),
        np.array(capacity, float))  # fmt: skip


def links(from_plant, to_plant, capacity):
    ids = [f"L{i}" for i in range(len(from_plant))]
    return Links(text(*ids), text(*[f"联通{i}" for i in ids]), np.array(from_plant, dtype=np.int64),
        np.array(to_plant, dtype=np.int64), np.array(capacity, float))  # fmt: skip


def villages(n):
    return Villages(text(*[f"V{i}" for i in range(n)]), text(*[f"村{i}" for i in range(n)]))


def system(service, tiers, capacity, source=((), ()), link=((), (), ())):
    service = np.array(service, dtype=float)
    return SupplySystem(
        plants(tiers, capacity), villages(service.shape[1]), csr_array(service), sources(*source), links(*link)
    )


PEOPLE = np.array([100.0, 200.0, 300.0, 400.0])


def two_towns(link=((), (), ())):
    """A large works with a main and a small reservoir, and a small one with a reservoir and desalination; half a village on none.

    At 100 L: P0 is asked for 10 + 20 = 30 m3/d, P1 for 30 x 0.5 = 15 (half of V2), V3 is served by nobody.
    """
    return system(
        [[1, 1, 0, 0], [0, 0, 0.5, 0]],
        ["县域网", "局域网"],
        [50, 20],
        ([0, 0, 1, 1], [40, 6, 9, 12]),
        link,
    )


@st.composite
def systems(draw, *, unlisted=True):
    """Any small system: whole numbers, so that equal is equal. ``unlisted`` lets a plant have no source."""
    n_plants, n_villages = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    quarters = np.zeros((n_plants, n_villages))
    for village in range(n_villages):
        for _ in range(draw(st.integers(0, 4))):
            quarters[draw(st.integers(0, n_plants - 1)), village] += 0.25
    capacity = st.one_of(st.just(NAN), st.integers(0, 60).map(float))
    plant = draw(st.lists(st.integers(-1, n_plants - 1), max_size=6))
    if not unlisted:
        plant += list(range(n_plants))
    ends = draw(st.lists(st.tuples(*[st.integers(0, n_plants - 1)] * 2), max_size=4))
    return system(
        quarters,
        draw(
            st.lists(
                st.sampled_from(["县域网", "局域网", "单村水厂", "自备井", ""]), min_size=n_plants, max_size=n_plants
            )
        ),
        draw(st.lists(capacity, min_size=n_plants, max_size=n_plants)),
        (plant, draw(st.lists(capacity, min_size=len(plant), max_size=len(plant)))),
        ([a for a, _ in ends], [b for _, b in ends], draw(st.lists(capacity, min_size=len(ends), max_size=len(ends)))),
    )


def peopled(draw, a_system):
    n = len(a_system.villages)
    return np.array(draw(st.lists(st.integers(0, 500).map(float), min_size=n, max_size=n)))
