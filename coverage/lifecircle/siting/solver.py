"""HiGHS, and nothing else here knows it: a mixed-integer model in, the best point found and a proven bound out.

HiGHS is imported when it is first needed. Huangfu & Hall 2018, Mathematical Programming Computation 10, 119-142,
doi:10.1007/s12532-017-0130-5.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from lifecircle.model import BoolArray, FloatArray

Outcome = Literal["optimal", "infeasible", "time", "stopped"]
MISTAKEN = 1e-6
"""Relative: a point's cost by the model and by the solver differ by less, but for a mistake."""
SHORTEST_S = 0.01
"""A solver given less than this does not begin."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Least ``cost @ x`` subject to ``row_lower <= rows @ x <= row_upper``, 0 <= x <= upper, some x whole."""

    cost: FloatArray
    upper: FloatArray
    whole: BoolArray
    rows: csr_array
    row_lower: FloatArray
    row_upper: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the solver ended with."""

    point: FloatArray | None
    """The best found, None where nothing was."""
    bound: float
    """No point costs less; inf where none exists."""
    outcome: Outcome


def solve(
    program: Program,
    time_limit_s: float,
    *,
    start: FloatArray | None = None,
    apart: float = 0.0,
    enough: float = -math.inf,
) -> Solved:
    """Solve, from a feasible point where one is given.

    Parameters
    ----------
    apart
        Costs of two solutions that differ at all differ by more than this (just below 1 where all are whole numbers): the search
        ends when the bound is as near.
    enough
        The search ends with the first point that costs no more than this.
    """
    began = time.monotonic()
    if time_limit_s < SHORTEST_S:
        return Solved(start, -math.inf, "time")
    if not len(program.cost):
        met = ((program.row_lower <= 0) & (program.row_upper >= 0)).all()
        return Solved(np.empty(0), 0.0, "optimal") if met else Solved(None, math.inf, "infeasible")
    import highspy

    with _unheard():
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("log_to_console", False)
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", float(time_limit_s))
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", max(apart, 1e-9))
    solver.setOptionValue("mip_feasibility_tolerance", 1e-7)
    if enough > -math.inf:
        solver.setOptionValue("objective_target", enough)
    solver.passModel(_as_highs(program))
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = start.tolist()
        solver.setSolution(given)
    solver.run()
    status = solver.getModelStatus()
    known = highspy.HighsModelStatus
    if status in (known.kInfeasible, known.kUnboundedOrInfeasible):
        return Solved(None, math.inf, "infeasible")
    info = solver.getInfo()
    has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    point = np.array(solver.getSolution().col_value) if has_point else None
    if start is not None and point is not None and _is_mistaken(program, point, info.objective_function_value):
        return solve(program, time_limit_s - (time.monotonic() - began), apart=apart, enough=enough)
    is_mixed = bool(program.whole.any())
    bound = info.mip_dual_bound if is_mixed else info.objective_function_value
    if status == known.kOptimal:
        return Solved(point, float(bound), "optimal")
    if not is_mixed:
        bound = -math.inf
    return Solved(point, float(bound), "time" if status == known.kTimeLimit else "stopped")


def _is_mistaken(program: Program, point: FloatArray, said: float) -> bool:
    """Whether a point costs other than the solver says.

    HiGHS 1.16 takes some starts into its reduced model cheaper than they are, believes them, and calls them optimal; the bound is then
    no better than the mistake. Without the start it solves the same model rightly.
    """
    return abs(float(program.cost @ point) - said) > MISTAKEN * (1.0 + abs(said))


def _as_highs(program: Program) -> Any:
    import highspy

    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = program.rows.shape
    model.col_cost_ = program.cost
    model.col_lower_ = np.zeros(len(program.cost))
    model.col_upper_ = _infinite(program.upper)
    model.row_lower_, model.row_upper_ = _infinite(program.row_lower), _infinite(program.row_upper)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = program.rows.indptr.astype(np.int32)
    model.a_matrix_.index_ = program.rows.indices.astype(np.int32)
    model.a_matrix_.value_ = program.rows.data.astype(np.float64)
    whole = [highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger]
    model.integrality_ = [whole[int(flag)] for flag in program.whole]
    return model


def _infinite(values: FloatArray) -> FloatArray:
    """Return values with infinities as HiGHS writes them."""
    import highspy

    return np.clip(values, -highspy.kHighsInf, highspy.kHighsInf)


@contextmanager
def _unheard() -> Iterator[None]:
    """Let what C code says to stdout go nowhere: HiGHS greets when it is first made, whatever it is told, and stdout is the answer's."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
