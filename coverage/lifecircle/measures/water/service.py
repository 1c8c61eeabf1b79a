"""Who is served, from service areas or from pipes."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from lifecircle.model import FloatArray, IntArray


def service_from_areas(overlap: csr_array, membership: csr_array, people: FloatArray) -> csr_array:
    """Return who is served from the plants' service areas: ``S[p, v] = sum_c O[p, c] F[v, c] people[c] / sum_c F[v, c] people[c]``.

    Within a cell, people are taken to be spread evenly, and areas and units to lie across each other. Where areas overlap so that a
    cell is served more than once over, they share it in proportion. A village without people is shared by area.

    Parameters
    ----------
    overlap
        Plants x cells: the fraction (0-1) of the cell in the plant's area.
    membership
        Villages x cells: the fraction of the cell in the village.
    people
        Of each cell.

    Returns
    -------
    csr_array
        Plants x villages. A village that no cell lies in is served by none.
    """
    served = np.asarray(overlap.sum(axis=0), dtype=np.float64).ravel()
    shares = _scale_columns(overlap, 1.0 / np.maximum(served, 1.0))
    village_people = np.asarray(membership @ people, dtype=np.float64)
    village_cells = np.asarray(membership.sum(axis=1), dtype=np.float64).ravel()
    has_people = village_people > 0
    by_people = _scale_columns(shares, people) @ membership.T
    by_area = shares @ membership.T
    people_weight = np.divide(1.0, village_people, out=np.zeros_like(village_people), where=has_people)
    area_weight = np.divide(
        1.0, village_cells, out=np.zeros_like(village_cells), where=~has_people & (village_cells > 0)
    )
    return csr_array(_scale_columns(by_people, people_weight) + _scale_columns(by_area, area_weight))


def service_from_pipes(
    edges: IntArray, n_nodes: int, plant_node: IntArray, village_node: IntArray, capacity_m3d: FloatArray
) -> csr_array:
    """Return who is served from a pipe network: a village is on every plant that it is connected to, whichever way water runs.

    Several plants on one network share its villages by capacity; evenly where the capacity of one of them is not known, or all are 0.

    Parameters
    ----------
    edges
        Shape (pipes, 2): the nodes each pipe joins.
    plant_node, village_node
        The node each stands at; -1 where it is on no pipe.
    capacity_m3d
        Of each plant; NaN where not known.

    Returns
    -------
    csr_array
        Plants x villages; a column sums to 1, or to 0 where the village is connected to no plant.
    """
    pipes = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n_nodes, n_nodes))
    n_parts, part_of_node = connected_components(pipes.tocsr(), directed=False)
    weight = _weights(plant_node, part_of_node, n_parts, capacity_m3d)
    plant, village = np.flatnonzero(plant_node >= 0), np.flatnonzero(village_node >= 0)
    on_part = csr_array((weight[plant], (plant, part_of_node[plant_node[plant]])), shape=(len(plant_node), n_parts))
    in_part = csr_array(
        (np.ones(len(village)), (part_of_node[village_node[village]], village)), shape=(n_parts, len(village_node))
    )
    service = csr_array(on_part @ in_part)
    service.eliminate_zeros()
    service.sort_indices()
    return service


def _weights(plant_node: IntArray, part_of_node: IntArray, n_parts: int, capacity_m3d: FloatArray) -> FloatArray:
    """Return each plant's share (0-1) of its part of the network; those of a part sum to 1."""
    is_on = plant_node >= 0
    if not is_on.any():
        return np.zeros(len(plant_node))
    part = np.where(is_on, part_of_node[plant_node], 0)
    capacity = np.where(is_on, capacity_m3d, 0.0)
    total = np.bincount(part, weights=capacity, minlength=n_parts)
    count = np.bincount(part[is_on], minlength=n_parts)
    # A total of NaN (one not known) is not above 0 either.
    is_by_capacity = total > 0
    by_capacity = np.divide(capacity, total[part], out=np.zeros(len(part)), where=is_by_capacity[part])
    evenly = np.divide(1.0, count[part], out=np.zeros(len(part)), where=count[part] > 0)
    return np.where(is_on, np.where(is_by_capacity[part], by_capacity, evenly), 0.0)


def _scale_columns(matrix: csr_array, factor: FloatArray) -> csr_array:
    rows = csr_array(matrix)
    return csr_array((rows.data * factor[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
