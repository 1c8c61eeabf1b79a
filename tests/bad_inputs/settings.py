"""B98-B104: settings that are misspelt, doubled, of another unit, or hostile."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.bad_inputs.catalogue import Expected, corruption
from tests.bad_inputs.polygons import edit_toml

TOML = "district.toml"
WALK_RULE = 'id = "clinic-walk-15"\nfacilities = { kind = "clinic" }\nmode = "walk"\nminutes = 15'


def _edit(row: str, name: str, old: str, new: str, expected: Expected) -> None:
    """Register a corruption that changes one text of the configuration."""

    def spoil(folder: Path) -> Expected:
        edit_toml(folder, old, new)
        return expected

    spoil.__name__ = name
    corruption(row, TOML)(spoil)


def _rule(row: str, name: str, old: str, new: str, expected: Expected) -> None:
    _edit(row, name, WALK_RULE, WALK_RULE.replace(old, new), expected)


_edit("B98", "key_twice", "year = 2025", "year = 2025\nyear = 2024", Expected("config-syntax", "error", TOML))
_edit("B98", "section_twice", "[roads]", "[roads]\n[roads]", Expected("config-syntax", "error", TOML))
_edit(
    "B98",
    "tab_in_a_text",
    'id = "clean"',
    'id = "cle\tan"',
    Expected("config-value", "error", TOML, field="district.id"),
)
_edit(
    "B98",
    "no_quotes",
    'code = "330399"',
    "code = 330399",
    Expected("config-value", "error", TOML, field="district.code"),
)
_edit("B98", "code_with_leading_zero", 'code = "330399"', "code = 0330399", Expected("config-syntax", "error", TOML))
_edit(
    "B98",
    "date_for_a_text",
    'kind = "park"',
    "kind = 2025-01-01",
    Expected("config-value", "error", TOML, field="facilities[3].kind"),
)
_edit(
    "B98",
    "time_for_a_number",
    "minutes = 15",
    "minutes = 01:30:00",
    Expected("config-value", "error", TOML, field="minutes"),
)
_edit(
    "B98", "too_deep", 'crs = "EPSG:4549"', f"crs = {'[' * 3000}{']' * 3000}", Expected("config-depth", "error", TOML)
)
_edit(
    "B99",
    "unknown_section",
    "[roads]",
    "[road]",
    Expected("config-unknown-key", "error", TOML, field="road", words=('"roads"',)),
)
_edit("B99", "misspelt_key", "max_access_m = 250", "max_acces_m = 250", Expected(
    "config-unknown-key", "error", TOML, field="modes.walk", words=('"max_access_m"',)
))  # fmt: skip
_rule(
    "B99",
    "unit_in_a_text",
    "minutes = 15",
    'minutes = "15 min"',
    Expected("config-value", "error", TOML, field="rules[1].minutes"),
)
_rule(
    "B99",
    "negative",
    "minutes = 15",
    "minutes = -15",
    Expected("config-value", "error", TOML, field="rules[1].minutes"),
)
_rule("B99", "nan", "minutes = 15", "minutes = nan", Expected("config-value", "error", TOML, field="rules[1].minutes"))
_rule(
    "B99",
    "infinite",
    "minutes = 15",
    "minutes = inf",
    Expected("config-implausible", "error", TOML, field="rules.clinic-walk-15"),
)
_rule("B99", "seconds_for_minutes", "minutes = 15", "minutes = 9000", Expected(
    "config-implausible", "error", TOML, field="rules.clinic-walk-15", words=("9000", "1,440")
))  # fmt: skip
_rule("B99", "six_hundred_minutes", "minutes = 15", "minutes = 600", Expected(
    "config-implausible", "warning", TOML, field="rules.clinic-walk-15", words=("600", "240")
))  # fmt: skip
_rule("B99", "kilometres_for_metres", "minutes = 15", "metres = 0.8", Expected("config-implausible", "error", TOML))
_rule("B99", "percent_for_share", "minutes = 15", 'minutes = 15\ntarget = { kind = "at_least", value = 95, year = 2030 }', Expected(
    "config-value", "error", TOML, words=("0-1",)
))  # fmt: skip
_rule("B99", "least_above_most", 'facilities = { kind = "clinic" }',
'facilities = { kind = "clinic", capacity = { at_least = 9, at_most = 1 } }', Expected(
    "config-value", "error", TOML, words=("at_least", "at_most")
))  # fmt: skip
_rule("B99", "unknown_condition", 'facilities = { kind = "clinic" }', 'facilities = { kind = "clinic", "名称" = { contain = "院" } }', Expected(
    "config-value", "error", TOML, words=('"contains"',)
))  # fmt: skip
_edit("B99", "unknown_condition_of_where", 'datum = "wgs84"', 'datum = "wgs84"\nwhere = { "名称" = { contain = "院" } }', Expected(
    "config-value", "error", TOML, field="facilities[1].where", words=('"contains"', "starts"), count=1
))  # fmt: skip
_edit("B99", "walking_too_fast", "speed_kph = 3.6", "speed_kph = 500", Expected(
    "config-implausible", "error", TOML, field="modes.walk.speed_kph", words=("500",)
))  # fmt: skip
_edit(
    "B99",
    "people_of_the_future",
    "as_of = 2020-11-01",
    "as_of = 2035-11-01",
    Expected("config-implausible", "warning", TOML, field="as_of"),
)
_edit(
    "B102",
    "path_in_the_id",
    'id = "clean"',
    'id = "../../clean"',
    Expected("config-value", "error", TOML, field="district.id"),
)
_edit(
    "B102",
    "id_too_long",
    'id = "clean"',
    f'id = "{"c" * 300}"',
    Expected("config-value", "error", TOML, field="district.id"),
)


@corruption("B41", TOML)
def not_utf8(folder: Path) -> Expected:
    text = (folder / TOML).read_text(encoding="utf-8")
    (folder / TOML).write_bytes(text.encode("gb18030"))
    return Expected("config-encoding", "error", TOML, words=("UTF-8",))


@corruption("B98", TOML)
def absurdly_large(folder: Path) -> Expected:
    with (folder / TOML).open("a", encoding="utf-8") as written:
        written.write(f"# {'x' * 5_000_000}\n")
    return Expected("config-size", "error", TOML)


@corruption("B99", TOML)
def everything_at_once(folder: Path) -> Expected:
    """Three mistakes in one file and one in a layer: each is told."""
    edit_toml(folder, "max_access_m = 250", "max_acces_m = 250")
    edit_toml(folder, "minutes = 15", "minutes = -15")
    edit_toml(folder, 'path = "people.tif"', 'path = "nobody.tif"')
    return Expected(
        "file-missing", "error", "nobody.tif", words=("people.tif",), also=("config-unknown-key", "config-value")
    )


HOSTILE = (
    "<script>alert(1)</script>",
    "=1+1",
    "+86",
    "@SUM(A1)",
    "`x`",
    "${x}",
    "../../etc",
    "名\t称",
    "%s%n",
    "🏥" * 40,
)


def hostile_names(folder: Path) -> None:
    """Give facilities names that are markup, formulas, paths and templates; nothing is wrong with them but what they would do."""
    frame = pd.read_csv(folder / "clinics.csv", dtype=str)
    frame["名称"] = [HOSTILE[i % len(HOSTILE)] for i in range(len(frame))]
    frame.to_csv(folder / "clinics.csv", index=False)
    edit_toml(folder, 'zh = "净区"', 'zh = "<b>../净区</b>"')
