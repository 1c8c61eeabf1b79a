"""A year's units in today's: the table that ``[[years]] crosswalk`` names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lifecircle.config import Crosswalk, SourceLayer
from lifecircle.model import InputFile
from lifecircle.problems import Problems
from lifecircle.sources.files import read_source
from lifecircle.sources.tables import as_code, as_numbers, report_rows

COLUMNS = ("from_code", "to_code")
SUMS_TO_ONE = 1e-6
"""Shares are rounded in tables."""


def read_crosswalk(
    folder: Path, layer: Crosswalk, field: str, problems: Problems
) -> tuple[pd.DataFrame, InputFile] | None:
    """Return the links ``from_code, to_code, share`` (0-1), every unit's shares summing to 1; None and errors where they do not."""
    file = SourceLayer(**layer.model_dump())
    read = read_source(folder, file, "crosswalk", problems, columns=COLUMNS, field=field, is_table=True)
    if read is None:
        return None
    frame, rows = read.frame, read.frame.index.to_numpy()
    links = pd.DataFrame({name: as_code(frame[name]) for name in COLUMNS})
    share = as_numbers(frame["share"]) if "share" in frame.columns else as_numbers(np.ones(len(frame)))
    links["share"] = np.where(share.is_blank, 1.0, share.value)
    is_bad = (links[list(COLUMNS)] == "").any(axis=1).to_numpy() | ~(links["share"] > 0).to_numpy()
    before = len(problems.errors)
    report_rows(problems, "crosswalk-row", "error", layer.path, rows[is_bad],
                "缺代码，或份额不是正数 a code is missing, or the share is not above 0", field="from_code, to_code, share")  # fmt: skip
    total = links.groupby("from_code")["share"].transform("sum").to_numpy()
    is_off = ~is_bad & (np.abs(total - 1.0) > SUMS_TO_ONE)
    report_rows(
        problems, "crosswalk-shares", "error", layer.path, rows[is_off],
        f"一个旧单元的份额之和不为 1 the shares of a unit do not sum to 1: {', '.join(dict.fromkeys(links['from_code'][is_off]))}",
        field="share", expected="1", mend="旧单元的人口须全部分到今天的单元 all of its people must go somewhere",
    )  # fmt: skip
    if len(problems.errors) > before:
        return None
    return links, read.counted(repaired=int(share.is_repaired.sum()), set_aside=0)
