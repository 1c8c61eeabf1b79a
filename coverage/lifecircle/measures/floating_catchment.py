"""Floating catchments: supply per person where people compete for it.

With ``w[s, c]`` the decay of the cost from cell *c* to facility *s* (0 beyond the reach), ``people[c]`` and ``supply[s]``, all three
share a facility's supply among the people it reaches (``ratio[s]``), then add up for each cell the ratios of what it reaches
(``access[c]``):

=================== ======================================= =============================== ==========================================
measure             ratio[s]                                access[c]                       source
=================== ======================================= =============================== ==========================================
:func:`two_step`    supply[s] / sum_c w people[c]           sum_s w ratio[s]                2SFCA, Luo & Wang 2003; E2SFCA, Luo & Qi 2009
:func:`three_step`  supply[s] / sum_c G w people[c]         sum_s G w ratio[s]              3SFCA, Wan, Zou & Sternberg 2012
:func:`balanced`    supply[s] / sum_c G people[c]           sum_s H ratio[s]                BFCA, Paez, Higgins & Vivona 2019
=================== ======================================= =============================== ==========================================

``G[s, c] = w[s, c] / sum_k w[k, c]`` is the share of a cell's people that choose facility *s*, ``H[s, c] = w[s, c] / sum_k w[s, k]`` the
share of a facility's level of service that reaches cell *c*.

``sum_c people[c] * access[c]`` is the supply of all facilities that reach anyone with two and with three steps. Balanced access is not
supply per person in that sense: it shares out each *ratio* once, ``sum_c access[c] = sum_s ratio[s]``, and counts each person once in
demand, ``sum_s demand[s]`` = the people who reach any.

Luo & Wang 2003, doi:10.1068/b29120; Luo & Qi 2009, doi:10.1016/j.healthplace.2009.06.002; Wan et al. 2012, International Journal of
Geographical Information Science 26, 1073-1089, doi:10.1080/13658816.2011.624987; Paez et al. 2019, PLoS ONE 14(6), e0218773,
doi:10.1371/journal.pone.0218773, computed as R's ``accessibility`` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from lifecircle.measures.decay import Decay
from lifecircle.model import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Catchment:
    """Supply per person of each cell, and how far each facility's supply has to go round."""

    access: FloatArray
    """Supply per person, in the unit of supply. 0 where no facility that anyone can use is in reach. Shape (cells,)."""
    ratio: FloatArray
    """Supply per person of the demand on each facility; NaN where nobody is in its catchment: its supply is nobody's, neither 0 nor
    without end, and no cell's access counts it. Shape (facilities,)."""
    demand: FloatArray
    """People of each facility's catchment, weighted as the measure weighs them. Shape (facilities,)."""


def two_step(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> Catchment:
    """Return access by the two-step method: 2SFCA with :class:`~.decay.Binary`, E2SFCA with :class:`~.decay.Stepped`.

    Parameters
    ----------
    reach
        Facilities x cells, in the decay's unit; what is not stored is out of reach, a stored 0 is at the door. Cells and facilities
        may be the same places.
    people
        Of each cell, not negative. Shape (cells,).
    supply
        Of each facility, not negative: doctors, beds, m2, jobs. Shape (facilities,).

    Raises
    ------
    ValueError
        Where shapes do not fit, or people, supply or weights are negative, NaN or infinite.
    """
    weight = _weigh(reach, people, supply, decay)
    return _share(weight, weight, people, supply)


def three_step(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> Catchment:
    """Return access by the three-step method: people choose among what they reach before they compete.

    Parameters and errors as for :func:`two_step`. The selection weight G is from the same decay, and stands beside it, as in the paper.
    """
    weight = _weigh(reach, people, supply, decay)
    chosen = _scale_columns(weight, weight.sum(axis=0))
    both = csr_array((weight.data * chosen.data, weight.indices, weight.indptr), shape=weight.shape)
    return _share(both, both, people, supply)


def balanced(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> Catchment:
    """Return access by the balanced method: neither people nor levels of service are counted more than once.

    Parameters and errors as for :func:`two_step`. Cells without people take their share of a level of service like any other, as in R's
    ``accessibility``: leave them out where they should not.
    """
    weight = _weigh(reach, people, supply, decay)
    to_cells = _scale_columns(weight, weight.sum(axis=0))
    by_row = np.repeat(weight.sum(axis=1), np.diff(weight.indptr))
    to_facilities = csr_array((weight.data / by_row, weight.indices, weight.indptr), shape=weight.shape)
    return _share(to_cells, to_facilities, people, supply)


def _weigh(reach: csr_array, people: FloatArray, supply: FloatArray, decay: Decay) -> csr_array:
    """Return the weight of each pair in reach; pairs that weigh nothing are not stored."""
    if reach.shape != (len(supply), len(people)):
        raise ValueError(
            f"reach 的形状 {reach.shape} 与 {len(supply)} 处设施、{len(people)} 个人口格不符 "
            f"reach is {reach.shape}, of {len(supply)} facilities and {len(people)} cells"
        )
    weights = np.asarray(decay(np.asarray(reach.data, dtype=np.float64)), dtype=np.float64)
    for zh, en, values in (("人口", "people", people), ("供给", "supply", supply), ("权重", "weights", weights)):
        wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
        if len(wrong):
            raise ValueError(f"{zh}不是非负有限数 {en} are not finite and >= 0: {len(wrong)}, 首行 first at {wrong[0]}")
    weight = csr_array((weights, reach.indices.copy(), reach.indptr.copy()), shape=reach.shape)
    weight.sort_indices()
    weight.eliminate_zeros()
    return weight


def _scale_columns(weight: csr_array, total: FloatArray) -> csr_array:
    return csr_array((weight.data / total[weight.indices], weight.indices, weight.indptr), shape=weight.shape)


def _share(to_cells: csr_array, to_facilities: csr_array, people: FloatArray, supply: FloatArray) -> Catchment:
    """Return what each facility's supply comes to per person, and what of it each cell has."""
    demand = np.asarray(to_cells @ people, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(demand > 0, supply / demand, np.nan)
    usable = np.where(demand > 0, ratio, 0.0)
    return Catchment(np.asarray(to_facilities.T @ usable, dtype=np.float64), ratio, demand)
