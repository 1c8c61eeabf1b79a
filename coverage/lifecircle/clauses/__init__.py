"""From a policy's entries to figures: each measure asks the district's facts and hands arrays to ``measures``."""

from lifecircle.clauses import access, capacity, counted, inequality, judged, presence, spatial, water
from lifecircle.clauses.facts import Facts, Selected
from lifecircle.clauses.missing import blank_findings, missing_for, of_other_years, partial_for
from lifecircle.clauses.registry import Finding, Findings, find, is_computed, rows_of
from lifecircle.clauses.shortfalls import data_missing, foresee_missing
from lifecircle.clauses.trace import trace_rows

__all__ = [
    "Facts",
    "Finding",
    "Findings",
    "Selected",
    "access",
    "blank_findings",
    "capacity",
    "counted",
    "data_missing",
    "find",
    "foresee_missing",
    "inequality",
    "is_computed",
    "judged",
    "missing_for",
    "of_other_years",
    "partial_for",
    "presence",
    "rows_of",
    "spatial",
    "trace_rows",
    "water",
]
