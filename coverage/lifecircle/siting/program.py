"""A covering question on the reduced model: its conditions, its narrowing when candidates are settled, and its program for the solver."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from lifecircle.model import BoolArray, FloatArray, IntArray
from lifecircle.siting.problem import EXACT
from lifecircle.siting.reduction import Model, reduce_covers
from lifecircle.siting.solver import Program


@dataclass(frozen=True, slots=True, eq=False)
class CoveringProgram:
    """Choose candidates of a model, at most ``count`` and within ``budget``, so that units keep their floors.

    A choice is a mask over the model's candidates, and its cost the people of the model's groups that it leaves uncovered.
    """

    model: Model
    costs: FloatArray
    """Yuan of each candidate. Shape (n,)."""
    count: int
    budget: float
    spare: FloatArray
    """People of each unit with a floor whom the floor lets go uncovered, of the model's groups. Shape (units,)."""

    @property
    def least(self) -> float:
        """The least by which one cost is better than another: nearly 1 where people are whole, else what rounding could be."""
        total = float(self.model.weight.sum())
        if total < 2**50 and (self.model.weight == np.rint(self.model.weight)).all():
            return 1.0 - 1e-6
        return EXACT * total

    def covers(self, choice: BoolArray) -> BoolArray:
        """Return which groups a choice covers."""
        return np.asarray((self.model.by_group @ choice.astype(np.float64)) > 0)

    def uncovered(self, choice: BoolArray) -> float:
        """Return the people a choice leaves uncovered."""
        return math.fsum(self.model.weight[~self.covers(choice)])

    def affords(self, choice: BoolArray) -> bool:
        """Whether a choice keeps to the count and the budget."""
        spent = math.fsum(self.costs[choice])
        return int(choice.sum()) <= self.count and spent <= self.budget * (1 + EXACT)

    def shortfall(self, choice: BoolArray) -> FloatArray:
        """Return the people each unit lacks to its floor; 0 where rounding could explain it."""
        left = self.model.units @ (~self.covers(choice)).astype(np.float64)
        lacking = left - self.spare
        return np.where(lacking > EXACT * (1 + self.model.units.sum(axis=1)), lacking, 0.0)

    def allows(self, choice: BoolArray) -> bool:
        """Whether a choice meets every condition."""
        return self.affords(choice) and not self.shortfall(choice).any()


def pose(
    covers: csr_array, weight: FloatArray, units: csr_array, spare: FloatArray, free: BoolArray, costs: FloatArray,
    count: int, budget: float,
) -> CoveringProgram:  # fmt: skip
    """Return the reduced problem; costs count in the reduction only where there is a budget.

    ``spare`` is counted over all cells of positive weight here; those that no candidate covers are taken off.
    """
    weighed = costs if math.isfinite(budget) else np.zeros(len(costs))
    model = reduce_covers(covers, weight, units, free, weighed)
    lost = (model.group_of_cell < 0) & (weight > 0)
    return CoveringProgram(model, costs[model.rows], count, budget, spare - units @ lost.astype(np.float64))


def narrow(problem: CoveringProgram, banned: BoolArray, needed: BoolArray) -> tuple[CoveringProgram, IntArray]:
    """Return the problem that is left when some candidates are out and some are in, and its candidates as those of the given."""
    model = problem.model
    weight = np.where(problem.covers(needed), 0.0, model.weight)
    costs = problem.costs if math.isfinite(problem.budget) else np.zeros(len(problem.costs))
    inner = reduce_covers(model.by_site, weight, model.units, ~banned & ~needed, costs)
    lost = (inner.group_of_cell < 0) & (weight > 0)
    spare = problem.spare - model.units @ lost.astype(np.float64)
    left = problem.count - int(needed.sum()), problem.budget - math.fsum(problem.costs[needed])
    return replace(
        problem, model=inner, costs=problem.costs[inner.rows], count=left[0], budget=left[1], spare=spare
    ), inner.rows


def as_program(problem: CoveringProgram, *, site_cost: FloatArray | None = None) -> Program:
    """Return the mixed-integer program: least people uncovered, or least site cost where that is given.

    Variables are the candidates (whole) and the groups left uncovered (continuous: they are whole wherever candidates are):

        z_g + sum over s in N(g) of x_s >= 1
        sum_s x_s <= count,  sum_s c_s x_s <= budget,  sum_g F[u, g] z_g <= spare_u
    """
    model = problem.model
    sites, groups = len(model.rows), len(model.weight)
    none = csr_array((1, groups))
    blocks = [hstack([model.by_group, eye_array(groups)])]
    lower, upper = [np.ones(groups)], [np.full(groups, np.inf)]
    if problem.count < sites:
        blocks.append(hstack([csr_array(np.ones((1, sites))), none]))
        upper.append(np.array([float(problem.count)]))
    if math.isfinite(problem.budget):
        blocks.append(hstack([csr_array(problem.costs[None, :]), none]))
        upper.append(np.array([problem.budget]))
    if len(problem.spare):
        blocks.append(hstack([csr_array((len(problem.spare), sites)), model.units]))
        upper.append(problem.spare)
    above = np.concatenate(upper)
    lower.append(np.full(len(above) - groups, -np.inf))
    zero = np.zeros(groups)
    cost = np.concatenate([np.zeros(sites), model.weight]) if site_cost is None else np.concatenate([site_cost, zero])
    return Program(
        cost, np.ones(sites + groups), np.arange(sites + groups) < sites,
        csr_array(vstack(blocks, format="csr")), np.concatenate(lower), above,
    )  # fmt: skip


def as_point(problem: CoveringProgram, choice: BoolArray) -> FloatArray:
    """Return the program's point of a choice."""
    return np.concatenate([choice.astype(np.float64), (~problem.covers(choice)).astype(np.float64)])


def without(program: Program, banned: BoolArray, needed: BoolArray) -> Program:
    """Return a program without the candidates that are banned, and with those that are needed in every point."""
    extra = np.zeros((1, program.rows.shape[1]))
    extra[0, : len(needed)] = needed
    upper = program.upper.copy()
    upper[: len(banned)][banned] = 0.0
    return replace(
        program,
        upper=upper,
        rows=csr_array(vstack([program.rows, csr_array(extra)], format="csr")),
        row_lower=np.append(program.row_lower, float(needed.sum())),
        row_upper=np.append(program.row_upper, np.inf),
    )


def cut_off(program: Program, point: BoolArray) -> Program:
    """Return a program without one choice of its candidates."""
    row = np.zeros((1, program.rows.shape[1]))
    row[0, : len(point)] = np.where(point, 1.0, -1.0)
    return replace(
        program,
        rows=csr_array(vstack([program.rows, csr_array(row)], format="csr")),
        row_lower=np.append(program.row_lower, -np.inf),
        row_upper=np.append(program.row_upper, float(point.sum()) - 1.0),
    )
