"""Tables for machines: indicators, cells, facilities, issues. The same study gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.indicators.rule_coverage import response_table
from lifecircle.model import FloatArray, IntArray, Study, TextArray, Units
from lifecircle.problems import Problem

ISSUE_COLUMNS = ("code", "severity", "file", "layer", "row", "field", "found", "expected", "mend", "count")
FORMULA_STARTS = ("=", "+", "-", "@", "\t")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write UTF-8 with a byte-order mark, which Excel needs to read Chinese.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    safe = frame.copy()
    for column in safe.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in safe.dtypes]]:
        safe[column] = [
            f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
            for value in safe[column]
        ]
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def write_indicators(study: Study, folder: Path) -> list[Path]:
    """Write ``indicators.csv`` and ``indicators.parquet``."""
    table, parquet = folder / "indicators.csv", folder / "indicators.parquet"
    write_csv(study.indicators, table)
    study.indicators.to_parquet(parquet, index=False)
    return [table, parquet]


def cell_table(study: Study) -> pd.DataFrame:
    """Return one row a cell: where it is, who is there, which units, and per rule the way to the nearest facility.

    Of a chain, ``<rule>__min`` is the whole chain and ``<rule>__facility`` the station that comes, also where no hospital can be reached;
    beside them stand the minutes of both ways and the hospital.
    """
    cells = study.cells
    columns: dict[str, object] = {
        "cell_id": cells.id, "x": cells.x, "y": cells.y, "lon": cells.lon, "lat": cells.lat, "people": cells.people,
        **cells.groups,
    }  # fmt: skip
    for level, units in study.units.items():
        if level in cells.membership:
            columns[f"{level}_code"] = _code_by_largest_share(cells.membership[level], units)
    if "district_code" not in columns:
        columns["district_code"] = np.full(len(cells), study.district.code, dtype=object)
    identity = study.facilities.frame["facility_id"].to_numpy(dtype=object)
    for rule_id, result in study.results.items():
        columns[result.rule.column] = _finite(result.nearest.cost)
        columns[f"{rule_id}__facility"] = _identity(identity, result.response.facility)
        if result.legs is not None:
            columns[f"{rule_id}__response_min"] = _finite(result.legs.response_min)
            columns[f"{rule_id}__transfer_min"] = _finite(result.legs.transfer_min)
            columns[f"{rule_id}__hospital"] = _identity(identity, result.legs.hospital)
    columns |= {f"{indicator}__value": values for indicator, values in study.by_cell.items()}
    return pd.DataFrame(columns)


def _finite(cost: FloatArray) -> FloatArray:
    return np.where(np.isfinite(cost), cost, np.nan)


def _identity(identity: TextArray, row: IntArray) -> TextArray:
    """Return the ids of facilities by their rows; None at -1."""
    return np.concatenate([identity, np.array([None], dtype=object)])[row]


def _code_by_largest_share(membership: csr_array, units: Units) -> TextArray:
    """Return the code of the unit that holds most of each cell; empty where none holds any."""
    by_cell = membership.tocsc()
    by_cell.sort_indices()
    code = np.full(membership.shape[1], "", dtype=object)
    cell = np.repeat(np.arange(membership.shape[1]), np.diff(by_cell.indptr))
    order = np.lexsort((by_cell.indices, -by_cell.data, cell))
    first = order[np.unique(cell[order], return_index=True)[1]]
    code[cell[first]] = units.code[by_cell.indices[first]]
    return code


def facility_table(study: Study) -> pd.DataFrame:
    """Return one row a facility, used or set aside, with its attributes and whom it serves under each rule."""
    frame = study.facilities.frame
    first = ["facility_id", "kind", "name", "lon", "lat"]
    table = pd.DataFrame(frame[first])
    access_m = np.full(len(frame), np.nan)
    for result in study.results.values():
        rows = result.facilities[np.isnan(access_m[result.facilities])]
        access_m[rows] = result.access_m[np.isin(result.facilities, rows)]
    table["access_m"] = np.where(np.isfinite(access_m), access_m, np.nan)
    table["status"] = frame["status"]
    table["reason"] = frame["reason"]
    table["is_inside"] = frame["is_inside"].astype(bool)
    attributes = {name: _plain(frame[name]) for name in study.facilities.attributes if name not in table}
    reach = {}
    for rule_id, result in study.results.items():
        for name, values in (("people_within", result.people_within), ("people_nearest", result.people_nearest)):
            column = np.full(len(frame), np.nan)
            column[result.facilities] = values
            reach[f"{rule_id}__{name}"] = column
        if result.legs is not None:
            column = np.full(len(frame), np.nan)
            column[result.legs.hospitals] = result.legs.people_taken
            reach[f"{rule_id}__people_taken"] = column
    return pd.concat(
        [table, pd.DataFrame(attributes, index=table.index), pd.DataFrame(reach, index=table.index)], axis=1
    )


def _plain(values: pd.Series) -> pd.Series:
    """Return an attribute as numbers where every value is one, else as text: files of one kind may disagree."""
    present = values.dropna()
    if len(present) and all(
        isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in present
    ):
        return pd.to_numeric(values)
    if len(present) and all(isinstance(value, (bool, np.bool_)) for value in present):
        return values.astype("boolean")
    return values.map(lambda value: None if value is None or value is pd.NA or value != value else str(value)).astype(
        object
    )


def issue_table(problems: Iterable[Problem]) -> pd.DataFrame:
    """Return every repair, warning and row set aside."""
    return pd.DataFrame(
        [{name: getattr(problem, name) for name in ISSUE_COLUMNS} for problem in problems],
        columns=list(ISSUE_COLUMNS),
    )


def write_tables(study: Study, folder: Path) -> list[Path]:
    """Write every table of the study into ``folder`` and return the paths."""
    paths = write_indicators(study, folder)
    for name, table in (("cells", cell_table(study)), ("facilities", facility_table(study))):
        path = folder / f"{name}.parquet"
        table.to_parquet(path, index=False)
        paths.append(path)
    for name, extra in study.tables.items():
        if len(extra):
            paths.append(folder / f"{name}.csv")
            write_csv(extra, paths[-1])
    emergency = response_table(study.district, study.units, study.cells, study.facilities, study.results)
    if len(emergency):
        paths.append(folder / "emergency.csv")
        write_csv(emergency, paths[-1])
    issues = folder / "issues.csv"
    write_csv(issue_table(study.problems), issues)
    return [*paths, issues]
