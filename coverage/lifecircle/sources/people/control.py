"""Control totals: people rescaled so that every unit holds exactly what the census says, and by how much.

A cell on a border belongs to several units at once, so that scaling one unit moves its neighbours. One factor per unit is
found for all units together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from lifecircle.config import Configuration, Control, SourceLayer
from lifecircle.sources.files import drop_repeats, read_source
from lifecircle.sources.people.points import read_counts
from lifecircle.sources.people.zones import join_codes, mend_of_codes
from lifecircle.sources.tables import as_code, report_long_codes, report_rows, show_rows
from lifecircle.sources.units import with_district

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lifecircle.config.schema import Level
    from lifecircle.model import BoolArray, FloatArray, InputFile, IntArray, Units
    from lifecircle.problems import Problems
    from lifecircle.sources.files import ReadLayer

EXACT = 1e-9  # relative
FAR_OFF = 1.6  # times the totals: more than a census decade or modelling changes
MOST_DENSE = 1000  # units in one group of neighbours; more are solved sparsely


def read_control(
    configuration: Configuration, control: Control, units: Mapping[Level, Units], problems: Problems
) -> tuple[FloatArray, InputFile] | None:
    """Read the totals of the units of ``control.level``, NaN where the table has none."""
    layer = SourceLayer(
        path=control.path,
        layer=control.layer,
        sheet=control.sheet,
        encoding=control.encoding,
        where=control.where,
    )
    field = "population.control"
    if control.level == "district":
        units = with_district(units, configuration.district)
    if control.level not in units:
        problems.error(
            "control-no-units",
            control.path,
            f"没有这一级单元 no units of level {control.level}",
            field=f"{field}.level",
            expected=", ".join(units),
            mend=f'加上 add [[units]] level = "{control.level}"',
        )
        return None
    columns = (control.id, control.people)
    read = read_source(
        configuration.folder,
        layer,
        "population: control",
        problems,
        columns=columns,
        field=field,
        is_table=True,
    )
    if read is not None:
        read = drop_repeats(read, control.id, problems)
        codes = read.frame[control.id]
        report_long_codes(codes, read.frame.index, read.file, read.layer, control.id, problems)
    counts = read_counts(read, control.people, {}, problems) if read is not None else None
    if read is None or counts is None:
        return None
    value, _, is_counted, is_repaired = counts
    held = units[control.level]
    unit = _join_control(control, read, held, is_counted, problems)
    if unit is None:
        return None
    used = is_counted & (unit >= 0)
    target = np.full(len(held), np.nan)
    target[unit[used]] = value[used]
    file = read.counted(kept=int(used.sum()), repaired=int((is_repaired & used).sum()), set_aside=int((~used).sum()))
    return target, file


def _join_control(
    control: Control, read: ReadLayer, held: Units, is_counted: BoolArray, problems: Problems
) -> IntArray | None:
    """Return the unit of every row of the table, -1 where it has none; None where the table does not fit the units."""
    rows = read.frame.index.to_numpy()
    unit = join_codes(as_code(read.frame[control.id]), held.code)
    is_unknown = unit < 0
    if is_unknown.all():
        problems.error(
            "control-no-match",
            control.path,
            f"没有一个代码与 {control.level} 相符 no code is a {control.level}'s",
            field=control.id,
            expected=f"如 such as {show_rows(held.code[:3])}",
            mend=mend_of_codes(
                as_code(read.frame[control.id]), held.code, "改正代码或级别 mend the codes or the level"
            ),
        )
        return None
    report_rows(
        problems, "control-unknown-code", "set_aside", control.path, rows[is_unknown],
        f"单元中没有这些代码 codes that no {control.level} has", field=control.id, expected=f"如 such as {show_rows(held.code[:3])}",
        mend=mend_of_codes(
            as_code(read.frame[control.id])[is_unknown], held.code,
            "改正代码;区县外的行可用 where 去掉 mend the codes; leave rows of elsewhere out with where",
        ),
    )  # fmt: skip
    is_doubled = pd.Series(unit).duplicated(keep=False).to_numpy() & is_counted & ~is_unknown
    if is_doubled.any():
        report_rows(
            problems,
            "control-duplicate-code",
            "error",
            control.path,
            rows[is_doubled],
            "代码重复 code used twice",
            field=control.id,
            expected="每个单元一行 one row a unit",
            mend="用 where 只选一年或一类 choose one year or kind with where",
        )
        return None
    return unit


def solve_factors(share: csr_array, people: FloatArray, target: FloatArray) -> FloatArray:
    """Return one factor per unit so that ``share @ scaled people`` is ``target``.

    A cell's people become ``people * (share.T @ factor + outside)``, where ``outside`` is the part of the cell in no unit, which is
    not scaled. With ``A = share diag(people) share.T`` the factors solve ``A f = target - share @ (people * outside)``. Units without
    a target (NaN), and units with neither people nor a target above 0, keep the factor 1.

    Raises
    ------
    numpy.linalg.LinAlgError
        Where no factors meet the totals to 1e-9.
    """
    outside = _outside(share)
    held = share @ people
    is_free = np.isfinite(target) & (held > 0.0)
    factor = np.ones(len(target))
    matrix = csr_array(share @ diags_array(people) @ share.T)
    wanted = np.where(is_free, np.nan_to_num(target), 0.0) - share @ (people * outside) - matrix @ ~is_free
    _, group = connected_components(matrix, directed=False)
    for number in np.unique(group[is_free]):
        chosen = np.flatnonzero(is_free & (group == number))
        block = matrix[chosen][:, chosen]
        for _ in range(2):  # the second time takes away what rounding left
            factor[chosen] += _solve_block(block, wanted[chosen] - block @ factor[chosen])
    reached = share @ scale_people(share, people, factor)
    miss = np.abs(reached - target)[is_free]
    if (miss > EXACT * np.maximum(target[is_free], 1.0)).any():
        raise np.linalg.LinAlgError("no factors meet the totals")
    return factor


def _solve_block(block: csr_array, wanted: FloatArray) -> FloatArray:
    """Return the solution of a group of neighbours, each unit measured in its own people so that small ones count."""
    scale = 1.0 / np.sqrt(block.diagonal())
    scaled = diags_array(scale) @ block @ diags_array(scale)
    if block.shape[0] > MOST_DENSE:
        try:
            found = splu(scaled.tocsc()).solve(wanted * scale)
        except RuntimeError as error:
            raise np.linalg.LinAlgError(str(error)) from error
        return np.asarray(found * scale, dtype=np.float64)
    # Two units that share all their cells cannot be told apart: the least change is taken, if any meets the totals.
    found = np.linalg.lstsq(scaled.toarray(), wanted * scale, rcond=None)[0]
    return np.asarray(found * scale, dtype=np.float64)


def _outside(share: csr_array) -> FloatArray:
    inside = np.asarray(share.sum(axis=0)).ravel()
    outside: FloatArray = np.maximum(0.0, 1.0 - inside)
    return outside


def scale_people(share: csr_array, people: FloatArray, factor: FloatArray) -> FloatArray:
    """Return people per cell after the factors; the part of a cell in no unit stays as it is."""
    return np.asarray(people * (share.T @ factor + _outside(share)), dtype=np.float64)


def apply_control(
    control: Control,
    target: FloatArray,
    units: Units,
    share: csr_array,
    people: FloatArray,
    problems: Problems,
) -> tuple[FloatArray, dict[str, Any]] | None:
    """Return the factor of every cell and what the manifest reports, or None and errors naming the units that cannot be met."""
    original = share @ people
    is_empty = (target > 0.0) & ~(original > 0.0)
    report_rows(
        problems, "control-nobody", "error", control.path, units.code[is_empty],
        f"没有可分配的人口 nobody to rescale in {show_rows(units.name[is_empty])}", field=control.people, expected="大于 0 的人口 somebody",
        mend="检查人口图层与单元是否对齐 check that the people and the units lie on each other",
    )  # fmt: skip
    is_absent = ~np.isfinite(target)
    report_rows(
        problems, "control-missing", "warning", control.path, units.code[is_absent],
        f"没有控制数 no total, not rescaled: {show_rows(units.name[is_absent])}", field=control.id, expected="每个单元一行 a row for every unit",
        mend="补上该单元的总数 add its total",
    )  # fmt: skip
    if is_empty.any():
        return None
    try:
        factor = solve_factors(share, people, target)
    except np.linalg.LinAlgError:
        problems.error(
            "control-unsolvable",
            control.path,
            "没有一组系数能同时满足各单元 no factors meet all totals at once",
            field=control.people,
            expected="可同时满足的总数 totals that fit one another",
            mend="单元小于人口格,请用更细的人口 units are smaller than cells: use finer people",
        )
        return None
    factor = np.where(np.abs(factor) < EXACT, 0.0, factor)
    is_negative = factor < 0.0
    report_rows(
        problems, "control-negative", "error", control.path, units.code[is_negative],
        f"系数为负 negative factor for {show_rows(units.name[is_negative])}", field=control.people, expected=">= 0",
        mend="与相邻单元的总数矛盾 its total and its neighbours' contradict the people on the shared cells",
    )  # fmt: skip
    if is_negative.any():
        return None
    _report_far(control, target, units, original, problems)
    _note(control, target, units, original, factor, problems)
    scaled = scale_people(share, people, factor)
    per_cell = np.asarray(share.T @ factor + _outside(share), dtype=np.float64)
    table = {
        code: {"name": name, "original": before, "target": wanted, "factor": by}
        for code, name, before, wanted, by in zip(
            units.code, units.name, original.tolist(), _listed(target), factor.tolist(), strict=True
        )
    }
    sums = {"people_before": float(people.sum()), "people_after": float(scaled.sum())}
    return per_cell, {"path": control.path, "level": control.level, **sums, "units": table}


def _report_far(control: Control, target: FloatArray, units: Units, original: FloatArray, problems: Problems) -> None:
    """Warn where the people as they came are far from the totals: a density read as counts, counts as a density, or another year."""
    is_set = np.isfinite(target)
    before, after = float(original[is_set].sum()), float(target[is_set].sum())
    if before > 0.0 and after > 0.0 and not 1.0 / FAR_OFF <= before / after <= FAR_OFF:
        report_rows(
            problems, "control-far", "warning", control.path, units.code[is_set],
            f"人口图层有 {before:,.0f} 人 people in the layer, {before / after:.3g} times the totals",
            field=control.people, expected=f"{after / FAR_OFF:,.0f} - {after * FAR_OFF:,.0f}",
            mend='检查 check population.unit: 是否把密度当成了人数 "people_per_km2"? is it a density taken for counts?',
        )  # fmt: skip


def _listed(target: FloatArray) -> list[float | None]:
    return [value if value == value else None for value in target.tolist()]


def _note(
    control: Control,
    target: FloatArray,
    units: Units,
    original: FloatArray,
    factor: FloatArray,
    problems: Problems,
) -> None:
    is_set: BoolArray = np.isfinite(target)
    if not is_set.any():
        return
    low, high = (
        int(np.argmin(np.where(is_set, factor, np.inf))),
        int(np.argmax(np.where(is_set, factor, -np.inf))),
    )
    problems.add(
        "control-factors", "note", control.path,
        f"人口按控制数调整 people rescaled from {original[is_set].sum():.0f} to {target[is_set].sum():.0f}; "
        f"系数 factors {factor[low]:.3f} ({units.name[low]}) - {factor[high]:.3f} ({units.name[high]})",
        field=control.level, count=int(is_set.sum()),
    )  # fmt: skip
