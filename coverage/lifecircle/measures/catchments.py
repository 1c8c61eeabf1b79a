"""Catchments and choice: whose facility people are nearest to, and how many they can choose from.

With ``people[c]``, membership ``F[u, c]`` and the sparse reach ``R[s, c]`` (facilities x cells). A cell's choices are the facilities
within the limit, ``choices[c] = sum_s (R[s, c] <= T)``: people with none are uncovered, people with two or more keep a
facility when one closes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array

from lifecircle.measures.coverage import people_nearest, sum_by_unit
from lifecircle.model import FloatArray, IntArray

MOST_CHOICES = 2
"""Two or more are one class: the second choice is what a closure leaves."""


def catchment_people(
    facility: IntArray, people: FloatArray, groups: Mapping[str, FloatArray], n_facilities: int
) -> dict[str, FloatArray]:
    """Return the people of each nearest-facility catchment, and those of each group.

    Parameters
    ----------
    facility
        Of each cell, its nearest; -1 where none is reached (or none within the limit, where that is asked).

    Returns
    -------
    dict of FloatArray
        ``people`` and each group's name; shape (facilities,). With the people of the cells at -1 they sum to all.
    """
    counted = {"people": people, **groups}
    return {name: people_nearest(facility, values, n_facilities) for name, values in counted.items()}


def count_choices(reach: csr_array, limit: float) -> IntArray:
    """Return how many facilities each cell has within a limit. Shape (cells,).

    Parameters
    ----------
    reach
        Facilities x cells, in the unit of ``limit``; what is not stored is beyond its horizon. A cost equal to the limit counts, and
        so does a stored 0.
    """
    return np.bincount(reach.indices[reach.data <= limit], minlength=reach.shape[1]).astype(np.int64)


def people_by_choice(choices: IntArray, people: FloatArray, most: int = MOST_CHOICES) -> FloatArray:
    """Return the people with 0, 1, ... and with ``most`` or more choices. Shape (most + 1,); they sum to all people."""
    return np.bincount(np.minimum(choices, most), weights=people, minlength=most + 1).astype(np.float64)


def people_by_choice_and_unit(
    membership: csr_array, choices: IntArray, people: FloatArray, most: int = MOST_CHOICES
) -> FloatArray:
    """Return the people of each unit with 0, 1, ... and with ``most`` or more choices: ``F @ (people * (choices == k))``.

    Returns
    -------
    FloatArray
        Shape (units, most + 1); a row sums to the unit's people.
    """
    capped = np.minimum(choices, most)
    columns = [sum_by_unit(membership, people * (capped == count)) for count in range(most + 1)]
    return np.stack(columns, axis=1)


def people_shared(reach: csr_array, limit: float, people: FloatArray) -> FloatArray:
    """Return for each facility the people within a limit who have another within it too. Shape (facilities,).

    What is not shared is lost to the limit if the facility closes.
    """
    near = csr_array(((reach.data <= limit).astype(np.float64), reach.indices, reach.indptr), shape=reach.shape)
    return np.asarray(near @ (people * (count_choices(reach, limit) > 1)), dtype=np.float64)
