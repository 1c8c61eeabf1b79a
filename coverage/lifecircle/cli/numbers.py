"""Values of the command line, each with the range in which it means something: what lies outside is said before anything is read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeVar

import typer

Number = TypeVar("Number", int, float)
YEARS = (1949, 2100)
"""As ``[district] year`` has it."""


def check_share(value: float | None) -> float | None:
    """Let a share of people through: above 0, at most 1."""
    return _check(value, lambda number: 0 < number <= 1, "0 < 份额 share <= 1", _as_share(value))


def check_money(value: float | None) -> float | None:
    """Let an amount of yuan through: above 0, and finite."""
    return _check(
        value, lambda number: 0 < number <= MOST_YUAN, f"0 < 元 yuan <= {MOST_YUAN:.0e}", "写元，不写万元 yuan"
    )


def check_cost(value: float | None) -> float | None:
    """Let the cost of a site through: 0, or an amount of yuan."""
    return _check(
        value, lambda number: 0 <= number <= MOST_YUAN, f"0 <= 元 yuan <= {MOST_YUAN:.0e}", "写元，不写万元 yuan"
    )


def check_count(value: int | None) -> int | None:
    """Let a number of sites through: 1 or more."""
    return _check(value, lambda number: 1 <= number <= MOST_SITES, f"1 <= 处 sites <= {MOST_SITES:,}", "")


def check_seconds(value: float | None) -> float | None:
    """Let a time to solve through: a second to a week."""
    return _check(value, lambda number: 1 <= number <= MOST_SECONDS, f"1 <= 秒 seconds <= {MOST_SECONDS:,}", "")


def check_year(value: int | None) -> int | None:
    """Let a year through."""
    return _check(value, lambda number: YEARS[0] <= number <= YEARS[1], f"{YEARS[0]} - {YEARS[1]}", "")


def check_id(value: str) -> str:
    """Let an id of outputs through: it becomes the name of a folder."""
    if re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", value) and len(value) <= MOST_LETTERS:
        return value
    raise typer.BadParameter(
        f'"{value}" | 应为小写字母、数字，以 - 或 _ 相连 expected: lower-case letters and digits joined by - or _ | --id wenzhou'
    )


MOST_YUAN = 1e12
MOST_LETTERS = 60
MOST_SITES = 100_000
MOST_SECONDS = 604_800


def _check(value: Number | None, is_right: Callable[[Number], bool], expected: str, mend: str) -> Number | None:
    if value is None or (math.isfinite(value) and is_right(value)):
        return value
    shown = f"{value:g}" if isinstance(value, float) else f"{value}"
    raise typer.BadParameter(f"{shown} | 应为 expected: {expected}{f' | {mend}' if mend else ''}")


def _as_share(value: float | None) -> str:
    if value is not None and 1 < value <= 100:
        return f"是否指 {value:g}%？写 did you mean {value / 100:g}"
    return "份额，不是百分数 a share, not a percentage: 0.95"
