"""Where to build: the sites found, the proof, and what saying no to each would cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from lifecircle.config import Label, Plan, Question, Rule
from lifecircle.model.arrays import BoolArray, IntArray

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Status = Literal["optimal", "feasible", "infeasible", "time"]
"""``optimal``: proven. ``time``: time ran out, and ``gap`` says how far from proven. ``feasible``: the solver ended without a proof for
another reason. ``infeasible``: proven that no choice meets the conditions; nothing is chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class Siting:
    """Sites, what they achieve, and the proof of how much better any others could be.

    Two are equal where all but ``seconds`` is.
    """

    chosen: IntArray
    """Rows of the candidates to build, ascending; facilities that stand already (``locked``) are not among them."""
    objective: float
    """What was asked for: people covered, number or cost of sites, weighted cost, greatest cost. NaN where nothing was found."""
    bound: float
    """No choice is better than this: the objective's upper bound where more is better, its lower bound where less is. NaN: infeasible."""
    gap: float
    """``abs(bound - objective) / abs(objective)``; 0 where proven, inf where nothing was found or the objective is 0 and not proven."""
    status: Status
    covered: BoolArray
    """Cells that are served, by what stands or is chosen: within reach (two facilities within reach, for backup). Shape (cells,)."""
    people_covered: float
    """People served; of a capacitated covering those who find a place."""
    people_unreachable: float = 0.0
    """People whom no facility or candidate reaches, whatever is chosen: they are in no cost, and counted here."""
    assigned: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """The row that serves each cell, -1 for none, where the question is who goes where (p-median, p-center). Shape (cells,) or (0,)."""
    cost_yuan: float = 0.0
    """Of the chosen, where site costs were given."""
    seconds: float = 0.0
    """How long it took; not part of equality."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Siting):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=name in ("objective", "bound"))
            for name in self.__slots__
            if name != "seconds"
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class SitesFound:
    """The answer to a question of where to build, its proof, and what saying no to each site would cost."""

    rule: Rule
    question: Question
    siting: Siting
    sites: gpd.GeoDataFrame
    """The chosen, in the order in which they bring most: ``order, work, candidate_id, name, people_gained, cumulative_people,
    cumulative_share_pct, cost_yuan, people_per_10k_yuan, price_of_no, instead, holds_in, not_in, geometry``. ``work`` is ``site`` or the kind of link;
    ``holds_in`` says under how many other assumptions some best plan has the site (``2/3``), ``not_in`` under which none has."""
    curve: pd.DataFrame
    """Works to people covered, with the bound: ``sites, people_covered, share_pct, bound, status``."""
    targets: pd.DataFrame
    """The least number of works to a share of people: ``share_pct, sites, status``."""
    assumptions: pd.DataFrame
    """The plan under other speeds, limits and people, links as chosen: see `lifecircle.siting.robustness`."""
    people: float
    covered_before: float
    candidates: int
    links: int = 0
    """How many links were weighed beside the candidates."""
    spacing_m: float | None = None
    """Side of the squares that candidates were made for; None where the district gave them."""
    cells_before: BoolArray | None = None
    """Cells that what stands covers; ``siting.covered`` are those with the works. Shape (cells,). For the map."""

    objective_before: float | None = None
    """What the objective comes to with what stands alone; None where coverage is asked for, or it is no answer."""

    @property
    def objective(self) -> tuple[float, float, float]:
        """What was made best, before and with the sites, and the bound: people; of p-median the mean, of p-center the greatest cost.

        NaN where it is not known.
        """
        siting, before = self.siting, np.nan if self.objective_before is None else self.objective_before
        figures = np.array([before, siting.objective, siting.bound])
        if self.question.objective == "p_median":
            total = self.people - siting.people_unreachable
            figures = figures / total if total else np.full(3, np.nan)
        return float(figures[0]), float(figures[1]), float(figures[2])

    @property
    def objective_unit(self) -> str:
        """``人``, or the rule's ``min`` or ``m``."""
        return self.rule.limit_unit if self.question.objective in ("p_median", "p_center") else "人"

    @property
    def id(self) -> str:
        """The plan's id, or the rule's where the question stands in no district."""
        return self.question.id if isinstance(self.question, Plan) else self.rule.id

    @property
    def names(self) -> Label:
        """The plan's names, or the rule's."""
        return self.question.names if isinstance(self.question, Plan) else self.rule.names
