"""A figure as people read it: by its unit, in one place for the terminal, the workbook and the page.

The page follows the same rules in JavaScript (``webmap/base.js``: ``shareText``, ``numberText``, ``valueText``); a test holds the four
against each other, figure by figure.
"""

from __future__ import annotations

import math
from typing import Any

TENTHS = ("%", "pp", "min", "‰")
"""Units whose figures have one decimal."""
WHOLE = ("人", "m", "个", "项", "家", "处", "条", "户", "元")
"""Units of which nobody wants a part: their figures have no decimals."""
DIGITS = {"tenths": TENTHS, "whole": WHOLE}
"""For the page."""
LARGE = 1000.0
"""From here on a figure is whole; below it has three digits that count."""
NEARLY_ALL, NEARLY_NONE = 99.95, 0.05
"""A share that would round to all or to nothing, and is neither, is written as more, or less, than the last that is not."""


def figure_text(value: Any, unit: str, *, missing: str = "-") -> str:
    """Return a figure with its unit: ``84.7%``, ``10.1 min``, ``2.91 m2/人``, ``148,807 人``.

    Parameters
    ----------
    value
        A number; ``missing`` is returned for None and NaN.
    unit
        ``value_unit`` of the figure. A share (``%``) stands close by its sign.
    """
    if value is None or math.isnan(value):
        return missing
    if unit == "%":
        return share_text(float(value))
    return f"{number_text(float(value), unit)} {unit}".rstrip()


def share_text(share: float) -> str:
    """Return a share (0-100): what is not quite all, or not quite nothing, never rounds to it."""
    if NEARLY_ALL < share < 100:
        return ">99.9%"
    if 0 < share < NEARLY_NONE:
        return "<0.1%"
    return f"{share:.1f}%"


def number_text(value: float, unit: str = "") -> str:
    """Return a number: a decimal, or none, where its unit has so many; else three digits that count, whole from 1,000 on.

    What is something is never written as nothing.
    """
    size = abs(value)
    if value.is_integer() or size >= LARGE or (unit in WHOLE and size > 0.5):
        return f"{value:,.0f}"
    if unit in TENTHS and size >= NEARLY_NONE:
        return f"{value:.1f}"
    return f"{float(f'{value:.3g}'):.15g}"


def excel_format(unit: str, value: float, *, is_change: bool = False) -> str:
    """Return the number format under which Excel shows a number as `number_text` writes it; its unit stands in a column beside.

    A change may round to nothing (``is_change``): it then is none that anyone reads.
    """
    size = abs(value)
    if is_change and unit in TENTHS:
        return "0.0"
    if unit == "%" and (NEARLY_ALL < value < 100 or 0 < value < NEARLY_NONE):
        return "0.000"
    if unit in TENTHS and (size >= NEARLY_NONE or size == 0):
        return "0.0"
    if size >= LARGE or size == round(size) or (unit in WHOLE and size > 0.5):
        return "#,##0"
    decimals = 2 - math.floor(math.log10(size))
    return "0" if decimals <= 0 else f"0.{'0' * min(decimals, 3 if is_change else 15)}"
