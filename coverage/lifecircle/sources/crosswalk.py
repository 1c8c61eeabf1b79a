"""A year's units in today's: the table that ``[[years]] crosswalk`` names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lifecircle.config import Crosswalk, SourceLayer
from lifecircle.config.schema import Level
from lifecircle.model import BoolArray, InputFile, IntArray
from lifecircle.problems import Problems, nearest_name
from lifecircle.sources.files import read_source
from lifecircle.sources.tables import as_code, as_numbers, match_key, report_rows

COLUMNS = ("from_code", "to_code")
SUMS_TO_ONE = 1e-6
"""Shares are rounded in tables."""
Codes = Mapping[str, Level]
"""Every code of a year's units, the district's too, to its level."""


def read_crosswalk(
    folder: Path, layer: Crosswalk, field: str, then: Codes, today: Codes, problems: Problems
) -> tuple[pd.DataFrame, InputFile] | None:
    """Return the links ``from_code, to_code, share`` (0-1), codes written as the units' layers write them.

    Every row links a unit of that year to one of today's of the same level, each pair once; every unit's shares sum to 1, and every unit
    that today does not have is linked.

    Parameters
    ----------
    then, today
        The codes of the year's units and of today's.

    Returns
    -------
    tuple or None
        None where anything is wrong; ``problems`` says what, and in which rows.
    """
    file = SourceLayer(**layer.model_dump())
    read = read_source(folder, file, "crosswalk", problems, columns=COLUMNS, field=field, is_table=True)
    if read is None:
        return None
    before = len(problems.errors)
    frame, rows = read.frame, read.frame.index.to_numpy()
    share = as_numbers(frame["share"]) if "share" in frame.columns else as_numbers(np.ones(len(frame)))
    links = pd.DataFrame(
        {
            "from_code": [_as_written(code, then) for code in as_code(frame["from_code"])],
            "to_code": [_as_written(code, today) for code in as_code(frame["to_code"])],
            "share": np.where(share.is_blank, 1.0, share.value),
        }
    )
    is_blank = (links[list(COLUMNS)] == "").any(axis=1).to_numpy()
    is_share = (links["share"] > 0).to_numpy() & (links["share"] <= 1 + SUMS_TO_ONE).to_numpy()
    report_rows(problems, "crosswalk-row", "error", layer.path, rows[is_blank],
                "缺代码 a code is missing", field="from_code, to_code", expected="代码与 0-1 的份额 codes, and a share of 0-1",
                mend="补上或改正该行 fill in or mend the row")  # fmt: skip
    report_rows(
        problems, "crosswalk-row", "error", layer.path, rows[~is_share], f"份额不对 no share: {_show(frame, ~is_share)}",
        field="share", expected="大于 0、至多 1 above 0, at most 1",
        mend="补上或改正该行 fill in or mend the row",
    )  # fmt: skip
    _report_unknown(links, rows, is_blank, then, today, layer.path, problems)
    is_double = ~is_blank & links.duplicated(list(COLUMNS), keep=False).to_numpy()
    report_rows(
        problems, "crosswalk-duplicate", "error", layer.path, rows[is_double],
        f"同一对代码写了几次 the same pair more than once: {_pairs(links[is_double])}", field="from_code, to_code",
        mend="合成一行 make it one row",
        expected="每对代码一行 one row a pair",
    )  # fmt: skip
    total = links.groupby("from_code")["share"].transform("sum").to_numpy()
    is_off = ~is_blank & is_share & ~is_double & (np.abs(total - 1.0) > SUMS_TO_ONE)
    sums = dict(zip(links["from_code"][is_off], total[is_off], strict=True))
    report_rows(
        problems, "crosswalk-shares", "error", layer.path, rows[is_off],
        f"一个旧单元的份额之和不为 1 the shares of a unit do not sum to 1: {', '.join(f'{code} = {sum_of:g}' for code, sum_of in sums.items())}",
        field="share", expected="1", mend="旧单元的人口须全部分到今天的单元 all of its people must go somewhere",
    )  # fmt: skip
    listed = {*today, *links["from_code"]}
    # What became of the district's own code needs no row: district.toml says both.
    absent = [code for code, level in then.items() if level != "district" and code not in listed]
    if absent:
        problems.error(
            "crosswalk-missing", layer.path, f"旧单元今天没有，也没写去向 units that today does not have, no row of theirs: {', '.join(absent)}",
            field="from_code", mend="每个旧代码写上 to_code 与 share give each its to_code and share", count=len(absent),
            expected="每个旧单元有去向 every old unit goes somewhere",
        )  # fmt: skip
    if len(problems.errors) > before:
        return None
    return links, read.counted(kept=len(links), repaired=int(share.is_repaired.sum()))


def _as_written(code: str, known: Codes) -> str:
    """Return a code as the units' layer has it, where one of 6, 9 and 12 digits means the same unit."""
    if code in known or not code:
        return code
    return next((own for own in known if match_key(own) == match_key(code)), code)


def _report_unknown(
    links: pd.DataFrame, rows: IntArray, is_blank: BoolArray, then: Codes, today: Codes, file: str, problems: Problems
) -> None:
    """Report codes that no unit has, and rows that link two levels."""
    for column, known, whose in (("from_code", then, "那一年 of that year"), ("to_code", today, "今天 of today")):
        is_unknown = ~is_blank & ~links[column].isin(list(known)).to_numpy()
        named = list(dict.fromkeys(links[column][is_unknown]))
        report_rows(
            problems, "crosswalk-unknown", "error", file, rows[is_unknown], f"{whose}没有这个单元 no such unit: {', '.join(named)}",
            field=column, mend=nearest_name(named[0], list(known)) if named else "",
            expected="图层中的代码 codes of the layers",
        )  # fmt: skip
    levels = [links[column].map(dict(known)) for column, known in (("from_code", then), ("to_code", today))]
    is_across = (levels[0].notna() & levels[1].notna() & (levels[0] != levels[1])).to_numpy()
    report_rows(
        problems, "crosswalk-level", "error", file, rows[is_across],
        f"两边不是同一级别 two levels in one row: {_pairs(links[is_across])}", field="from_code, to_code",
        expected="两边同一级别 both of one level", mend="改正代码 mend the codes",
    )  # fmt: skip


def _pairs(links: pd.DataFrame) -> str:
    pairs = zip(links["from_code"], links["to_code"], strict=True)
    return ", ".join(dict.fromkeys(f"{one} → {other}" for one, other in pairs))


def _show(frame: pd.DataFrame, rows: BoolArray) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in frame["share"][rows])) if "share" in frame.columns else ""
