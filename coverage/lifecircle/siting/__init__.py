"""Where to build: the questions a planner asks of reach, answered with proof.

Everything is a function of arrays: who covers whom (or at what cost), how many people there are, and the conditions of the plan.

==================================== ==================================================================================
`maximal_covering`                   the most people within reach of a number of sites, or of a budget
`set_covering`                       the fewest or cheapest sites for a share of the people
`p_median`                           the least sum of people times cost to the nearest site
`p_center`                           the least greatest cost
`capacitated_covering`               the most people who find a place, where sites hold only so many
`backup_covering`                    the most people with two facilities within reach
`alternatives`                       each chosen site struck in turn: who comes instead, and what it costs in people
`coverage_curve`                     people covered against the number of sites, with the bound
`sites_for_targets`                  how many sites each target share takes
==================================== ==================================================================================

`LinkedCovers` stands in the place of ``covers`` where footpaths, gates, bridges or ferries may be built beside sites.

Existing facilities are ``locked``: they serve, cost nothing and do not count. The answer is a `Siting`, which says how far from proven it is.
"""

from __future__ import annotations

from lifecircle.model import Siting
from lifecircle.siting.backup_covering import backup_covering
from lifecircle.siting.capacitated_covering import capacitated_covering
from lifecircle.siting.covering import covers_within, maximal_covering, set_covering
from lifecircle.siting.links import LinkedCovers
from lifecircle.siting.p_center import p_center
from lifecircle.siting.p_median import p_median
from lifecircle.siting.problem import Floors
from lifecircle.siting.removal_loss import Alternative, Curve, alternatives, coverage_curve, sites_for_targets

__all__ = [
    "Alternative",
    "Curve",
    "Floors",
    "LinkedCovers",
    "Siting",
    "alternatives",
    "backup_covering",
    "capacitated_covering",
    "coverage_curve",
    "covers_within",
    "maximal_covering",
    "p_center",
    "p_median",
    "set_covering",
    "sites_for_targets",
]
