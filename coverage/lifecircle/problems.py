"""What is wrong with an input, in one shape: where, what was found, what was expected, how to mend it.

Readers add to a :class:`Problems` list and go on; only the end of the door raises, with everything at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

MOST_NAMES = 16
"""More than so many names help nobody: the nearest are told."""
Severity = Literal["error", "set_aside", "repaired", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of ``issues.csv``.

    ``row`` is the row as the planner sees it in the file (a table's header is row 1), or a feature's id.
    ``count`` is how many rows the line speaks of.
    """

    code: str
    severity: Severity
    file: str
    found: str
    expected: str = ""
    mend: str = ""
    layer: str = ""
    row: str = ""
    field: str = ""
    count: int = 1

    def __str__(self) -> str:
        """``file!layer:row field | found; expected | mend``."""
        where = self.file + (f"!{self.layer}" if self.layer else "") + (f":{self.row}" if self.row else "")
        if self.field:
            where = f"{where} {self.field}"
        what = self.found + (f"; 应为 expected: {self.expected}" if self.expected else "")
        return " | ".join(part for part in (where, what, self.mend) if part)


@dataclass(slots=True)
class Problems:
    """The problems met so far, in the order met."""

    found: list[Problem] = field(default_factory=list)

    def add(
        self,
        code: str,
        severity: Severity,
        file: str,
        found: str,
        *,
        expected: str = "",
        mend: str = "",
        layer: str = "",
        row: str | int = "",
        field: str = "",
        count: int = 1,
    ) -> None:
        """Add one problem; see :class:`Problem` for the words."""
        self.found.append(
            Problem(code, severity, file, found, expected, mend, layer or "", str(row), field, int(count))
        )

    def error(
        self,
        code: str,
        file: str,
        found: str,
        *,
        expected: str = "",
        mend: str = "",
        layer: str = "",
        row: str | int = "",
        field: str = "",
        count: int = 1,
    ) -> None:
        """Add a problem that stops the run once everything has been read."""
        self.add(
            code, "error", file, found, expected=expected, mend=mend, layer=layer, row=row, field=field, count=count
        )

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop the run."""
        return [problem for problem in self.found if problem.severity == "error"]

    def raise_errors(self) -> None:
        """Raise :class:`InputError` with every error at once, if there is one."""
        if self.errors:
            raise InputError(self.found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


class InputError(ValueError):
    """The call, the configuration or a layer is wrong; ``problems`` holds everything that was found, and ``table`` the same as a frame."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        errors = [problem for problem in problems if problem.severity == "error"]
        super().__init__("\n".join(str(problem) for problem in errors))

    @property
    def table(self) -> pd.DataFrame:
        """One row a problem, one column a field of :class:`Problem`."""
        import pandas as pd

        return pd.DataFrame([asdict(problem) for problem in self.problems], columns=list(Problem.__dataclass_fields__))


class LedgerError(RuntimeError):
    """Rows of a file are neither used nor repaired nor set aside: a fault of the program's own, never of the planner's.

    A figure that rests on rows that were lost on the way must not be printed, so that this stops the run and names the file.
    """


class UnreadableError(ValueError):
    """A file could not be read at all; the reader that knows the file turns it into a :class:`Problem`."""


def nearest_name(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return a mend such as ``写成 did you mean "minutes"?``, or the known names where none is near."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f'是否应为 did you mean "{close[0]}"?'
    if len(known) > MOST_NAMES:
        like = get_close_matches(name, known, n=MOST_NAMES // 2, cutoff=0.3) or list(known)[: MOST_NAMES // 2]
        return f"相近的 nearest: {', '.join(like)} … 共 {len(known)} 个 of {len(known)}"
    return f"可用 known: {', '.join(known)}" if known else ""
