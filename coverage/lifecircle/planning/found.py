"""The question of where to build, and its answer with the proof and the price of no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecircle.config import Rule
from lifecircle.model import BoolArray
from lifecircle.planning.siting import Siting

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: exactly one of count, share and budget leads; the others may hold beside."""

    count: int | None = None
    share: float | None = None
    """Of the people that the rule counts, 0-1."""
    budget: float | None = None
    floor: float | None = None
    """Least share of every township's people, 0-1."""
    time_limit_s: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class SitesFound:
    """The answer, its proof, and what saying no to each site would cost."""

    rule: Rule
    question: Question
    siting: Siting
    sites: gpd.GeoDataFrame
    """The chosen, in the order in which they bring most: ``order, candidate_id, name, people_gained, cumulative_people,
    cumulative_share_pct, cost_yuan, price_of_no, geometry``."""
    curve: pd.DataFrame
    """Sites to people covered, with the bound: ``sites, people_covered, share_pct, bound, status``."""
    targets: pd.DataFrame
    """The least number of sites to a share of people: ``share_pct, sites, status``."""
    people: float
    covered_before: float
    candidates: int
    spacing_m: float | None = None
    """Side of the squares that candidates were made for; None where the district gave them."""
    cells_before: BoolArray | None = None
    """Cells that what stands covers; ``siting.covered`` are those with the sites. Shape (cells,). For the map."""
