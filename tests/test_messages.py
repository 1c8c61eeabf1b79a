"""Every error, warning and row set aside says what was found, what was expected and how to mend it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "coverage" / "lifecircle"
TO_MEND = ("error", "warning", "set_aside")


def _severity(call: ast.Call) -> str | None:
    """Return the severity a call adds a problem with, ``?`` where it is decided at run time; None where it adds none."""
    name = (
        call.func.attr
        if isinstance(call.func, ast.Attribute)
        else call.func.id
        if isinstance(call.func, ast.Name)
        else ""
    )
    keywords = {one.arg: one.value for one in call.keywords}
    if (
        name == "error"
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value).endswith(("problems", "said"))
    ):
        return "error"
    place = {"report_rows": 2, "add": 1, "Problem": 1}.get(name)
    if place is None or (
        name == "add" and "problems" not in ast.unparse(call.func) and "said" not in ast.unparse(call.func)
    ):
        return None
    given = keywords.get("severity", call.args[place] if len(call.args) > place else None)
    if given is None:
        return None
    return str(given.value) if isinstance(given, ast.Constant) else "?"


def _calls() -> list[tuple[str, ast.Call]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "problems.py" or "planning" in path.parts:
            continue
        nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        asked = [node for node in nodes if _severity(node) in (*TO_MEND, "?")]
        found += [(f"{path.relative_to(PACKAGE)}:{node.lineno}", node) for node in asked]
    return found


CALLS = _calls()


def test_the_package_reports_problems() -> None:
    assert len(CALLS) > 150


@pytest.mark.parametrize(("place", "call"), CALLS, ids=[place for place, _ in CALLS])
def test_a_problem_says_what_is_expected_and_how_to_mend_it(place: str, call: ast.Call) -> None:
    given = {one.arg: one.value for one in call.keywords}
    if None in given or (any(isinstance(one, ast.Starred) for one in call.args)):
        return  # what is passed on as a whole was checked where it was made
    names = [
        name for name in ("expected", "mend") if name not in given and len(call.args) < {"expected": 5, "mend": 6}[name]
    ]
    empty = [
        name for name in ("expected", "mend") if isinstance(given.get(name), ast.Constant) and not given[name].value
    ]
    assert names + empty == [], f"{place}: {ast.unparse(call)[:200]}"
