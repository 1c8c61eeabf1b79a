"""Where to build: the questions a planner asks of reach, answered with proof.

Everything is a function of arrays: who covers whom (or at what cost), how many people there are, and the conditions of the plan.
"""

from __future__ import annotations

from lifecircle.planning.covering import covers_within, maximal_covering, set_covering
from lifecircle.planning.siting import Floors, Siting

__all__ = ["Floors", "Siting", "covers_within", "maximal_covering", "set_covering"]
