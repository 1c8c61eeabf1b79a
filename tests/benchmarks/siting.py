"""Job (h): the sites that bring most people within reach, proven.

The peer of what spopt can answer is its MCLP as its notebooks call it: a dense matrix of costs, PuLP, CBC. That of larger questions is
HiGHS (in SciPy) on the question as it stands, with the same seconds: a dense matrix of 50,000 x 2,000 is a hundred million rows to spopt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack
from scipy.spatial import cKDTree
from tests.benchmarks.harness import SAME, Contender, Job

from lifecircle.model import FloatArray
from lifecircle.siting import Siting, maximal_covering

TIMES_SPOPT = 40
"""How many times as long as ours spopt should take, at least."""
NO_LONGER = 0.8
"""How many times as long as ours a peer takes that stops when the time is up: the time given, at most a quarter more."""


@dataclass(frozen=True)
class Timed:
    """A question with a time limit, and the proven gap that is good enough when it is up."""

    cells: int
    candidates: int
    degree: float
    """Candidates that cover a cell, on average."""
    count: int
    limit_s: float
    gap: float


TIMED = (
    Timed(50_000, 2_000, 6.0, 10, 10.0, 0.0),
    Timed(50_000, 2_000, 6.0, 50, 20.0, 0.005),
    Timed(500_000, 5_000, 5.1, 50, 60.0, 0.05),
)


@dataclass(frozen=True)
class Question:
    """Circles about some of the places drawn in a square, and the people of all."""

    covers: csr_array
    people: FloatArray
    count: int
    places: FloatArray
    candidates: FloatArray
    radius: float


def draw(cells: int, candidates: int, degree: float, count: int) -> Question:
    """Draw places at random, with a few heads each and many in some."""
    random = np.random.default_rng(0)
    places = random.random((cells, 2))
    at = places[random.choice(cells, candidates, replace=False)]
    radius = float(np.sqrt(degree / candidates / np.pi))
    near = cKDTree(places).query_ball_point(at, radius)
    start = np.concatenate([[0], np.cumsum([len(each) for each in near])])
    covers = csr_array((np.ones(start[-1]), np.concatenate(near).astype(int), start), shape=(candidates, cells))
    people = np.round(random.lognormal(3, 1, cells)) + 1
    return Question(covers, people, count, places, at, radius)


def jobs(large: bool) -> Iterator[Job]:
    """Return the questions that spopt answers too, and, if asked, the large ones."""
    cells, candidates = (5_000, 500) if large else (500, 60)
    for count in (10, 50) if large else (5,):
        question = draw(cells, candidates, 5.0, count)
        peer = Contender(
            "spopt MCLP, CBC", partial(_spopt, question), rounds=1, check=_same, goal=TIMES_SPOPT if large else None
        )
        yield Job(f"sites, {cells:,} x {candidates:,}, p = {count}", [_ours(question, 60.0), peer])
    for asked in TIMED if large else ():
        question = draw(asked.cells, asked.candidates, asked.degree, asked.count)
        peer = Contender(
            f"HiGHS as it stands, {asked.limit_s:.0f} s", partial(_highs, question, asked.limit_s), rounds=1,
            check=partial(_near, asked), goal=NO_LONGER,
        )  # fmt: skip
        name = f"sites, {asked.cells:,} x {asked.candidates:,}, p = {asked.count}"
        yield Job(name, [_ours(question, asked.limit_s), peer], rounds=1)


def _ours(question: Question, limit_s: float) -> Contender:
    def ask() -> Siting:
        return maximal_covering(question.covers, question.people, question.count, time_limit_s=limit_s)

    return Contender("lifecircle", lambda: ask)


def _same(ours: Siting, theirs: float) -> str:
    if ours.gap or ours.objective != theirs:
        return f"other: {ours.objective:,.0f} ({ours.status}) against {theirs:,.0f}"
    return f"{SAME}: {theirs:,.0f} people, proven by both"


def _near(asked: Timed, ours: Siting, theirs: tuple[float, float]) -> str:
    """Say how near ours is to proven; never good enough where theirs is better, or beyond our bound."""
    people, bound = theirs
    is_good = ours.gap <= asked.gap and people <= ours.objective <= bound and ours.seconds <= asked.limit_s / NO_LONGER
    return (
        f"{SAME if is_good else 'other'}: {ours.objective:,.0f} people, gap {ours.gap:.3%} (asked {asked.gap:.1%}), {ours.status}; "
        f"theirs {people:,.0f}, no more than {bound:,.0f}"
    )


def _spopt(question: Question) -> Callable[[], Any]:
    import pulp
    from spopt.locate import MCLP

    cost = np.sqrt(((question.places[:, None] - question.candidates[None]) ** 2).sum(axis=2))
    # A circle's edge is where rounding decides: both are asked about the same pairs.
    cost = np.where(question.covers.T.toarray() > 0, 0.0, cost + 2 * question.radius)

    def run() -> float:
        asked = MCLP.from_cost_matrix(cost, question.people, question.radius, p_facilities=question.count)
        return float(pulp.value(asked.solve(pulp.PULP_CBC_CMD(msg=False)).problem.objective))

    return run


def _highs(question: Question, limit_s: float) -> Callable[[], tuple[float, float]]:
    sites, cells = question.covers.shape
    covered = hstack([-question.covers.T, eye_array(cells)])
    chosen = hstack([csr_array(np.ones((1, sites))), csr_array((1, cells))])
    rows = csr_array(vstack([covered, chosen], format="csr"))
    most = np.append(np.zeros(cells), float(question.count))
    cost = np.append(np.zeros(sites), -question.people)

    def run() -> tuple[float, float]:
        found = milp(
            cost, integrality=np.arange(sites + cells) < sites, bounds=Bounds(0, 1),
            constraints=LinearConstraint(rows, -np.inf, most), options={"time_limit": limit_s, "mip_rel_gap": 0.0},
        )  # fmt: skip
        bound = found.mip_dual_bound
        return 0.0 if found.x is None else -found.fun, question.people.sum() if bound is None else -bound

    return run
