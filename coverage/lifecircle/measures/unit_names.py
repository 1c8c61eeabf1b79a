"""Which unit a list means: by code or by name, however it is punctuated."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

MARKS = re.compile(r"[;；、,，|\n\r\t]+")
SUFFIX = re.compile(r"(行政村|社区居委会|居委会|社区|村委会|村)$")
"""What lists leave off or put on: 鹿西 for 鹿西村."""


class UnitNames:
    """Codes and names of the units of a level, to look entries of lists up in."""

    def __init__(self, codes: Iterable[object], names: Iterable[object]) -> None:
        self._codes: dict[str, list[int]] = defaultdict(list)
        self._names: dict[str, list[int]] = defaultdict(list)
        self._short: dict[str, list[int]] = defaultdict(list)
        for row, (code, name) in enumerate(zip(codes, names, strict=True)):
            plain = str(name).strip()
            self._codes[str(code).strip()].append(row)
            self._names[plain].append(row)
            self._short[without_suffix(plain)].append(row)

    def find(self, entry: str) -> list[int]:
        """Return the rows of the units an entry may mean: of its code, else its name, else its name but for 村, 社区 and the like."""
        return self._codes.get(entry) or self._names.get(entry) or self._short.get(without_suffix(entry)) or []

    def split(self, text: object) -> list[str]:
        """Return the entries of a list: between them stand ; ； 、 , ， | or white space; a name with spaces of its own is one entry."""
        if not isinstance(text, str):
            return []
        entries: list[str] = []
        for part in (part.strip() for part in MARKS.split(text)):
            entries.extend([part] if part and self.find(part) else part.split())
        return entries


def without_suffix(name: str) -> str:
    """Return a name without 村, 社区 and the like at its end; a name that is nothing else stays."""
    return SUFFIX.sub("", name) or name
