"""Every sentence that the field's list names is in the catalogue, word for word, and is answered."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from lifecircle.config import load_groups, load_kinds, load_policies
from lifecircle.config.catalogue import load_entries
from lifecircle.config.records import FacilityFilter

DOMAIN = Path(__file__).parents[3] / "shared" / "domain"
POLICIES = load_policies()
DOCUMENTS = {policy.text: policy for policy in POLICIES.values() if policy.text}
STATEMENTS = [(policy, statement) for policy in DOCUMENTS.values() for statement in policy.statements]
ENTRIES = [(policy, entry) for policy in POLICIES.values() for entry in policy.entries]
HEADING = re.compile(
    r"(?:(?<=\n)|(?<=[。)]))(?:\(\d+\)|\([一二三四五六七八九十]+\)|[一二三四五六七八九十]+、|\d+ ?[.、])"
)
"""A number at the head of a paragraph, or after the end of a sentence where the copy has lost its paragraphs."""
needs_texts = pytest.mark.skipif(not DOMAIN.is_dir(), reason="the policy texts are not beside this checkout")


def by_id(pair):
    return pair[1].id


def mended(name: str) -> str:
    """Return a text as a clause's number is looked up in it: without its page numbers, its misread numbers mended."""
    text = (DOMAIN / "policies" / name).read_text("utf-8")
    if name != "004_0a15e65b647d3590.txt":
        return text
    text = re.sub(r"\n\d+、", "", text)
    return text.replace("(S)建设目标", "(三)建设目标").replace("(H)开展农村厕所革命", "(11)开展农村厕所革命")


def heading_at(text: str, clause: str) -> int:
    """Return where a clause begins; ``三、(一)...`` is the (一) that follows 三、."""
    chapter, _, rest = clause.partition("、(")
    return text.index(f"({rest}", text.index(f"\n{chapter}、")) if rest else text.index(clause)


@needs_texts
def test_the_statements_are_those_of_the_list_word_for_word():
    with (DOMAIN / "indicators.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = {row["id"]: (row["seed"], row["quote"]) for row in csv.DictReader(file)}
    assert len(listed) == len(STATEMENTS) == 103
    assert {statement.id: (policy.text, statement.quote) for policy, statement in STATEMENTS} == listed


def test_statements_stand_in_the_order_of_their_ids():
    assert len(DOCUMENTS) == 5
    for policy in DOCUMENTS.values():
        ids = [statement.id for statement in policy.statements]
        assert ids == sorted(set(ids))


@needs_texts
@pytest.mark.parametrize("pair", STATEMENTS, ids=by_id)
def test_quotes_are_exact_and_stand_under_their_clause(pair):
    policy, statement = pair
    assert statement.quote in (DOMAIN / "policies" / policy.text).read_text("utf-8")
    if not statement.clause:
        assert policy.id == "huzhou", "only this text has no headings"
        return
    text = mended(policy.text)
    starts = {heading_at(text, one.clause) for one in policy.statements} | {
        match.start() for match in HEADING.finditer(text)
    }
    own = heading_at(text, statement.clause)
    end = min((start for start in starts if start > own), default=len(text))
    assert statement.quote in text[own:end]


@needs_texts
@pytest.mark.parametrize("pair", [pair for pair in ENTRIES if pair[0].text], ids=by_id)
def test_an_entrys_own_quote_is_exact(pair):
    policy, entry = pair
    assert entry.quote in (DOMAIN / "policies" / policy.text).read_text("utf-8")


@needs_texts
def test_a_documents_period_is_in_its_own_words():
    told = [policy for policy in DOCUMENTS.values() if policy.period is not None]
    assert {policy.id for policy in told} == {"dongtou-2021", "shangzhou-2022", "zhejiang-2023"}
    for policy in told:
        assert policy.period.quote in (DOMAIN / "policies" / policy.text).read_text("utf-8")
        assert str(policy.period.last) in policy.period.quote


def test_every_entry_has_an_id_of_its_own():
    ids = [entry.id for _, entry in ENTRIES]
    assert len(ids) == len(set(ids)) == len(load_entries())


@pytest.mark.parametrize("pair", STATEMENTS, ids=by_id)
def test_every_statement_is_answered(pair):
    policy, statement = pair
    assert set(statement.also) <= set(load_entries())
    own = {entry.id for entry in policy.entries if entry.statement == statement.id}
    assert not own & set(statement.also), "an entry that names its statement is not named by it again"
    assert policy.answers(statement)


@pytest.mark.parametrize("pair", ENTRIES, ids=by_id)
def test_every_entry_can_be_read_by_a_planner(pair):
    policy, entry = pair
    assert entry.label is not None
    assert entry.label.zh
    assert entry.label.en
    assert entry.source
    assert bool(entry.statement) == bool(policy.text), "an entry of a document answers one of its statements"
    assert set(entry.after) <= set(load_entries())
    ranked_by = None if getattr(entry, "ranks", None) else getattr(entry, "order_by", None)
    groups = {getattr(entry, "group", None), ranked_by} - {None}
    assert groups <= set(load_groups())


@pytest.mark.parametrize("pair", ENTRIES, ids=by_id)
def test_kinds_have_a_name_and_a_colour(pair):
    entry = pair[1]
    fields = [getattr(entry, name, None) or () for name in ("facilities", "of", "to", "within", "among")]
    wanted = [one for field in fields if isinstance(field, tuple) for one in field]
    assert {kind for one in wanted if isinstance(one, FacilityFilter) for kind in one.kind} <= set(load_kinds())


def test_figures_that_no_text_states_are_marked_for_review():
    """A rule of a clause without its own limit, or a standard's radius that was not seen, says that it is an assumption."""
    for policy, rule in [(policy, rule) for policy, rule in ENTRIES if rule in policy.rules]:
        if rule.source.startswith("本工具"):
            assert "供复核" in rule.assumption, f"{policy.id} {rule.id}"
        if policy.id == "shangzhou-2022":
            assert "供复核" in rule.assumption, "no clause of this text states a limit"


def test_the_two_thresholds_of_immunisation_stand_side_by_side():
    entries = load_entries()
    by_township, meeting, district = (
        entries[name] for name in ("immunisation-township", "immunisation-townships-meeting", "immunisation-district")
    )
    assert [(target.kind, target.value, target.year) for target in by_township.targets] == [
        ("hold", 0.95, 2022),
        ("hold", 0.95, 2030),
    ]
    assert (meeting.unit, meeting.at_least, meeting.indicator) == ("township", 95, "immunisation-township")
    assert [(target.kind, target.value, target.year) for target in district.targets] == [("hold", 0.90, None)]
    assert (by_township.levels, district.levels) == (("township",), ("district",))


def test_no_run_of_all_policies_has_too_many_journeys():
    assert sum(len(policy.rules) for policy in POLICIES.values()) <= 45
