"""Parallel tempering of maximal covering: walks at several heats side by side, which now and then change places.

A walk moves one site at a time, mostly to a candidate that covers much the same, and takes a loss of people with a chance that its heat
sets. A hot walk crosses the valleys between good choices, a cold one goes to the bottom of where it is; by changing places a good find of
the hot ones is carried down. Circles that overlap make a landscape in which one slow cooling ends in any of many hollows, and this does
not. What the walks pass is merged from time to time: their best choices often have between them all sites of a better one. Swendsen &
Wang 1986, Physical Review Letters 57, 2607-2609, doi:10.1103/PhysRevLett.57.2607; Earl & Deem 2005, Physical Chemistry Chemical Physics
7, 3910-3916, doi:10.1039/B509983H.

Heats are found by how many moves are taken, so that they fit any question, and work is counted in moves and every draw is from a fixed
seed: the same question gets the same answer, however many cores there are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.planning.walking import Walk, find_closest
from lifecircle.travel.threads import count_workers

WALKS = 10
CLOSEST = 24
"""Candidates that are held to be closest to each."""
MOST_TAKEN, LEAST_TAKEN = 0.07, 0.007
"""Shares of moves that the hottest and the coldest walk take."""
HOTTEST_TRIED, COLDEST_TRIED, COOLING = 0.1, 2e-4, 0.8
"""Heats that are tried for those shares, as shares of the people a site is worth on average, each this much of the one before."""
MOVES_A_TURN, MOVES_A_TRIAL = 20_000, 20_000
"""Of each walk between two changes of place; at each heat that is tried."""
TURNS_A_MERGE, KEPT = 25, 10
"""Turns between two merges, and choices that are kept from one to the next."""
WORK = 1.5e10
"""Groups that all walks together may look at."""
PATIENCE = 0.6
"""Walks end when nothing better was found in this last share of them..."""
FEWEST_TURNS = 250
"""...and never before so many turns."""


def temper(
    lists: tuple[IntArray, IntArray, IntArray, IntArray],
    weight: FloatArray,
    costs: FloatArray,
    budget: float,
    start: BoolArray,
    merge: Callable[[list[BoolArray]], list[BoolArray]],
    is_enough: Callable[[BoolArray], bool],
) -> BoolArray:
    """Return the best choice of as many sites as ``start`` that the walks come by.

    Parameters
    ----------
    lists
        Groups of each candidate and candidates of each group, each as pointers and indices.
    weight
        People of each group.
    costs, budget
        Yuan of each candidate, and the most in all.
    merge
        Given choices, returns the best of them first, or a better one made of their sites, and the others behind it in order.
    is_enough
        Asked after every turn with the best known: whether to stop.
    """
    number = int(start.sum())
    if not 0 < number < len(start):
        return start.copy()
    closest = find_closest(*lists, CLOSEST)

    def begin(seed: int) -> Walk:
        return Walk(lists, weight, closest, costs, budget, start, seed)

    heats = _find_heats(begin(WALKS), float(weight.sum()) / number)
    walks = [begin(seed) for seed in range(WALKS)]
    random = np.random.default_rng(WALKS)
    degree = max(1.0, len(lists[1]) / len(start))
    most = max(FEWEST_TURNS, int(WORK / (degree * MOVES_A_TURN * WALKS)))
    elite, found_at = [start], 0
    with ThreadPoolExecutor(count_workers()) as pool:  # the loops hold no lock; each walk has its own draws
        for turn in range(1, most + 1):
            list(pool.map(lambda walk, heat: walk.go(MOVES_A_TURN, heat), walks, heats))
            _change_places(walks, heats, turn % 2, random)
            is_last = is_enough(elite[0]) or turn == most
            if turn % TURNS_A_MERGE and not is_last:
                continue
            merged = merge([*elite, *(walk.take_best() for walk in walks)])
            if not np.array_equal(merged[0], elite[0]):
                found_at = turn
            elite = merged[:KEPT]
            if is_last or turn - found_at > max(FEWEST_TURNS, PATIENCE * turn):
                break
    return elite[0]


def _find_heats(walk: Walk, worth: float) -> list[float]:
    """Return heats, the coldest first, between those at which the wanted shares of moves are taken while a walk cools."""
    heat, hottest, coldest = HOTTEST_TRIED * worth, 0.0, COLDEST_TRIED * worth
    while heat > coldest:
        taken = walk.go(MOVES_A_TRIAL, heat)
        if taken >= MOST_TAKEN:
            hottest = heat
        if taken <= LEAST_TAKEN:
            coldest = heat
        heat *= COOLING
    hottest = max(hottest, 2 * coldest)
    return [float(each) for each in np.geomspace(coldest, hottest, WALKS)]


def _change_places(walks: list[Walk], heats: list[float], first: int, random: np.random.Generator) -> None:
    """Let neighbours change places, always where the colder gets the better choice and else by chance."""
    for place in range(first, len(walks) - 1, 2):
        colder, hotter = walks[place], walks[place + 1]
        chance = (1 / heats[place] - 1 / heats[place + 1]) * (hotter.gained - colder.gained)
        if np.log(1.0 - random.random()) < chance:
            walks[place], walks[place + 1] = hotter, colder
