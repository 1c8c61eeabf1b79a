"""The monitoring board: every indicator with a target, how the district and each township stand, and what lacks data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lifecircle.config import IndicatorEntry, Label, Rule, load_policies
from lifecircle.indicators.access import FloatingCatchment, MeanMinutes
from lifecircle.indicators.counts import Share
from lifecircle.indicators.judged import Scorecard
from lifecircle.indicators.spatial import AreaShare
from lifecircle.indicators.targets import AHEAD, BEHIND, MISSED, NO_TARGET, NOT_KNOWN, ON_SCHEDULE, UNDER_WAY
from lifecircle.model import Study
from lifecircle.outputs.summary import NOT_ASKED, count_statements, count_targets
from lifecircle.outputs.webmap.unit_figures import HOSTED, SHARED, as_number

STATUSES = (AHEAD, ON_SCHEDULE, BEHIND, UNDER_WAY, MISSED, NOT_KNOWN, NO_TARGET)
"""The page knows them by their place here."""
DIGITS = 6
"""Significant ones; whoever needs more opens targets.csv."""
MET_WITH = {"已计算 computed", "没有指标 nothing answers it", NOT_ASKED}
"""States of statements that lack no data."""

Entries = Mapping[str, Rule | IndicatorEntry]
Row = Mapping[Any, Any]
ByUnit = Mapping[str, Mapping[str, Row]]
"""Rows by indicator and unit code."""


def describe_board(study: Study) -> dict[str, Any] | None:
    """Return what is monitored; None where nothing is: no target, no scorecard, no statement.

    ``targets`` is how many the district has, as everywhere else. ``indicators`` have a target that the year answers to; their
    ``townships`` hold a value and a status for each township, in the order of the units. ``others`` were computed and have none.
    ``unanswered`` are the statements that lack data, each with what it needs. Groups beside an indicator (``-age60``) are left out.
    Percentages are 0-100, a status is its place in :data:`STATUSES`, None is no figure.
    """
    study = study.shown
    targets, statements = _table(study, "targets"), _table(study, "statements")
    cards = _table(study, "scorecard")
    if not len(targets) and not len(statements) and not len(cards):
        return None
    entries: Entries = {
        **{name: result.rule for name, result in study.results.items()},
        **{entry.id: entry for entry in study.configuration.indicators},
    }
    due = _own(targets[targets["is_due"].astype(bool)], entries) if len(targets) else targets
    rows = _own(study.indicators, entries)
    codes = [str(code) for code in study.units["township"].code] if "township" in study.units else []
    at_district, at_township = _by_unit(rows, "district"), _by_unit(rows, "township")
    due_district, due_township = _by_unit(due, "district"), _by_unit(due, "township")
    listed = [name for name in _names(due) if name in due_district or name in due_township]
    rest = [name for name in _names(rows) if name in at_district and name not in listed]
    return {
        "policies": _describe_policies(study, [*rows["policy"], *statements.get("policy", ())]),
        "statements": count_statements(study) if len(statements) else None,
        "targets": count_targets(study),
        "indicators": [
            _describe_indicator(name, entries, due_district, due_township, at_township, codes) for name in listed
        ],
        "others": [
            _describe_entry(row, entries)
            for name in rest
            for row in at_district[name].values()
            if not isinstance(entries.get(name), Scorecard)
        ],
        "scorecards": _describe_scorecards(cards, entries, study.district.code, codes),
        "unanswered": [
            _describe_statement(row) for row in statements.to_dict("records") if str(row["state"]) not in MET_WITH
        ],
    }


def _table(study: Study, name: str) -> pd.DataFrame:
    return study.tables.get(name, pd.DataFrame())


def _own(rows: pd.DataFrame, entries: Entries) -> pd.DataFrame:
    """Return the rows of entries themselves, and of joint service and hosts beside them."""
    return rows[rows["indicator"].astype(str).str.removesuffix(SHARED).str.removesuffix(HOSTED).isin(list(entries))]


def _entry_of(name: str, entries: Entries) -> Rule | IndicatorEntry | None:
    """Return the entry that a row is of."""
    return entries.get(name) or entries.get(name.removesuffix(SHARED).removesuffix(HOSTED))


def _names(rows: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(str(name) for name in rows["indicator"])) if len(rows) else []


def _by_unit(rows: pd.DataFrame, level: str) -> ByUnit:
    found: dict[str, dict[str, Row]] = {}
    if len(rows):
        for row in rows[rows["level"] == level].to_dict("records"):
            found.setdefault(str(row["indicator"]), {})[str(row["unit_code"])] = row
    return found


def _describe_policies(study: Study, used: Iterable[Any]) -> list[dict[str, str]]:
    """Return the policies of the rows, the district's own choice first and in its order."""
    present = {str(policy) for policy in used}
    order = [policy for policy in study.district.policies if policy in present]
    known = load_policies()
    return [
        {"id": policy, **(_label(known[policy].title) if policy in known else {"zh": policy, "en": policy})}
        for policy in [*order, *sorted(present - set(order))]
    ]


def _describe_indicator(
    name: str, entries: Entries, district: ByUnit, townships: ByUnit, values: ByUnit, codes: list[str]
) -> dict[str, Any]:
    """Return one line of the board. An indicator that is reported of townships only has no value, no status and nothing missing of its own."""
    of_district = next(iter(district.get(name, {}).values()), None)
    of_townships = townships.get(name, {})
    any_row = of_district or next(iter(of_townships.values()))
    described = _describe_entry(any_row, entries) | {"target": _describe_target(any_row, entries)}
    units = [of_townships.get(code, values.get(name, {}).get(code, {})) for code in codes]
    described["townships"] = [_short(unit.get("value")) for unit in units]
    # What is not asked of a township (so many of something, of the district as a whole) is judged by nobody there.
    described["statuses"] = [_status(of_townships.get(code, {}).get("status", NO_TARGET)) for code in codes]
    if of_district is None:
        return described | {"value": None, "status": None, "missing": None}
    entry = _entry_of(name, entries)
    return described | {"status": _status(of_district["status"])} | _describe_missing(of_district, entry)


def _describe_entry(row: Row, entries: Entries) -> dict[str, Any]:
    name = str(row["indicator"])
    entry = _entry_of(name, entries)
    rule = name if isinstance(entry, Rule) else next(iter(entry.of_rules), "") if entry else ""
    return {
        "id": name,
        "policy": str(row["policy"]),
        "zh": str(row["label_zh"]),
        "en": str(row["label_en"]),
        "value": _short(row["value"]),
        "unit": str(row["value_unit"]),
        "rule": rule,
    }


def _describe_target(row: Row, entries: Entries) -> dict[str, Any]:
    entry = _entry_of(str(row["indicator"]), entries)
    year, kind = as_number(row["target_year"]), str(row["target_kind"])
    asked = [target for target in (entry.targets if entry else ()) if (target.kind, target.year) == (kind, year)]
    more = {
        "is_less_better": any(target.is_less_better for target in asked),
        "text": next((_label(target.text) for target in asked if target.text), None),
        "base_year": _short(row["base_year"]),
        "reference": str(row["reference_name"] or ""),
    }
    return {"kind": kind, "value": _short(row["target"]), "year": _short(year)} | {
        key: value for key, value in more.items() if value
    }


def _describe_missing(row: Row, entry: Rule | IndicatorEntry | None) -> dict[str, Any]:
    """Return what lacks, and in what unit. The sum above the line of a mean is nothing one could provide: there it is the gap."""
    missing = as_number(row["missing"])
    if missing and isinstance(entry, (MeanMinutes, FloatingCatchment)):
        return {"missing": _short(max(float(row["gap"]), 0.0)), "missing_unit": str(row["value_unit"])}
    return {"missing": _short(missing), "missing_unit": str(row["missing_unit"]) or _unit_of_records(entry)}


def _unit_of_records(entry: Rule | IndicatorEntry | None) -> str:
    """Return what stands for records of any kind; empty where a column is summed whose unit only the table knows."""
    if isinstance(entry, AreaShare):
        return "m2"
    return "" if isinstance(entry, Share) and entry.numerator else "项"


def _describe_scorecards(
    cards: pd.DataFrame, entries: Entries, district: str, codes: list[str]
) -> list[dict[str, Any]]:
    """Return per scorecard and document the share met, how many clauses have a target, and each township's share and rank."""
    described = []
    known = load_policies()
    for (name, policy), rows in cards.groupby(["scorecard", "policy"], sort=False) if len(cards) else ():
        title = {"of": _label(known[policy].title)} if policy in known else {}
        by_code = {str(row["unit_code"]): row for row in rows.to_dict("records")}
        entry = entries.get(str(name))
        own: Row = by_code.get(district, {})
        described.append(
            {
                "id": str(name),
                **_label(entry.names if entry else Label(zh=str(rows["label_zh"].iloc[0]))),
                **title,
                "value": _short(own.get("met_pct")),
                "monitored": _short(own.get("monitored")),
                "with_target": _short(own.get("with_target")),
                "townships": [_short(by_code.get(code, {}).get("met_pct")) for code in codes],
                "ranks": [_short(by_code.get(code, {}).get("rank")) for code in codes],
            }
        )
    return described


def _describe_statement(row: Row) -> dict[str, Any]:
    """Return a statement that lacks data, and everything that its entries need, each need once."""
    reasons = (part.split(": ", 1)[-1] for part in str(row["missing"]).split(" | "))
    return {
        "policy": str(row["policy"]),
        "id": str(row["statement"]),
        "zh": str(row["label_zh"]),
        "en": str(row["label_en"] or row["label_zh"]),
        "clause": str(row["clause"]),
        "is_in_part": str(row["computed"]) != "",
        "needs": list(dict.fromkeys(need for reason in reasons for need in reason.split("; ") if need)),
    }


def _status(status: Any) -> int:
    return STATUSES.index(status) if status in STATUSES else STATUSES.index(NO_TARGET)


def _short(value: Any) -> float | int | None:
    """Return a number with :data:`DIGITS` significant digits, whole numbers without a point; None where there is none."""
    number = as_number(value)
    if number is None or number == 0:
        return None if number is None else 0
    places = DIGITS - 1 - math.floor(math.log10(abs(number)))
    number = round(number, places)
    return int(number) if number.is_integer() else number


def _label(label: Label) -> dict[str, str]:
    return {"zh": label.zh, "en": label.en or label.zh}
