"""An engine that fills, shares or weighs wrongly is found out by the cases that ship."""

from __future__ import annotations

from pathlib import Path

from lifecircle.indicators import supply_and_demand as capacity
from lifecircle.indicators import supply_and_demand as floating_catchment
from lifecircle.verification import Outcome, load_cases, run_case


def outcome_of(identity: str) -> Outcome:
    return run_case(next(entry for entry in load_cases() if entry.id == identity), Path())


def failed(identity: str) -> set[str]:
    return {check.label.split(":")[0] for check in outcome_of(identity).checks if not check.holds}


def test_the_farthest_first_is_found_out(monkeypatch):
    fill = capacity._fill

    def backwards(facility, cell, people, places, taken):
        turned = taken[::-1].copy()
        fill(facility[::-1].copy(), cell[::-1].copy(), people, places, turned)
        taken[:] = turned[::-1]

    assert outcome_of("nearest-first").holds
    monkeypatch.setattr(capacity, "_fill", backwards)
    assert not outcome_of("nearest-first").holds


def test_a_wrong_share_is_found_out(monkeypatch):
    assert outcome_of("two-step").holds
    monkeypatch.setattr(floating_catchment, "_scale_columns", lambda weight, _: weight)
    assert failed("two-step") == {"3SFCA", "BFCA"}
    monkeypatch.undo()
    share = floating_catchment._share
    monkeypatch.setattr(
        floating_catchment, "_share", lambda one, other, people, supply: share(one, other, people / 2, supply)
    )
    assert failed("two-step") == {"2SFCA", "E2SFCA", "3SFCA", "BFCA"}
