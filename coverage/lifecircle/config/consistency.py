"""What no section of ``district.toml`` can see alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lifecircle.config.catalogue import load_entries, load_policies
from lifecircle.config.configuration import FILE_NAME, Configuration
from lifecircle.config.measures import may_exempt
from lifecircle.config.plausible import check_plausible
from lifecircle.config.schema import Ferry, Mode
from lifecircle.config.siting import LinkTerms
from lifecircle.problems import Problems, nearest_name


def check_together(configuration: Configuration, table: dict[str, Any], problems: Problems) -> None:
    """Check what no section can see alone."""
    _check_unique([one.id for one in configuration.scenarios], "scenarios", "编号重复 id used twice", problems)
    _check_unique([one.id for one in configuration.plans], "plans", "编号重复 id used twice", problems)
    for section in ("rules", "indicators"):
        own = configuration.own_rules if section == "rules" else configuration.own_indicators
        _check_unique(list(own), section, "编号重复 id used twice", problems)
    both = [name for name in configuration.own_rules if name in configuration.own_indicators]
    _check_unique(
        [name for name in both for _ in range(2)], "indicators", "准则与指标同号 a rule has this id", problems
    )
    _check_unique(
        [layer.level for layer in configuration.units], "units", "同一级别给了两次 level given twice", problems
    )
    _check_unique([str(one.year) for one in configuration.years], "years", "年份给了两次 year given twice", problems)
    # On the table as written, so that a rule that fails for another reason still has its mode checked.
    for name, key in (("rules", "mode"), ("ferries", "modes"), ("links", "modes"), ("facilities", "within.mode")):
        for index, entry in enumerate(table.get(name, []) if isinstance(table.get(name), list) else []):
            for place, mode in _modes_named(entry, key):
                if mode not in configuration.modes:
                    problems.error(
                        "config-unknown-mode", FILE_NAME, f'未知的出行方式 unknown mode "{mode}"',
                        field=f"{name}[{index + 1}].{place}", mend=nearest_name(str(mode), list(configuration.modes)),
                        expected="已有的出行方式 a mode there is",
                    )  # fmt: skip
    check_ferries(configuration.ferries, "ferries", configuration.modes, problems)
    check_ferries(configuration.links, "links", configuration.modes, problems)
    if configuration.population is not None:
        groups = configuration.population.groups
        for rule in configuration.rules:
            # A policy's rule for a group that the district does not count is not computed, and says so.
            if rule.id in configuration.own_rules and rule.group is not None and rule.group not in groups:
                problems.error(
                    "config-unknown-group", FILE_NAME, f'没有这个人群 no such group "{rule.group}"',
                    field=f"rules.{rule.id}.group", mend=nearest_name(rule.group, list(groups)),
                    expected="[population] groups 中的人群 a group of [population] groups",
                )  # fmt: skip
    if (
        configuration.district
        and not configuration.rules
        and not {"rules", "indicators"} & table.keys()
        and not configuration.district.policies
    ):
        problems.error(
            "config-no-rules", FILE_NAME, "没有准则 no rules", field="rules",
            mend='加上 add district.policies = ["living-circle"] 或 or [[rules]]',
            expected="政策或准则 policies or rules",
        )  # fmt: skip
    _check_engines(configuration, table, problems)
    check_kinds(configuration, "layers", problems)
    _check_named_entries(configuration, problems)
    _check_sensitivity(configuration, problems)
    check_plausible(configuration, FILE_NAME, problems)


def _check_sensitivity(configuration: Configuration, problems: Problems) -> None:
    """Check that the people to be tried are those of a scenario."""
    peopled = [one.id for one in configuration.scenarios if one.population is not None]
    for index, name in enumerate(configuration.sensitivity.populations or ()):
        if name not in peopled:
            problems.error(
                "config-unknown-entry", FILE_NAME, f'没有另有人口的情景 no scenario with people of its own: "{name}"',
                field=f"sensitivity.populations[{index + 1}]",
                mend=nearest_name(name, peopled) or "在情景里写 population give the scenario a population",
                expected="已有的 id an id there is",
            )  # fmt: skip


def check_kinds(configuration: Configuration, place: str, problems: Problems) -> None:
    """Check that no kind is described as supply and as other places too: indicators ask both, and would count it twice."""
    supply = {layer.kind for layer in configuration.facilities}
    for index, layer in enumerate(configuration.layers):
        if layer.kind in supply:
            problems.error(
                "config-kind-twice", FILE_NAME, f'[[facilities]] 已有此类，会重复计数 already a kind of facility, counts twice: "{layer.kind}"',
                field=f"{place}[{index + 1}].kind", mend="指标也用 [[facilities]]，删去此处 indicators use [[facilities]] too: leave it out here",
                expected="一类只在一处 each kind in one place",
            )  # fmt: skip


_KEYS = {"scenarios": "indicators", "plans": "rule"}
"""Under which key a section names entries, where it is not ``indicator``."""


def _check_named_entries(configuration: Configuration, problems: Problems) -> None:
    """Check that exceptions, references and statements name what there is; a policy's entry may be named though it is not asked for."""
    chosen = {entry.id: entry for entry in configuration.entries}
    known = {**load_entries(), **chosen}
    named = [(f"exempt[{index + 1}]", one.indicator) for index, one in enumerate(configuration.exempt)]
    named += [
        (f"references[{index + 1}]", one.indicator)
        for index, one in enumerate(configuration.references)
        if one.indicator
    ]
    named += [
        (f"scenarios[{index + 1}]", name)
        for index, one in enumerate(configuration.scenarios)
        for name in one.indicators
    ]
    named += [(f"plans[{index + 1}]", one.rule) for index, one in enumerate(configuration.plans)]
    for place, name in named:
        if name not in known:
            problems.error(
                "config-unknown-entry", FILE_NAME, f'没有这条准则或指标 no such rule or indicator "{name}"',
                field=f"{place}.{_KEYS.get(place.split('[')[0], 'indicator')}", mend=nearest_name(name, sorted(known)),
                expected="已有的 id an id there is",
            )  # fmt: skip
        elif place.startswith("exempt") and not may_exempt(known[name]):
            problems.error(
                "config-exempt", FILE_NAME, f'"{name}" 不是 presence 指标，没有例外可言 is no presence indicator, nothing can be exempt from it',
                field=f"{place}.indicator",
                expected='measure = "presence" 的指标 an indicator with measure = "presence"',
                mend="改写 indicator，或删去此条 name another indicator, or leave it out",
            )  # fmt: skip
    own = {*configuration.own_rules, *configuration.own_indicators}
    for entry in chosen.values():
        if entry.id not in own or not entry.statement:
            continue
        policy = load_policies().get(entry.policy)
        statements = [one.id for one in policy.statements] if policy is not None else []
        if entry.statement not in statements:
            problems.error(
                "config-unknown-statement", FILE_NAME, f'政策 "{entry.policy}" 没有这条陈述 the policy has no such statement "{entry.statement}"',
                field=f"{entry.id}.statement", mend=nearest_name(entry.statement, statements) or '写明 set policy = "dongtou-2021"',
                expected="该政策的陈述 a statement of the policy",
            )  # fmt: skip


def _modes_named(entry: Any, key: str) -> list[tuple[str, Any]]:
    """Return where a table as written names a mode, and which; the rest of a chain may name one too."""
    if not isinstance(entry, dict):
        return []
    if key == "within.mode":
        within = entry.get("within")
        stated = within if isinstance(within, list) else [within]
        return [(key, one["mode"]) for one in stated if isinstance(one, dict) and isinstance(one.get("mode"), str)]
    used, then = entry.get(key), entry.get("then")
    named = [(key, mode) for mode in ([used] if isinstance(used, str) else used or [])]
    onward = then.get("mode") if isinstance(then, dict) else None
    return [*named, ("then.mode", onward)] if isinstance(onward, str) else named


def check_ferries(
    ferries: Sequence[Ferry | LinkTerms], place: str, modes: Mapping[str, Mode], problems: Problems
) -> None:
    """Check that ferries and links carry modes that go over streets: they link streets to streets."""
    for index, ferry in enumerate(ferries):
        for mode in ferry.modes:
            if mode in modes and modes[mode].engine == "terrain":
                problems.error(
                    "ferry-terrain-mode", FILE_NAME, f'地形方式不能乘轮渡、走连接 a ferry or link carries no terrain mode: "{mode}"',
                    field=f"{place}[{index + 1}].modes", mend="写道路方式 name modes over streets, such as walk",
                    expected="道路上的出行方式 modes over streets",
                )  # fmt: skip


def _check_engines(configuration: Configuration, table: dict[str, Any], problems: Problems) -> None:
    """Check that each way of going that a rule uses has the layer it goes over."""
    named = dict.fromkeys(mode for rule in configuration.rules for mode in rule.modes)
    used = [configuration.modes[mode] for mode in named if mode in configuration.modes]
    on_streets = [mode for mode in used if mode.engine == "network"]
    over_terrain = [mode for mode in used if mode.engine == "terrain"]
    # Policies ask for more than every district has: their rules are then not computed, and say so. What people have of their own, or
    # facilities to reach, is meant to be computed.
    is_meant = bool(configuration.own_rules or configuration.facilities)
    if on_streets and is_meant and configuration.roads is None and "roads" not in table:
        problems.error(
            "config-missing-section",
            FILE_NAME,
            "缺少 missing [roads]",
            field="roads",
            mend='加上 add [roads] path = "..."',
            expected="准则所需的图层 the layer that the rules go over",
        )
    terrain = {**configuration.terrain.model_dump(exclude_none=True), **(table.get("terrain") or {})}
    off_street = [mode for mode in on_streets if mode.off_street]
    for mode in over_terrain[:1] if "landcover" not in terrain else []:
        problems.error(
            "config-missing-section", FILE_NAME, f"地形方式 {mode.id} 没有土地覆盖 a terrain mode without land cover",
            field="terrain.landcover", mend='加上 add [terrain] landcover = "landcover.tif"',
            expected="准则所需的图层 the layer that the rules go over",
        )  # fmt: skip
    for mode in off_street[:1] if not terrain.keys() & {"landcover", "dem"} else []:
        problems.error(
            "config-missing-section", FILE_NAME, f"{mode.id} 可离开道路，但没有地形 may leave the streets, but there is no terrain",
            field="terrain", mend='加上 add [terrain] dem = "dem.tif" 或 or landcover = "landcover.tif"',
            expected="准则所需的图层 the layer that the rules go over",
        )  # fmt: skip
    for mode in off_street if "landcover" in terrain else []:
        if not mode.classes:
            problems.error(
                "config-missing-key", FILE_NAME, "有土地覆盖而未写各类如何通行 land cover, but not how people go over its classes",
                field=f"modes.{mode.id}.classes", mend='加上 add classes = { 1 = { as = "walk", speed_kph = 4 }, 5 = { as = "none" } }',
                expected="各类如何通行 how people go over each class",
            )  # fmt: skip


def _check_unique(names: list[str], section: str, found: str, problems: Problems) -> None:
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            problems.error(
                "config-duplicate",
                FILE_NAME,
                f'{found}: "{name}"',
                field=section,
                expected="每个只写一次 each of them once",
                mend="改名或删去一个 rename one, or leave it out",
            )
