"""The columns of people and their groups in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lifecircle.sources.tables import as_numbers, refuse_dates, report_rows, show_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lifecircle.model import BoolArray, FloatArray
    from lifecircle.problems import Problems
    from lifecircle.sources.files import ReadLayer
    from lifecircle.sources.tables import Numbers


def read_counts(
    read: ReadLayer, people: str, groups: Mapping[str, str], problems: Problems
) -> tuple[FloatArray, dict[str, FloatArray], BoolArray, BoolArray] | None:
    """Return people and groups per row, which rows have a count, and which were repaired.

    A row without a readable count is set aside; a negative one is an error (None is returned). An unreadable group is 0 and warned of.
    """
    rows = read.frame.index.to_numpy()
    refuse_dates(read.frame, (), read.file, read.layer, problems, numbers=[people, *groups.values()])
    total = as_numbers(read.frame[people])
    _report_people(read, people, total, problems)
    is_repaired = total.is_repaired.copy()
    counted, is_negative = {}, total.value < 0
    for group, column in groups.items():
        numbers = as_numbers(read.frame[column])
        is_wanting = numbers.is_bad | numbers.is_blank
        report_rows(
            problems,
            "table-bad-number",
            "warning",
            read.file,
            rows[is_wanting],
            f"人群 {group} 读不出,当作 0 group unreadable, read as 0: {show_values(read.frame[column][is_wanting])}",
            layer=read.layer,
            field=column,
            expected="人数 people",
            mend="补上数字,没有则写 0 fill in a number; write 0 where there are none",
        )
        is_negative = is_negative | (numbers.value < 0)
        is_repaired |= numbers.is_repaired
        counted[group] = np.nan_to_num(numbers.value, nan=0.0)
    report_rows(
        problems,
        "population-negative",
        "error",
        read.file,
        rows[is_negative],
        "人数为负 negative people",
        layer=read.layer,
        field=people,
        expected=">= 0",
        mend="修正该行 mend the rows",
    )
    report_rows(
        problems, "table-repaired-number", "repaired", read.file, rows[is_repaired],
        f"人数写法已规范 counts rewritten as plain numbers: {show_values(read.frame[people][is_repaired])}",
        layer=read.layer, field=people, expected="数字 plain numbers", mend="改为数字 write plain numbers",
    )  # fmt: skip
    if is_negative.any():
        return None
    return total.value, counted, np.isfinite(total.value), is_repaired


def _report_people(read: ReadLayer, people: str, total: Numbers, problems: Problems) -> None:
    rows = read.frame.index.to_numpy()
    report_rows(
        problems, "table-bad-number", "set_aside", read.file, rows[total.is_bad],
        f"不是数 not a number: {show_values(read.frame[people][total.is_bad])}", layer=read.layer, field=people,
        expected="人数 people", mend="改为数字 write a plain number",
    )  # fmt: skip
    report_rows(
        problems, "table-no-number", "set_aside", read.file, rows[total.is_blank], "没有人数 no count of people",
        layer=read.layer, field=people, expected="人数 people", mend="补上,没有人则写 0 fill in; write 0 where nobody lives",
    )  # fmt: skip
