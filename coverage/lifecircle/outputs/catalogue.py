"""The catalogue of policies as text: documents, their statements, what answers each, and what that is computed from."""

from __future__ import annotations

from collections.abc import Iterable

from lifecircle.config import (
    IndicatorEntry,
    Policy,
    Rule,
    Statement,
    Target,
    load_entries,
    load_measures,
    load_policies,
)

Answer = Rule | IndicatorEntry


def catalogue_lines() -> list[str]:
    """Return one block a policy: what it is, each statement with the ids that answer it, and the entries of no statement."""
    lines: list[str] = []
    for policy in load_policies().values():
        counts = f"{len(policy.statements)} 条陈述 statements, {len(policy.rules)} 条准则 rules, {len(policy.indicators)} 项指标 indicators"
        lines += [*_head(policy), f"  {counts}"]
        lines += [f"  {one.id} {one.label.zh} → {', '.join(policy.answers(one))}" for one in policy.statements]
        lines += [f"  - {entry.id}: {entry.names.both}" for entry in policy.entries if not entry.statement]
    return [*lines, "详见 more: lifecircle policies <编号 id> | 查找 search: lifecircle policies --find 健身"]


def policy_lines(policy: Policy) -> list[str]:
    """Return a policy in full: each statement with its quote and what answers it, then the entries of no statement."""
    lines = _head(policy)
    if policy.note:
        lines.append(f"  注 note: {policy.note}")
    for statement in policy.statements:
        lines += document_lines(policy, statement)
    own = [entry for entry in policy.entries if not entry.statement]
    for entry in own:
        lines += [f"  - {line}" if place == 0 else f"    {line}" for place, line in enumerate(entry_lines(entry))]
    return lines


def document_lines(policy: Policy, statement: Statement) -> list[str]:
    """Return a statement: clause, quote, and what answers it."""
    catalogue = load_entries()
    lines = [f"  {statement.id} {statement.label.both}", f"      {policy.id} {statement.clause}：“{statement.quote}”"]
    return lines + [f"      · {_brief(catalogue[name])}" for name in policy.answers(statement) if name in catalogue]


def entry_lines(entry: Answer) -> list[str]:
    """Return an entry in full: how it is computed, from what, what is asked, and what is assumed."""
    lines = [_brief(entry), f"  出处 from: {entry.policy} {entry.clause}"]
    lines += [
        f"  {name}: {text}"
        for name, text in (
            ("原文 quote", entry.quote),
            ("需要 needs", _needs(entry)),
            ("级别 levels", ", ".join(entry.levels)),
            ("目标 targets", "; ".join(_target(target, entry.value_unit) for target in entry.targets)),
            ("假定 assumption", entry.assumption),
            ("来源 source", entry.source),
        )
        if text
    ]
    return lines


def _head(policy: Policy) -> list[str]:
    lines = [f"{policy.id}  {policy.title.both}", f"  {policy.document}", f"  来源 source: {policy.source}"]
    if policy.applies_to:
        lines.append(f"  适用 holds in: {', '.join(policy.applies_to)}")
    if policy.period is not None:
        lines.append(f"  期末 due by: {policy.period.last}“{policy.period.quote}”")
    return lines


def _brief(entry: Answer) -> str:
    return f"{entry.id}: {entry.names.both} | {how_of(entry)}"


def how_of(entry: Answer) -> str:
    """Return how an entry is computed, in a few words."""
    if isinstance(entry, IndicatorEntry):
        name = str(getattr(entry, "measure", ""))
        return f"{load_measures()[name].called.zh} {name}, {entry.value_unit}"
    limit = f"{entry.limit:g} {entry.limit_unit}"
    if entry.then is not None:
        limit += f" → {'/'.join(kind for part in entry.then.facilities for kind in part.kind)}"
    who = f", {entry.group}" if entry.group else ""
    return f"{entry.mode}, {limit}, {entry.direction}{who}"


def _needs(entry: Answer) -> str:
    if isinstance(entry, IndicatorEntry):
        told = [f"{need.section} {need.name}({', '.join(need.columns)})" for need in entry.needs]
        told += [f"[population] groups.{group}" for group in entry.needs_groups]
        return "; ".join([*told, *entry.after])
    parts = (*entry.facilities, *(entry.then.facilities if entry.then else ()))
    kinds = [f"[[facilities]] {'/'.join(part.kind)}({', '.join(part.attributes)})" for part in parts]
    return "; ".join([*kinds, *([f"[population] groups.{entry.group}"] if entry.group else [])])


def _target(target: Target, unit: str) -> str:
    value = "" if target.value is None else f" {target.value * 100:g} %" if unit == "%" else f" {target.value:g} {unit}"
    year = f" ({target.year})" if target.year is not None else ""
    levels = f" [{', '.join(target.levels)}]" if target.levels else ""
    return f"{target.kind}{value}{year}{levels}{f' {target.text.both}' if target.text else ''}"


def find_lines(text: str) -> list[str]:
    """Return every statement and entry that has a text in its id, label, clause, quote, measure or what it needs."""
    wanted = text.casefold()
    lines: list[str] = []
    for policy in load_policies().values():
        found = [one for one in policy.statements if _has(wanted, (one.id, one.label.both, one.clause, one.quote))]
        for statement in found:
            lines += document_lines(policy, statement)
        shown = {name for statement in found for name in policy.answers(statement)}
        for entry in policy.entries:
            words = (
                entry.id,
                entry.names.both,
                entry.clause,
                entry.quote,
                entry.assumption,
                how_of(entry),
                _needs(entry),
            )
            if entry.id not in shown and _has(wanted, words):
                lines.append(f"  {policy.id} · {_brief(entry)}")
    return lines


def _has(wanted: str, words: Iterable[str]) -> bool:
    return any(wanted in word.casefold() for word in words)


def describe(name: str) -> list[str] | None:
    """Return what a policy's, a statement's or an entry's id stands for; None where nothing has it."""
    policies, entries = load_policies(), load_entries()
    if name in policies:
        return policy_lines(policies[name])
    if name in entries:
        return entry_lines(entries[name])
    lines: list[str] = []
    for policy in policies.values():
        for statement in policy.statements:
            if statement.id.casefold() == name.casefold():
                lines += document_lines(policy, statement)
                for answer in policy.answers(statement):
                    lines += [f"    {line}" for line in entry_lines(entries[answer])]
    return lines or None


def known_names() -> list[str]:
    """Return every id that :func:`describe` knows."""
    policies = load_policies()
    statements = [statement.id for policy in policies.values() for statement in policy.statements]
    return [*policies, *statements, *load_entries()]
