"""``district.toml`` to a :class:`Configuration`, with every problem at once.

Sections are validated one by one, so that one wrong key does not hide what is wrong elsewhere: the layers that are described
well are still read and checked.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from lifecircle.config.catalogue import Policy, load_modes, load_policies
from lifecircle.config.chosen import choose_entries, order_indicators
from lifecircle.config.indicators import MEASURES, AnyIndicator, IndicatorEntry
from lifecircle.config.rules import Rule
from lifecircle.config.schema import (
    District,
    FacilityLayer,
    Ferry,
    Mode,
    Population,
    Roads,
    Terrain,
    UnitLayer,
)
from lifecircle.config.tables import Baseline, Exempt, Reference, TableLayer
from lifecircle.config.water import WaterSupply
from lifecircle.problems import Problems, nearest_name

FILE_NAME = "district.toml"
SECTIONS: dict[str, tuple[type[BaseModel], bool]] = {
    # name: (model, may stand several times)
    "district": (District, False),
    "units": (UnitLayer, True),
    "population": (Population, False),
    "facilities": (FacilityLayer, True),
    "layers": (FacilityLayer, True),
    "tables": (TableLayer, True),
    "roads": (Roads, False),
    "ferries": (Ferry, True),
    "terrain": (Terrain, False),
    "rules": (Rule, True),
    "indicators": (IndicatorEntry, True),
    "baselines": (Baseline, True),
    "references": (Reference, True),
    "exempt": (Exempt, True),
    "water": (WaterSupply, False),
}
Section = TypeVar("Section", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Configuration:
    """One district as its planner described it; sections that did not validate are absent."""

    folder: Path
    district: District | None
    units: tuple[UnitLayer, ...]
    population: Population | None
    facilities: tuple[FacilityLayer, ...]
    layers: tuple[FacilityLayer, ...]
    """Places that are no supply: built-up area, green space, corridors, hazards."""
    tables: tuple[TableLayer, ...]
    roads: Roads | None
    ferries: tuple[Ferry, ...]
    terrain: Terrain
    modes: dict[str, Mode]
    rules: tuple[Rule, ...]
    """The district's own and its policies', in that order."""
    own_rules: tuple[str, ...]
    indicators: tuple[AnyIndicator, ...]
    """The district's own and its policies', each after those it is computed from."""
    own_indicators: tuple[str, ...]
    baselines: tuple[Baseline, ...]
    references: tuple[Reference, ...]
    exempt: tuple[Exempt, ...]
    water: WaterSupply


def read_configuration(folder: Path, problems: Problems) -> Configuration | None:
    """Read ``district.toml`` in ``folder``; problems are added, never raised.

    Returns
    -------
    Configuration or None
        None where there is no file or it is not TOML at all.
    """
    table = _read_toml(folder / FILE_NAME, problems)
    if table is None:
        return None
    for key in table.keys() - SECTIONS.keys() - {"modes"}:
        problems.error(
            "config-unknown-key", FILE_NAME, "未知的段落 unknown section", field=key,
            mend=nearest_name(key, [*SECTIONS, "modes"]),
        )  # fmt: skip
    parsed = {name: _validate_section(name, table, problems) for name in SECTIONS}
    district: District | None = next(iter(parsed["district"]), None)
    modes = _read_modes(table.get("modes", {}), problems)
    own_rules: list[Rule] = parsed["rules"]
    own_indicators: list[AnyIndicator] = parsed["indicators"]
    chosen = choose_entries(_known_policies(district, problems), [*own_rules, *own_indicators])
    rules = [entry for entry in chosen if isinstance(entry, Rule)]
    indicators = [entry for entry in chosen if not isinstance(entry, Rule)]
    configuration = Configuration(
        folder=folder,
        district=district,
        units=tuple(parsed["units"]),
        population=next(iter(parsed["population"]), None),
        facilities=tuple(parsed["facilities"]),
        layers=tuple(parsed["layers"]),
        tables=tuple(parsed["tables"]),
        roads=next(iter(parsed["roads"]), None),
        ferries=tuple(parsed["ferries"]),
        terrain=next(iter(parsed["terrain"]), None) or Terrain(),
        modes=modes,
        rules=tuple(rules),
        own_rules=tuple(rule.id for rule in own_rules),
        indicators=order_indicators(indicators, rules, FILE_NAME, problems),
        own_indicators=tuple(entry.id for entry in own_indicators),
        baselines=tuple(parsed["baselines"]),
        references=tuple(parsed["references"]),
        exempt=tuple(parsed["exempt"]),
        water=next(iter(parsed["water"]), None) or WaterSupply(),
    )
    _check_together(configuration, table, problems)
    return configuration


def _read_toml(path: Path, problems: Problems) -> dict[str, Any] | None:
    if not path.is_file():
        problems.error(
            "config-missing", str(path), "没有这个文件 no such file",
            mend="文件夹里须有 district.toml; a district is a folder with a district.toml",
        )  # fmt: skip
        return None
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        problems.error(
            "config-encoding", path.name, f"不是 UTF-8 not UTF-8 (byte {error.start})", mend="另存为 save as UTF-8"
        )
    except tomllib.TOMLDecodeError as error:
        problems.error("config-syntax", path.name, f"TOML 语法错误 syntax error: {error}")
    return None


def _validate_section(name: str, table: dict[str, Any], problems: Problems) -> list[Any]:
    """Return the valid entries of one section."""
    model, many = SECTIONS[name]
    value = table.get(name)
    if value is None:
        if name in ("district", "units", "population"):
            mark = f"[[{name}]]" if many else f"[{name}]"
            problems.error(
                "config-missing-section", FILE_NAME, f"缺少 missing {mark}", field=name, mend=f"加上 add {mark}"
            )
        return []
    if isinstance(value, list) != many:
        right = f"[[{name}]]" if many else f"[{name}]"
        problems.error("config-wrong-form", FILE_NAME, f"{name} 的写法不对 wrong form", field=name, expected=right)
        return []
    entries = []
    for index, entry in enumerate(value if many else [value]):
        place = f"{name}[{index + 1}]" if many else name
        own = _measure_of(entry, place, problems) if model is IndicatorEntry else model
        checked = _validate(own, entry, place, problems) if own is not None else None
        if checked is not None:
            entries.append(checked)
    return entries


def _validate(model: type[Section], value: Any, place: str, problems: Problems) -> Section | None:
    try:
        return TypeAdapter(model).validate_python(value)
    except ValidationError as error:
        _add_validation_errors(error, model, place, problems)
        return None


def _add_validation_errors(error: ValidationError, model: type[BaseModel], place: str, problems: Problems) -> None:
    for detail in error.errors(include_url=False):
        path = [str(part) for part in detail["loc"]]
        key = ".".join([place, *path])
        shown = repr(detail["input"])
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        if detail["type"] == "extra_forbidden":
            known = _known_names(model, path[:-1])
            problems.error(
                "config-unknown-key", FILE_NAME, f"未知的键 unknown key (= {shown})", field=key,
                mend=nearest_name(path[-1], known),
            )  # fmt: skip
        elif detail["type"] == "missing":
            problems.error(
                "config-missing-key",
                FILE_NAME,
                "缺少此键 this key is missing",
                field=key,
                mend=f"加上 add {path[-1]} = ...",
            )
        else:
            problems.error(
                "config-value", FILE_NAME, f"值不对 wrong value {shown}", field=key,
                expected=detail["msg"].removeprefix("Value error, "),
            )  # fmt: skip


def _known_names(model: type[BaseModel], path: list[str]) -> list[str]:
    """Return the keys that may stand at ``path`` inside ``model``."""
    current: Any = model
    for part in path:
        fields = getattr(current, "model_fields", {})
        if part in fields:
            current = _inner_model(fields[part].annotation)
    return [field.alias or name for name, field in getattr(current, "model_fields", {}).items()]


def _inner_model(annotation: Any) -> Any:
    """Return the model inside ``X | None``, ``Annotated[X, ...]`` or ``tuple[X, ...]``."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType, tuple):
        candidates = [_inner_model(part) for part in get_args(annotation)]
        return next((part for part in candidates if hasattr(part, "model_fields")), None)
    if origin is Annotated:
        return _inner_model(get_args(annotation)[0])
    return annotation


def _read_modes(overrides: Any, problems: Problems) -> dict[str, Mode]:
    """Return all modes; an override that does not validate is reported and the built-in mode stands."""
    modes = load_modes()
    if not isinstance(overrides, dict):
        problems.error(
            "config-wrong-form", FILE_NAME, "modes 的写法不对 wrong form", field="modes", expected="[modes.walk]"
        )
        return modes
    for key, override in overrides.items():
        if not isinstance(override, dict):
            problems.error(
                "config-wrong-form",
                FILE_NAME,
                f"值不对 wrong value {override!r}",
                field=f"modes.{key}",
                expected=f"[modes.{key}]",
            )
            continue
        if key not in modes and "ways" not in override and override.get("engine") != "terrain":
            problems.error(
                "config-unknown-mode", FILE_NAME, "未知的出行方式 unknown mode", field=f"modes.{key}",
                mend=f"{nearest_name(key, list(modes))} 新方式须给出 a mode of your own needs ways = \"walk\"",
            )  # fmt: skip
            continue
        try:
            modes[key] = load_modes({key: override})[key]
        except ValidationError as error:
            _add_validation_errors(error, Mode, f"modes.{key}", problems)
    return modes


def _measure_of(entry: Any, place: str, problems: Problems) -> type[IndicatorEntry] | None:
    """Return the model of an indicator's measure."""
    measure = entry.get("measure") if isinstance(entry, dict) else None
    if measure in MEASURES:
        return MEASURES[str(measure)]
    problems.error(
        "config-unknown-measure", FILE_NAME, f"没有这种算法 no such measure {measure!r}", field=f"{place}.measure",
        mend=nearest_name(str(measure), list(MEASURES)),
    )  # fmt: skip
    return None


def _known_policies(district: District | None, problems: Problems) -> list[Policy]:
    policies, known = load_policies(), []
    for index, policy_id in enumerate(district.policies if district else ()):
        if policy_id in policies:
            known.append(policies[policy_id])
            continue
        problems.error(
            "config-unknown-policy", FILE_NAME, f'没有这个政策 no such policy "{policy_id}"',
            field=f"district.policies[{index + 1}]", mend=nearest_name(policy_id, list(policies)),
        )  # fmt: skip
    return known


def _check_together(configuration: Configuration, table: dict[str, Any], problems: Problems) -> None:
    """Check what no section can see alone."""
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
    # On the table as written, so that a rule that fails for another reason still has its mode checked.
    for name, key in (("rules", "mode"), ("ferries", "modes")):
        for index, entry in enumerate(table.get(name, []) if isinstance(table.get(name), list) else []):
            for place, mode in _modes_named(entry, key):
                if mode not in configuration.modes:
                    problems.error(
                        "config-unknown-mode", FILE_NAME, f'未知的出行方式 unknown mode "{mode}"',
                        field=f"{name}[{index + 1}].{place}", mend=nearest_name(str(mode), list(configuration.modes)),
                    )  # fmt: skip
    _check_ferries(configuration, problems)
    if configuration.population is not None:
        groups = configuration.population.groups
        for rule in configuration.rules:
            # A policy's rule for a group that the district does not count is not computed, and says so.
            if rule.id in configuration.own_rules and rule.group is not None and rule.group not in groups:
                problems.error(
                    "config-unknown-group", FILE_NAME, f'没有这个人群 no such group "{rule.group}"',
                    field=f"rules.{rule.id}.group", mend=nearest_name(rule.group, list(groups)),
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
        )  # fmt: skip
    _check_engines(configuration, table, problems)


def _modes_named(entry: Any, key: str) -> list[tuple[str, Any]]:
    """Return where a table as written names a mode, and which; the rest of a chain may name one too."""
    if not isinstance(entry, dict):
        return []
    used, then = entry.get(key), entry.get("then")
    named = [(key, mode) for mode in ([used] if isinstance(used, str) else used or [])]
    onward = then.get("mode") if isinstance(then, dict) else None
    return [*named, ("then.mode", onward)] if isinstance(onward, str) else named


def _check_ferries(configuration: Configuration, problems: Problems) -> None:
    """Check that ferries carry modes that go over streets: they link streets to streets."""
    for index, ferry in enumerate(configuration.ferries):
        for mode in ferry.modes:
            if mode in configuration.modes and configuration.modes[mode].engine == "terrain":
                problems.error(
                    "ferry-terrain-mode", FILE_NAME, f'地形方式不能乘轮渡 a ferry carries no terrain mode: "{mode}"',
                    field=f"ferries[{index + 1}].modes", mend="写道路方式 name modes over streets, such as walk",
                )  # fmt: skip


def _check_engines(configuration: Configuration, table: dict[str, Any], problems: Problems) -> None:
    """Check that each way of going that a rule uses has the layer it goes over."""
    named = dict.fromkeys(mode for rule in configuration.rules for mode in rule.modes)
    used = [configuration.modes[mode] for mode in named if mode in configuration.modes]
    on_streets = [mode for mode in used if mode.engine == "network"]
    over_terrain = [mode for mode in used if mode.engine == "terrain"]
    if on_streets and configuration.roads is None and "roads" not in table:
        problems.error(
            "config-missing-section",
            FILE_NAME,
            "缺少 missing [roads]",
            field="roads",
            mend='加上 add [roads] path = "..."',
        )
    terrain = {**configuration.terrain.model_dump(exclude_none=True), **(table.get("terrain") or {})}
    off_street = [mode for mode in on_streets if mode.off_street]
    for mode in over_terrain[:1] if "landcover" not in terrain else []:
        problems.error(
            "config-missing-section", FILE_NAME, f"地形方式 {mode.id} 没有土地覆盖 a terrain mode without land cover",
            field="terrain.landcover", mend='加上 add [terrain] landcover = "landcover.tif"',
        )  # fmt: skip
    for mode in off_street[:1] if not terrain.keys() & {"landcover", "dem"} else []:
        problems.error(
            "config-missing-section", FILE_NAME, f"{mode.id} 可离开道路，但没有地形 may leave the streets, but there is no terrain",
            field="terrain", mend='加上 add [terrain] dem = "dem.tif" 或 or landcover = "landcover.tif"',
        )  # fmt: skip
    for mode in off_street if "landcover" in terrain else []:
        if not mode.classes:
            problems.error(
                "config-missing-key", FILE_NAME, "有土地覆盖而未写各类如何通行 land cover, but not how people go over its classes",
                field=f"modes.{mode.id}.classes", mend='加上 add classes = { 1 = { as = "walk", speed_kph = 4 }, 5 = { as = "none" } }',
            )  # fmt: skip


def _check_unique(names: list[str], section: str, found: str, problems: Problems) -> None:
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            problems.error("config-duplicate", FILE_NAME, f'{found}: "{name}"', field=section)
