"""Proven bounds without a solver: the Lagrangian of covering and of p-median, and what it settles about single candidates.

Both questions are put as a least cost: of people left uncovered, or of people times cost. With a price ``lam[i]`` on serving group *i*, the
groups no longer hang together and the best choice of sites is read off a sorted list:

    covering   L(lam) = sum_i lam_i + min over choices of sum_s x_s value_s,  value_s = -sum_{i in s} lam_i,           0 <= lam_i <= w_i
    p-median   L(lam) = sum_i lam_i + min over choices of sum_s x_s value_s,  value_s = sum_i min(0, w_i d_si - lam_i)

For any prices L is a lower bound; subgradient steps raise it to about the bound of the linear relaxation. A candidate that, forced in or
out, lifts L to the best known cost or beyond is settled: no better solution has it otherwise. That leaves the solver a small model. Held,
Wolfe & Crowder 1974, Mathematical Programming 6, 62-88, doi:10.1007/BF01580223; Galvão & ReVelle 1996, EJOR 88, 114-123,
doi:10.1016/0377-2217(94)00159-6; Beasley 1993, EJOR 65, 383-399, doi:10.1016/0377-2217(93)90118-7.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.siting.problem import TimeLimit

PATIENCE = 12
"""Steps without a better bound before the step is halved."""
SMALLEST_STEP = 2e-4
POLISHING_STEP, NEWEST_SHARE, SLOWER_AFTER = 0.02, 0.05, 300
"""Of polishing: the first step, the newest slope's share of the average at first, and after how many steps that share is made less."""
PROBING_STEPS = 40
"""For each candidate that is forced in or out."""
ENOUGH = 1e-7
"""A bound that rises by less than this share in all the steps of one step size is as high as it gets."""


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A question whose groups are priced."""

    start: FloatArray
    """Prices to begin with. Shape (groups,)."""
    ceiling: FloatArray
    """The most a price may be; inf where there is none. Shape (groups,)."""
    floor: float
    """The least a price may be."""
    values: Callable[[FloatArray], FloatArray]
    """Given prices, what each candidate adds to the bound where it is chosen (<= 0). Shape (candidates,)."""
    served: Callable[[FloatArray, IntArray], FloatArray]
    """Given prices and a choice, how often each group is served. Shape (groups,)."""
    costs: FloatArray
    count: int
    budget: float


@dataclass(slots=True, eq=False)
class Bounding:
    """What the steps have shown; ``best`` may be replaced between calls."""

    bound: float
    prices: FloatArray
    choice: IntArray
    """The sites that the best prices choose: a good start for swaps."""
    banned: BoolArray
    """In no solution better than the best known."""
    needed: BoolArray
    """In every solution better than the best known."""

    @property
    def is_settled(self) -> bool:
        """Whether a candidate is both: then no better solution exists."""
        return bool((self.banned & self.needed).any())


def raise_bound(
    relaxed: Relaxed, best: float, target: float, steps: int, clock: TimeLimit, known: Bounding | None = None
) -> Bounding:
    """Raise the bound by subgradient steps, settling candidates on the way.

    Parameters
    ----------
    best
        About the least cost, which the length of steps goes by.
    target
        A bound of this much proves the best known, and candidates are settled by it: that cost, less what any better one is better
        by at least (1 where all costs are whole numbers); inf where no solution is known.
    steps
        At most.
    known
        What earlier steps have shown, to go on from.
    """
    sites = len(relaxed.costs)
    state = known or Bounding(
        -math.inf,
        relaxed.start.copy(),
        np.empty(0, dtype=np.int64),
        np.zeros(sites, np.bool_),
        np.zeros(sites, np.bool_),
    )
    prices = (state.prices if len(state.prices) else relaxed.start).copy()
    size, since, before = 1.0, 0, -math.inf
    direction = np.zeros(len(prices))
    for _ in range(steps):
        bound, values, choice = _choose(relaxed, prices, state)
        _settle(state, relaxed, bound, values, choice, target)
        if bound > state.bound:
            since = 0 if not bound <= state.bound + 1e-6 * (best - bound) else since + 1
            state.bound, state.prices, state.choice = bound, prices.copy(), choice
        else:
            since += 1
        if bound >= target or state.is_settled or int(state.needed.sum()) > relaxed.count or clock.left_s == 0:
            break
        if since >= PATIENCE:
            if size < SMALLEST_STEP or state.bound - before < ENOUGH * abs(best):
                break
            size, since, before = size / 2, 0, state.bound if size < 0.05 else -math.inf
            prices, direction = state.prices.copy(), np.zeros(len(prices))
            continue
        direction = _feasible(relaxed, prices, 1.0 - relaxed.served(prices, choice)) + 0.5 * direction
        norm = float(direction @ direction)
        if norm == 0.0:
            break
        step = size * max(best - bound, 1e-12) / norm
        prices = np.clip(prices + step * direction, relaxed.floor, relaxed.ceiling)
    return state


def polish_bound(relaxed: Relaxed, best: float, target: float, steps: int, clock: TimeLimit, state: Bounding) -> None:
    """Raise a bound that `raise_bound` no longer raises: steps from the best prices along an average of all slopes so far.

    The average is about the slope of the linear relaxation's own solution, and leads where single slopes only swing from side to side:
    the volume algorithm (Barahona & Anbil 2000, Mathematical Programming 87, 385-399, doi:10.1007/s101070050002).
    """
    size, newest, since = POLISHING_STEP, NEWEST_SHARE, 0
    bound, values, choice = _choose(relaxed, state.prices, state)
    slope = 1.0 - relaxed.served(state.prices, choice)
    for step in range(1, steps + 1):
        if bound >= target or state.is_settled or size < SMALLEST_STEP or clock.left_s == 0:
            break
        along = _feasible(relaxed, state.prices, slope)
        norm = float(along @ along)
        if norm == 0.0:
            break
        ahead = size * max(best - bound, 1e-12) / norm
        prices = np.clip(state.prices + ahead * along, relaxed.floor, relaxed.ceiling)
        found, values, choice = _choose(relaxed, prices, state)
        _settle(state, relaxed, found, values, choice, target)
        new = 1.0 - relaxed.served(prices, choice)
        turned = float(new @ slope)
        apart = new - slope
        square = float(apart @ apart)
        share = newest if square == 0.0 else min(newest, max(newest / 10, -float(slope @ apart) / square))
        slope += share * apart
        if found > bound:
            bound, state.prices, state.choice, since = found, prices, choice, 0
            state.bound = max(state.bound, bound)
            size = min(2.0, 1.1 * size) if turned > 0 else size
        else:
            since += 1
        if since == PATIENCE:
            size, since = size / 1.5, 0
        if step % SLOWER_AFTER == 0:
            newest *= 0.7


def _feasible(relaxed: Relaxed, prices: FloatArray, slope: FloatArray) -> FloatArray:
    """Return a slope without the parts that lead out of the limits of prices."""
    along = slope.copy()
    along[(prices >= relaxed.ceiling) & (along > 0)] = 0.0
    along[(prices <= relaxed.floor) & (along < 0)] = 0.0
    return along


def probe(relaxed: Relaxed, state: Bounding, best: float, target: float, clock: TimeLimit, until_s: float) -> None:
    """Settle more candidates: each is forced in, and then out, and the bound raised from there; again while that settles some.

    What a candidate forced in or out lifts at once is seen by `raise_bound` already; this sees what it lifts after a few steps.
    """
    while True:
        before = int(state.banned.sum() + state.needed.sum())
        for site in np.flatnonzero(~state.banned & ~state.needed).tolist():
            for forced, settled in (("needed", "banned"), ("banned", "needed")):
                if clock.spent_s > until_s or state.is_settled:
                    return
                trial = Bounding(-math.inf, state.prices, state.choice, state.banned.copy(), state.needed.copy())
                getattr(trial, forced)[site] = True
                raise_bound(relaxed, best, target, PROBING_STEPS, clock, trial)
                if trial.bound >= target or trial.is_settled or int(trial.needed.sum()) > relaxed.count:
                    getattr(state, settled)[site] = True
                    break
        if int(state.banned.sum() + state.needed.sum()) == before:
            return


def _choose(relaxed: Relaxed, prices: FloatArray, state: Bounding) -> tuple[float, FloatArray, IntArray]:
    """Return the bound, each candidate's value (with its share of the budget) and the choice that attains it."""
    values = relaxed.values(prices)
    values[state.banned] = math.inf
    per_yuan = 0.0
    if math.isfinite(relaxed.budget):
        per_yuan = _price_of_money(relaxed, values, state.needed)
        values = values + per_yuan * relaxed.costs
    choice = _pick(values, relaxed.count, state.needed)
    bound = float(prices.sum() + values[choice].sum())
    if per_yuan:
        bound -= per_yuan * relaxed.budget
    return bound, values, choice


def _pick(values: FloatArray, count: int, needed: BoolArray) -> IntArray:
    """Return the candidates of the least values below 0, and those needed, ``count`` at most."""
    forced = np.flatnonzero(needed & np.isfinite(values))
    others = np.flatnonzero((values < 0) & ~needed)
    left = max(0, count - len(forced))
    if len(others) > left:
        others = others[np.argsort(values[others], kind="stable")[:left]]
    return np.sort(np.concatenate([forced, others]))


def _price_of_money(relaxed: Relaxed, values: FloatArray, needed: BoolArray) -> float:
    """Return the price of a yuan at which the choice just keeps to the budget: the one that gives the highest bound."""

    def spends(price: float) -> float:
        return float(relaxed.costs[_pick(values + price * relaxed.costs, relaxed.count, needed)].sum())

    if spends(0.0) <= relaxed.budget:
        return 0.0
    priced = relaxed.costs > 0
    low, high = 0.0, float(np.max(-values[priced & np.isfinite(values)] / relaxed.costs[priced & np.isfinite(values)]))
    for _ in range(30):
        middle = (low + high) / 2
        if spends(middle) > relaxed.budget:
            low = middle
        else:
            high = middle
    return high


def _settle(
    state: Bounding, relaxed: Relaxed, bound: float, values: FloatArray, choice: IntArray, target: float
) -> None:
    """Ban whoever would lift the bound to the target by coming in, and need whoever would by going out."""
    chosen = np.zeros(len(values), dtype=np.bool_)
    chosen[choice] = True
    free = chosen & ~state.needed
    is_full = len(choice) >= relaxed.count
    worst = float(values[free].max()) if free.any() else -math.inf
    out = ~chosen & np.isfinite(values)
    # Who comes in takes the place of the worst chosen (where all places are taken); who goes out leaves it to the best not chosen.
    into = values - worst if is_full else values
    state.banned |= out & (bound + into >= target)
    next_best = min(0.0, float(values[out].min())) if out.any() else 0.0
    state.needed |= free & (bound - values + next_best >= target)
