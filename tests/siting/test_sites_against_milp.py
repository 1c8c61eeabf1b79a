"""Questions too large for trying every subset, against SciPy's solver on the textbook's own program."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from lifecircle.siting import (
    Floors,
    Siting,
    backup_covering,
    capacitated_covering,
    maximal_covering,
    p_center,
    p_median,
    set_covering,
)

SEEDS = range(4)


def least(cost, rows, lower, upper, whole) -> float:
    found = milp(
        cost, integrality=whole, bounds=Bounds(0, 1), constraints=LinearConstraint(csr_array(rows), lower, upper),
        options={"mip_rel_gap": 0.0},
    )  # fmt: skip
    assert found.status == 0
    return float(found.fun)


def drawn(seed: int, sites: int = 60, cells: int = 90) -> tuple[np.random.Generator, csr_array, np.ndarray]:
    """Draw circles about places in a square; every cell has somebody within reach."""
    random = np.random.default_rng(seed)
    places = random.random((cells, 2))
    at = np.concatenate([places[: cells // 3], random.random((sites - cells // 3, 2))])
    apart = np.sqrt(((at[:, None] - places[None]) ** 2).sum(axis=2))
    covers = apart <= random.uniform(0.12, 0.2)
    covers[apart.argmin(axis=0), np.arange(cells)] = True
    return random, csr_array(covers.astype(float)), random.integers(1, 60, cells).astype(float)


def says_what_it_is(found: Siting, value: float) -> None:
    assert found.status == "optimal"
    assert found.gap == 0
    assert found.objective == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [1.0, 0.85])
@pytest.mark.parametrize("priced", [False, True])
def test_set_covering(seed, share, priced):
    random, covers, people = drawn(seed)
    sites, cells = covers.shape
    price = random.integers(1, 30, sites).astype(float) if priced else np.ones(sites)
    rows = vstack(
        [hstack([covers.T, eye_array(cells)]), hstack([csr_array((1, sites)), csr_array(people[None, :])])],
        format="csr",
    )
    upper = np.append(np.full(cells, np.inf), (1 - share) * people.sum())
    lower = np.append(np.ones(cells), -np.inf)
    value = least(np.append(price, np.zeros(cells)), rows, lower, upper, np.arange(sites + cells) < sites)
    found = set_covering(covers, people, share, costs=price if priced else None)
    says_what_it_is(found, value)
    assert found.people_covered >= share * people.sum() - 1e-6
    assert found.people_covered == people[(covers.T @ np.isin(np.arange(sites), found.chosen)) > 0].sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_set_covering_of_pairs_drawn_at_random(seed):
    random = np.random.default_rng(seed)
    covers = random.random((150, 50)) < 0.08
    covers[random.integers(0, 150, 50), np.arange(50)] = True
    price = random.integers(1, 100, 150).astype(float)
    value = least(price, covers.T.astype(float), 1.0, np.inf, np.ones(150))
    says_what_it_is(set_covering(covers, np.ones(50), costs=price), value)


@pytest.mark.parametrize("seed", SEEDS)
def test_floors_by_unit_with_a_share_of_all(seed):
    random, covers, people = drawn(seed)
    sites, cells = covers.shape
    membership = csr_array((np.ones(cells), (random.integers(0, 4, cells), np.arange(cells))), shape=(4, cells))
    share = random.uniform(0.4, 0.8, 4)
    of_unit = csr_array(membership.multiply(people[None, :]))
    rows = vstack(
        [
            hstack([covers.T, eye_array(cells)]),
            hstack([csr_array((1, sites)), csr_array(people[None, :])]),
            hstack([csr_array((4, sites)), of_unit]),
        ],
        format="csr",
    )
    upper = np.concatenate([np.full(cells, np.inf), [0.4 * people.sum()], (1 - share) * of_unit.sum(axis=1)])
    lower = np.append(np.ones(cells), np.full(5, -np.inf))
    whole = np.arange(sites + cells) < sites
    value = least(np.append(np.ones(sites), np.zeros(cells)), rows, lower, upper, whole)
    says_what_it_is(set_covering(covers, people, 0.6, floors=Floors(membership, share)), value)


@pytest.mark.parametrize("seed", SEEDS)
def test_maximal_and_backup_covering(seed):
    random, covers, people = drawn(seed)
    sites, cells = covers.shape
    count = int(random.integers(5, 12))
    chosen = hstack([csr_array(np.ones((1, sites))), csr_array((1, cells))])
    for times, ask in ((1, maximal_covering), (2, backup_covering)):
        rows = vstack([hstack([-covers.T, times * eye_array(cells)]), chosen], format="csr")
        upper = np.append(np.zeros(cells), float(count))
        value = -least(np.append(np.zeros(sites), -people), rows, -np.inf, upper, np.ones(sites + cells))
        says_what_it_is(ask(covers, people, count), value)


@pytest.mark.parametrize("seed", SEEDS)
def test_capacitated_covering(seed):
    random, covers, people = drawn(seed, 30, 60)
    sites, cells = covers.shape
    capacity = np.round(random.uniform(0.3, 0.9, sites) * (covers @ people))
    site, cell = covers.nonzero()
    pairs, here = len(site), np.arange(len(site))
    count = int(random.integers(3, 8))
    of_cell = csr_array((people[cell], (cell, sites + here)), shape=(cells, sites + pairs))
    of_site = csr_array(
        (
            np.append(people[cell], -capacity),
            (np.append(site, np.arange(sites)), np.append(sites + here, np.arange(sites))),
        ),
        shape=(sites, sites + pairs),
    )
    chosen = csr_array(np.append(np.ones(sites), np.zeros(pairs))[None, :])
    upper = np.concatenate([people, np.zeros(sites), [float(count)]])
    cost = np.append(np.zeros(sites), -people[cell])
    value = -least(cost, vstack([of_cell, of_site, chosen]), -np.inf, upper, np.arange(sites + pairs) < sites)
    says_what_it_is(capacitated_covering(covers, people, capacity, count), value)


@pytest.mark.parametrize("seed", SEEDS)
def test_p_center_and_p_median(seed):
    random = np.random.default_rng(seed)
    places = random.random((70, 2))
    cost = np.round(1000 * np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2)))
    people = random.integers(1, 20, 70).astype(float)
    count = int(random.integers(3, 15))
    found = p_center(cost, count)
    assert found.status == "optimal"
    assert cost[found.chosen].min(axis=0).max() == found.objective

    def fewest(radius: float) -> float:
        return least(np.ones(70), (radius >= cost.T).astype(float), 1.0, np.inf, np.ones(70))

    assert fewest(found.objective) <= count
    assert fewest(np.nextafter(found.objective, 0)) > count
    pairs = np.arange(70 * 70)
    of_cell = csr_array((np.ones(4900), (pairs % 70, 70 + pairs)), shape=(70, 4970))
    if_open = hstack([csr_array((-np.ones(4900), (pairs, pairs // 70)), shape=(4900, 70)), eye_array(4900)])
    chosen = csr_array(np.append(np.ones(70), np.zeros(4900))[None, :])
    lower = np.concatenate([np.ones(70), np.full(4901, -np.inf)])
    upper = np.concatenate([np.ones(70), np.zeros(4900), [float(count)]])
    weighted = np.append(np.zeros(70), (cost * people).ravel())
    value = least(weighted, vstack([of_cell, if_open, chosen]), lower, upper, np.arange(4970) < 70)
    says_what_it_is(p_median(cost, people, count), value)
