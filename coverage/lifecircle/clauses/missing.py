"""What an entry would need that the district does not have, said so that a planner knows what to add."""

from __future__ import annotations

from lifecircle.clauses.facts import Facts
from lifecircle.config import AnyIndicator, Need
from lifecircle.config.indicators import CapacityShare, Difference, FloatingCatchment, Presence, Ratio, UnitsMeeting


def missing_for(entry: AnyIndicator, facts: Facts) -> list[str]:
    """Return what is missing, empty where the entry can be computed.

    Needs of one choice stand for each other: it is missing only where none of them is there.
    """
    missing = [
        _say_absent(need, absent) for need in _unmet(entry, facts) if (absent := _absent(need, facts)) is not None
    ]
    missing += [
        f'人群 group "{group}": 在 [population] groups 中给出 add groups.{group}'
        for group in entry.needs_groups
        if group not in facts.cells.groups
    ]
    missing += [f"先须算出 needs first: {name}" for name in entry.after if name not in facts.rows]
    if isinstance(entry, (Presence, UnitsMeeting, Difference)) and entry.unit not in facts.levels:
        missing.append(f'缺行政单元 units missing: [[units]] level = "{entry.unit}"')
    missing += _no_supply(entry, facts)
    has_chain = isinstance(entry, (CapacityShare, FloatingCatchment)) and entry.rule in facts.results
    if has_chain and facts.results[entry.after[0]].rule.then is not None:
        missing.append(f"{entry.after[0]}: 急救链没有容量口径 a chain of two facilities has no capacity of its own")
    if isinstance(entry, Ratio) and entry.population is not None and not entry.among:
        population = facts.configuration.population
        kind = population.kind if population else None
        if kind != entry.population:
            missing.append(
                f"人口口径 people: 条款为 the clause means {_kind(entry.population)}，数据为 the data are {_kind(kind)}; "
                f'[population] kind = "{entry.population}"'
            )
    return missing


def _no_supply(entry: AnyIndicator, facts: Facts) -> list[str]:
    """Return what to add where no facility of a rule says how much it holds: counted as none, everyone would be turned away."""
    column = {CapacityShare: "capacity", FloatingCatchment: "supply"}.get(type(entry))
    name = getattr(entry, column) if column else None
    if not name or entry.after[0] not in facts.results:
        return []
    frame = facts.facilities.frame.iloc[facts.results[entry.after[0]].facilities]
    if not len(frame) or (name in frame and frame[name].notna().any()):
        return []
    return [f"[[facilities]] {'/'.join(dict.fromkeys(frame['kind']))}: 缺列 columns missing: {name}"]


def _kind(kind: str | None) -> str:
    return {"resident": "常住 resident", "registered": "户籍 registered"}.get(kind or "", "未写明 not stated")


def partial_for(entry: AnyIndicator, facts: Facts) -> list[str]:
    """Return what of a choice is absent where another of it is there: the figure stands, without these."""
    unmet = {id(need) for need in _unmet(entry, facts)}
    return [
        _say_absent(need, absent)
        for need in entry.needs
        if need.choice and id(need) not in unmet and (absent := _absent(need, facts)) is not None
    ]


def _unmet(entry: AnyIndicator, facts: Facts) -> list[Need]:
    """Return the needs that stop the entry."""
    met = {need.choice for need in entry.needs if need.choice and _absent(need, facts) is None}
    return [
        need for need in entry.needs if not (need.choice and need.choice in met) and _absent(need, facts) is not None
    ]


def _absent(need: Need, facts: Facts) -> tuple[str, ...] | None:
    """Return the columns that are absent (none: the whole layer or table is), or None where all is there."""
    if need.is_table:
        register = facts.registers.get(need.name)
        if register is None:
            return ()
        frame = register.frame
    else:
        if need.name not in facts.kinds:
            return ()
        places = facts.places
        frame = places[(places["kind"] == need.name) & (places["status"] == "used")]
        if not len(frame):
            return None
    columns = [column for column in need.columns if column not in frame.columns or frame[column].isna().all()]
    return tuple(columns) or None


def _say_absent(need: Need, absent: tuple[str, ...]) -> str:
    if absent:
        return f"{need.section} {need.name}: 缺列 columns missing: {', '.join(absent)}"
    columns = f": {', '.join(need.columns)}" if need.columns else ""
    key = f'name = "{need.name}"' if need.is_table else f'kind = "{need.name}"'
    word = "缺表 table missing" if need.is_table else "缺图层 layer missing"
    return f"{word}: {need.section} {key}{'，列 columns' + columns if columns else ''}"
