"""``district.toml`` to a :class:`Configuration`, with every problem at once.

Sections are validated one by one, so that one wrong key does not hide what is wrong elsewhere: the layers that are described
well are still read and checked.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from lifecircle.config.catalogue import Policy, load_modes, load_policies
from lifecircle.config.chosen import choose_entries, order_indicators
from lifecircle.config.configuration import FILE_NAME, Configuration
from lifecircle.config.consistency import check_together
from lifecircle.config.layer_rules import rules_of_layers
from lifecircle.config.measures import IndicatorEntry, load_measures
from lifecircle.config.rules import Rule
from lifecircle.config.scenarios import Scenario, Sensitivity, inherit_population
from lifecircle.config.schema import (
    District,
    FacilityLayer,
    Ferry,
    Mode,
    Population,
    RoadsLayer,
    Terrain,
    UnitLayer,
)
from lifecircle.config.siting import CandidateLayer, LinkEntry, Plan, SitingOptions, link_model
from lifecircle.config.tables import Baseline, Exempt, Reference, TableLayer, WaterSupply
from lifecircle.config.years import YearLayers, complete_years
from lifecircle.problems import Problems, nearest_name

SECTIONS: dict[str, tuple[type[BaseModel], bool]] = {
    # name: (model, may stand several times)
    "district": (District, False),
    "units": (UnitLayer, True),
    "population": (Population, False),
    "facilities": (FacilityLayer, True),
    "layers": (FacilityLayer, True),
    "tables": (TableLayer, True),
    "roads": (RoadsLayer, False),
    "ferries": (Ferry, True),
    "terrain": (Terrain, False),
    "rules": (Rule, True),
    "indicators": (IndicatorEntry, True),
    "baselines": (Baseline, True),
    "references": (Reference, True),
    "exempt": (Exempt, True),
    "water": (WaterSupply, False),
    "candidates": (CandidateLayer, True),
    "siting": (SitingOptions, False),
    "links": (LinkEntry, True),
    "plans": (Plan, True),
    "sensitivity": (Sensitivity, False),
    "years": (YearLayers, True),
    "scenarios": (Scenario, True),
}
Section = TypeVar("Section", bound=BaseModel)
MOST_BYTES = 4_000_000
"""Of a configuration: the largest we know has 60 kB."""


def read_configuration(
    folder: Path, problems: Problems, *, policies: tuple[str, ...] | None = None
) -> Configuration | None:
    """Read ``district.toml`` in ``folder``; problems are added, never raised.

    Parameters
    ----------
    policies
        Those the district answers to, in place of those it names itself.

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
            expected="指南中的键 a key of the guide",
        )  # fmt: skip
    if policies is not None and isinstance(table.get("district"), dict):
        table["district"]["policies"] = list(policies)
    table = complete_years(table)
    inherit_population(table)
    parsed = {name: _validate_section(name, table, problems) for name in SECTIONS}
    district: District | None = next(iter(parsed["district"]), None)
    modes = _read_modes(table.get("modes", {}), problems)
    own_rules: list[Rule] = [*parsed["rules"], *rules_of_layers(parsed["facilities"], modes)]
    own_indicators: list[IndicatorEntry] = parsed["indicators"]
    answered = _known_policies(district, problems)
    chosen = choose_entries(answered, [*own_rules, *own_indicators], district)
    _note_elsewhere(answered, district, problems)
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
        candidates=tuple(parsed["candidates"]),
        siting=next(iter(parsed["siting"]), None) or SitingOptions(),
        links=tuple(parsed["links"]),
        plans=tuple(parsed["plans"]),
        sensitivity=next(iter(parsed["sensitivity"]), None) or Sensitivity(),
        water=next(iter(parsed["water"]), None) or WaterSupply(),
        years=tuple(parsed["years"]),
        scenarios=tuple(parsed["scenarios"]),
    )
    check_together(configuration, table, problems)
    return configuration


def read_identity(folder: Path) -> tuple[str, int] | None:
    """Return the id and the year of a district and look at nothing else; None where the configuration does not say them rightly."""
    table = _read_toml(folder / FILE_NAME, Problems()) or {}
    found = _validate_section("district", table, Problems())
    return (found[0].id, found[0].year) if found else None


def _read_toml(path: Path, problems: Problems) -> dict[str, Any] | None:
    if not path.is_file():
        problems.error(
            "config-missing", str(path), "没有这个文件 no such file",
            mend="文件夹里须有 district.toml; a district is a folder with a district.toml",
            expected="district.toml",
        )  # fmt: skip
        return None
    size = path.stat().st_size
    if size > MOST_BYTES:
        problems.error(
            "config-size", path.name, f"文件过大 absurdly large: {size / 1e6:.1f} MB", expected=f"<= {MOST_BYTES / 1e6:.0f} MB",
            mend="数据放进图层与表，配置只写路径 put data into layers and tables; the configuration names them",
        )  # fmt: skip
        return None
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        problems.error(
            "config-encoding",
            path.name,
            f"不是 UTF-8 not UTF-8 (byte {error.start})",
            mend="另存为 save as UTF-8",
            expected="UTF-8",
        )
    except RecursionError:
        problems.error(
            "config-depth", path.name, "嵌套过深 brackets nested too deeply", expected="不超过几层的表与列表 tables and lists a few levels deep",
            mend="检查括号 check the brackets",
        )  # fmt: skip
    except tomllib.TOMLDecodeError as error:
        problems.error(
            "config-syntax",
            path.name,
            f"TOML 语法错误 syntax error: {error}",
            expected="合乎 TOML 的文件 a file that is TOML",
            mend="改正所指的行：文字加引号，键不重复 mend the line named: texts in quotes, each key once",
        )
    else:
        return table
    return None


def _validate_section(name: str, table: dict[str, Any], problems: Problems) -> list[Any]:
    """Return the valid entries of one section."""
    model, many = SECTIONS[name]
    value = table.get(name)
    if value is None:
        if name in ("district", "units", "population"):
            mark = f"[[{name}]]" if many else f"[{name}]"
            problems.error(
                "config-missing-section",
                FILE_NAME,
                f"缺少 missing {mark}",
                field=name,
                mend=f"加上 add {mark}",
                expected="必需的段落 a section that is needed",
            )
        return []
    if isinstance(value, list) != many:
        right = f"[[{name}]]" if many else f"[{name}]"
        problems.error(
            "config-wrong-form",
            FILE_NAME,
            f"{name} 的写法不对 wrong form",
            field=name,
            expected=right,
            mend="改成应有的写法 write it as expected",
        )
        return []
    entries = []
    for index, entry in enumerate(value if many else [value]):
        place = f"{name}[{index + 1}]" if many else name
        own = _model_of(model, entry, place, problems)
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
        key = _write_place(place, detail["loc"])
        shown = repr(detail["input"])
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        if detail["type"] == "extra_forbidden":
            known = _known_names(model, path[:-1])
            problems.error(
                "config-unknown-key", FILE_NAME, f"未知的键 unknown key (= {shown})", field=key,
                mend=nearest_name(path[-1], known),
                expected="指南中的键 a key of the guide",
            )  # fmt: skip
        elif detail["type"] == "missing":
            problems.error(
                "config-missing-key",
                FILE_NAME,
                "缺少此键 this key is missing",
                field=key,
                mend=f"加上 add {path[-1]} = ...",
                expected="必需的键 a key that is needed",
            )
        else:
            problems.error(
                "config-value", FILE_NAME, f"值不对 wrong value {shown}", field=key,
                expected=detail["msg"].removeprefix("Value error, "), mend=f"改正 mend {key}",
            )  # fmt: skip


def _write_place(place: str, loc: tuple[int | str, ...]) -> str:
    """Return where a value stands, entries counted from 1: ``indicators[1].of[2].kind``."""
    for index, part in enumerate(loc):
        if isinstance(part, int):
            place += f"[{part + 1}]"
            continue
        # Records are told apart by their key, which then stands in the path twice.
        is_tag = part in ("kind", "table") and 0 < index < len(loc) - 1
        if is_tag and isinstance(loc[index - 1], int) and isinstance(loc[index + 1], str):
            continue
        place += f".{part}"
    return place


def _known_names(model: type[BaseModel], path: list[str]) -> list[str]:
    """Return the keys that may stand at ``path`` inside ``model``."""
    current: Any = model
    for part in path:
        fields = getattr(current, "model_fields", {})
        named = {**{field.alias: field for field in fields.values() if field.alias}, **fields}
        if part in named:
            current = _inner_model(named[part].annotation)
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
            "config-wrong-form",
            FILE_NAME,
            "modes 的写法不对 wrong form",
            field="modes",
            expected="[modes.walk]",
            mend="改成应有的写法 write it as expected",
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
                mend="改成应有的写法 write it as expected",
            )
            continue
        is_own = not {"ways", "network_type"}.isdisjoint(override) or override.get("engine") == "terrain"
        if key not in modes and not is_own:
            problems.error(
                "config-unknown-mode", FILE_NAME, "未知的出行方式 unknown mode", field=f"modes.{key}",
                mend=f"{nearest_name(key, list(modes))} 新方式须给出 a mode of your own needs network_type = \"walk\"",
                expected="已有的出行方式，或新方式的 ways a mode there is, or the ways of a new one",
            )  # fmt: skip
            continue
        try:
            modes[key] = load_modes({key: override})[key]
        except ValidationError as error:
            _add_validation_errors(error, Mode, f"modes.{key}", problems)
    return modes


def _model_of(model: type[BaseModel], entry: Any, place: str, problems: Problems) -> type[BaseModel] | None:
    """Return the model of an entry, where that hangs on what it says; None where it cannot be told."""
    if model is LinkEntry:
        return link_model(entry)
    return _measure_of(entry, place, problems) if model is IndicatorEntry else model


def _measure_of(entry: Any, place: str, problems: Problems) -> type[IndicatorEntry] | None:
    """Return the model of an indicator's measure."""
    measure = entry.get("measure") if isinstance(entry, dict) else None
    if measure in load_measures():
        return load_measures()[str(measure)]
    problems.error(
        "config-unknown-measure", FILE_NAME, f"没有这种算法 no such measure {measure!r}", field=f"{place}.measure",
        mend=nearest_name(str(measure), list(load_measures())),
        expected="已有的算法 a measure there is",
    )  # fmt: skip
    return None


def _note_elsewhere(policies: list[Policy], district: District | None, problems: Problems) -> None:
    """Say which of the policies a district lists hold elsewhere: it answers to them because it says so, as a demonstration."""
    for policy in policies:
        if district is not None and not policy.holds_in(district):
            problems.add(
                "policy-elsewhere", "note", FILE_NAME, f"{policy.title.zh} 不适用于本区，因列出而照算（示范） holds elsewhere, computed as listed",
                field="district.policies", expected=", ".join(policy.applies_to), mend=f'非示范则删去 leave out unless a demonstration: "{policy.id}"',
            )  # fmt: skip


def _known_policies(district: District | None, problems: Problems) -> list[Policy]:
    policies, known = load_policies(), []
    for index, policy_id in enumerate(district.policies if district else ()):
        if policy_id in policies:
            known.append(policies[policy_id])
            continue
        problems.error(
            "config-unknown-policy", FILE_NAME, f'没有这个政策 no such policy "{policy_id}"',
            field=f"district.policies[{index + 1}]", mend=nearest_name(policy_id, list(policies)),
            expected="随包的政策 a policy of the catalogue",
        )  # fmt: skip
    return known
