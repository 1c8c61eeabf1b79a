"""Problems as lines for the terminal: the gravest first, and whether they stopped anything."""

from __future__ import annotations

from collections.abc import Sequence

from lifecircle.problems import Problem, Severity

WORDS: dict[Severity, str] = {
    "error": "错误 error",
    "set_aside": "剔除 set aside",
    "repaired": "修复 repaired",
    "warning": "注意 warning",
    "note": "说明 note",
}


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Return one line a problem, and one that says that nothing was written where any of them is an error."""
    lines = []
    for severity, word in WORDS.items():
        for problem in problems:
            if problem.severity == severity:
                count = f" ({problem.count})" if problem.count > 1 else ""
                lines.append(f"{word}{count}: {problem}")
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        lines.append(f"共 {errors} 处错误，未写任何文件 {errors} errors, nothing was written")
    return lines
