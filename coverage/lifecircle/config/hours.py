"""Times of day and sailing hours, as a timetable prints them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

DAY_MIN = 24 * 60
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})")


def read_clock(text: str) -> int:
    """Return the minutes since midnight of ``HH:MM``, 00:00 to 24:00.

    Raises
    ------
    ValueError
        Where it is no time of day.
    """
    match = _CLOCK.fullmatch(text.strip())
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else DAY_MIN + 1
    if minutes > DAY_MIN:
        raise ValueError(f'不是时刻 not a time of day: "{text}"; 写作 write "22:30"')
    return minutes


def read_span(text: str) -> tuple[int, int]:
    """Return first and last minute of ``HH:MM-HH:MM``; the last may be the smaller: past midnight.

    Raises
    ------
    ValueError
        Where it is not two times, or twice the same.
    """
    first, dash, last = re.sub("[–—~～]", "-", text).partition("-")
    if not dash:
        raise ValueError(f'不是时段 not a span of hours: "{text}"; 写作 write "06:30-18:00"')
    window = read_clock(first), read_clock(last)
    if window[0] == window[1]:
        raise ValueError(f'时段为空 an empty span: "{text}"; 全天写作 all day is "00:00-24:00"')
    return window


def is_within(at: str, windows: Iterable[str]) -> bool:
    """Whether a time of day lies in any of the windows, both ends included."""
    minute = read_clock(at) % DAY_MIN
    for text in windows:
        first, last = read_span(text)
        is_in = first <= minute <= last if first < last else minute >= first or minute <= last
        if is_in or (minute == 0 and last == DAY_MIN):
            return True
    return False


_EVERY_DAY = re.compile("每天|每日|周一至周日|星期一至星期日|Mo-Su", re.IGNORECASE)
_BETWEEN = re.compile(r"[;；,，、/\s]+|和|及")


def read_hours(text: str, words: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the spans that a cell of opening hours means, none where it is empty; None where it cannot be read.

    ``08:00-17:30``, ``8:00至12:00、14:00至17:30``, ``22:00-06:00`` (past midnight), ``24小时``, and any of ``words``. Hours of some days of
    the week are not read: a run has a time of day and no day.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    known = {unicodedata.normalize("NFKC", word).casefold(): spans for word, spans in words.items()}
    if not plain or plain.casefold() in known:
        return known.get(plain.casefold(), ())
    plain = re.sub(r"\s*(?:[–—~-]|至|到)\s*", "-", _EVERY_DAY.sub("", plain)).strip()
    found: list[str] = []
    for part in filter(None, _BETWEEN.split(plain)):
        if part.casefold() in known:
            found += known[part.casefold()]
            continue
        try:
            read_span(part)
        except ValueError:
            return None
        found.append(part)
    return tuple(found) or None


def _as_clock(value: Any) -> Any:
    """TOML has times of day of its own: ``at = 22:30:00``."""
    return f"{value:%H:%M}" if isinstance(value, dt.time) else value


def _check_clock(text: str) -> str:
    minutes = read_clock(text) % DAY_MIN
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _check_window(text: str) -> str:
    read_span(text)
    return text


TimeOfDay = Annotated[str, BeforeValidator(_as_clock), AfterValidator(_check_clock)]
Window = Annotated[str, AfterValidator(_check_window)]
