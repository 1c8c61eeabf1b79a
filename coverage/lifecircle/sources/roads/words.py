"""What the words of a street layer mean: directions, classes, bridges, into OpenStreetMap's, and what is told of those in doubt.

A word is never taken for another in silence. What a district says in ``[roads] oneway_values`` and ``classes`` comes first, then the
conventions of ``streets.toml``; what no convention knows is told with its count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lifecircle.config import OnewayWords, load_plausible, load_streets
from lifecircle.problems import Problems, nearest_name
from lifecircle.sources.roads.osm import tag_keys

if TYPE_CHECKING:
    from lifecircle.config import RoadsLayer
    from lifecircle.model import BoolArray, FloatArray, IntArray

FILE = "district.toml"
VALUES_SHOWN = 8
DEFAULT_CLASS = "unclassified"
STRUCTURES = ("bridge", "tunnel")
LONE_ONEWAY_COLUMNS = re.compile(
    r"one_?way|oneway|dir(ection|_travel)?|单行|单向|通行方向|行驶方向|方向", re.IGNORECASE
)
"""Names of columns that often hold directions."""
LEVEL = re.compile(r"\s*([+-]?\d{1,2})(?:\.0+)?\s*")


def tag_text(value: object) -> str | None:
    """Return a tag as OSM writes it; layers hold lists, numbers and truth values. None where the cell is empty."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, (list, tuple, np.ndarray)):
        return tag_text(value[0]) if len(value) else None
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return {"True": "yes", "False": "no", "是": "yes", "否": "no"}.get(text, text) or None


def same_word(text: str) -> str:
    """Return what all ways of writing a word have in common: half width, lower case, no blanks around, ``1.0`` as ``1``."""
    word = unicodedata.normalize("NFKC", text).strip().casefold()
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", word).removeprefix("+")


def check_words(layer: RoadsLayer, problems: Problems) -> bool:
    """Check the words of ``[roads]`` itself: keys of ``fields``, right sides of ``classes``; False and errors where one is unknown."""
    keys, known = sorted(tag_keys()), load_streets().highway.known
    are_known = True
    for key in layer.fields:
        if key not in keys:
            are_known = False
            problems.error(
                "roads-unknown-field", FILE, f'[roads] fields 中没有这个键 fields has no key "{key}"', field=f"roads.fields.{key}",
                expected=", ".join(keys), mend=nearest_name(key, keys),
            )  # fmt: skip
    for word, target in layer.classes.items():
        if target not in known:
            are_known = False
            problems.error(
                "roads-unknown-class-target", FILE, f'没有这种道路等级 no such class of way "{target}"',
                field=f"roads.classes.{word}", expected=", ".join(known), mend=nearest_name(target, list(known)),
            )  # fmt: skip
    return are_known


# ---- directions


def read_directions(column: pd.Series, layer: RoadsLayer, place: tuple[str, str, str], problems: Problems) -> pd.Series:
    """Return a column of directions in OpenStreetMap's words (``yes``, ``-1``, ``no``, ``reversible``; None where empty).

    Parameters
    ----------
    column
        Words as the layer has them, None where empty.
    place
        File, layer and field, for messages.
    """
    counts = column.dropna().value_counts(sort=False)
    own = {same_word(word): meaning for word, meaning in layer.oneway_values.items()}
    present = {same_word(str(word)) for word in counts.index}
    meanings = {**known_directions(present)}
    told: dict[str, list[str]] = {}
    found: dict[str, str | None] = {}
    unknown: dict[str, int] = {}
    for raw, count in counts.items():
        word = same_word(str(raw))
        if word in own:
            found[str(raw)] = own[word]
        elif word in meanings:
            meaning, convention = meanings[word]
            found[str(raw)] = "no" if meaning == "closed" else meaning
            if convention:
                told.setdefault(convention, []).append(f"{raw} = {meaning} x {count}")
        else:
            found[str(raw)] = "no"
            unknown[str(raw)] = int(count)
    file, shown, field = place
    for convention, readings in told.items():
        problems.add(
            "roads-oneway-assumed", "warning", file, f"通行方向按惯例读作 directions are read as {convention}: {'; '.join(readings)}",
            layer=shown, field=field, expected="yes (沿线 along), -1 (逆线 against), no (双向 both)",
            mend=_say_directions([reading.split(" = ", 1)[0] for reading in readings]),
            count=sum(int(reading.rsplit(" ", 1)[1]) for reading in readings),
        )  # fmt: skip
    if unknown:
        problems.add(
            "roads-unknown-oneway", "warning", file, f"不认识的通行方向，按双向计 unknown directions, taken as both ways: {_show(unknown)}",
            layer=shown, field=field, expected="yes (沿线 along), -1 (逆线 against), no (双向 both)",
            mend=_say_directions(list(unknown)), count=sum(unknown.values()),
        )  # fmt: skip
    return column.map(lambda value: None if value is None or value is pd.NA or value != value else found[str(value)])


def known_directions(present: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return what each word present means, and the convention it was read by where that is in doubt (else an empty text)."""
    words = set(present)
    meanings: dict[str, tuple[str, str]] = {}
    for convention in load_streets().oneway:
        if convention.signs and not words & set(convention.signs):
            continue
        doubt = convention.id if _is_in_doubt(convention, words) else ""
        for word in words & convention.values.keys():
            meaning = convention.values[word]
            meanings[word] = (meaning, doubt or (convention.id if meaning == "closed" else ""))
    return meanings


def _is_in_doubt(convention: OnewayWords, words: set[str]) -> bool:
    return bool(convention.signs) and not words & set(convention.sure)


def _say_directions(words: list[str]) -> str:
    pairs = ", ".join(f'"{word}" = "yes"' for word in words[:VALUES_SHOWN])
    return f"写明每个值的意思 say what each means: [roads] oneway_values = {{ {pairs} }}; yes / -1 / no / reversible"


def report_unread_directions(frame: pd.DataFrame, read: set[str], place: tuple[str, str], problems: Problems) -> None:
    """Tell of a column that looks like directions and is not read: its streets would all be two-way in silence."""
    for column in frame.columns:
        name = str(column)
        if name in read or name == "geometry" or not LONE_ONEWAY_COLUMNS.fullmatch(name):
            continue
        words = frame[column].map(tag_text).dropna().astype(str).map(same_word)
        meanings = known_directions(set(words))
        one_way = int(words.map(lambda word, known=meanings: known.get(word, ("no",))[0] in ("yes", "-1")).sum())
        if one_way:
            problems.add(
                "roads-oneway-unread", "warning", place[0], f"列像是通行方向，但没有读 column looks like directions and is not read: {name}",
                layer=place[1], field=name, expected='fields.oneway', mend=f'写明 set [roads] fields.oneway = "{name}"', count=one_way,
            )  # fmt: skip


# ---- classes


def read_classes(column: pd.Series, layer: RoadsLayer, place: tuple[str, str, str], problems: Problems) -> pd.Series:
    """Return a column of classes of way in OpenStreetMap's words: by ``classes``, by the known Chinese ones, else as they stand.

    A class that is none of OpenStreetMap's goes at a mode's default speed, and an empty one as ``unclassified``: both are told.
    """
    streets = load_streets()
    known = set(streets.highway.known)
    words = {word: target for each in streets.classes for word, target in each.values.items()}
    counts = column.dropna().value_counts(sort=False)
    found: dict[str, str] = {}
    by_custom, unknown = dict[str, int](), dict[str, int]()
    for raw, count in counts.items():
        name = str(raw)
        plain = unicodedata.normalize("NFKC", name).strip()
        if name in layer.classes or plain in layer.classes:
            found[name] = layer.classes.get(name, layer.classes.get(plain, ""))
        elif plain.casefold() in known and (not layer.classes or plain.casefold() in layer.classes.values()):
            found[name] = plain.casefold()
        elif plain in words:
            found[name] = words[plain]
            by_custom[f"{name} = {words[plain]}"] = int(count)
        else:
            found[name] = plain.casefold() if plain.casefold() in known else name
            unknown[name] = int(count)
    file, shown, field = place
    if by_custom:
        pairs = ", ".join(f'"{pair.split(" = ")[0]}" = "{pair.split(" = ")[1]}"' for pair in by_custom)
        problems.add(
            "roads-class-assumed", "warning", file, f"道路等级按惯例对应 classes are read by custom: {_show(by_custom)}",
            layer=shown, field=field, expected="[roads] classes",
            mend=f"确认或改写 confirm or change: classes = {{ {pairs} }}", count=sum(by_custom.values()),
        )  # fmt: skip
    if unknown:
        what = (
            "未列入 classes 的等级 classes not listed" if layer.classes else "不认识的道路等级 unknown classes of way"
        )
        problems.add(
            "roads-unknown-class", "warning", file, f"{what}: {_show(unknown)}", layer=shown, field=field,
            expected="OpenStreetMap highway=*: motorway, trunk, primary, secondary, tertiary, unclassified, residential ...",
            mend=f'补上对应关系，否则按 default 速度 they go at the default speed; set [roads] classes = {{ "{next(iter(unknown))}" = "tertiary" }}',
            count=sum(unknown.values()),
        )  # fmt: skip
    column = column.map(lambda value: None if value is None or value is pd.NA or value != value else found[str(value)])
    empty = int(column.isna().sum())
    if empty:
        problems.add(
            "roads-no-class", "warning", file, f"没有道路等级 no class: {empty} of {len(column)}", layer=shown, field=field,
            expected="highway=*", mend="按 unclassified 处理 taken as unclassified; 请补填 fill it in", count=empty,
        )  # fmt: skip
    return column.fillna(DEFAULT_CLASS)


def _show(counts: Mapping[str, int]) -> str:
    shown = [f"{word} x {count}" for word, count in sorted(counts.items(), key=lambda item: -item[1])[:VALUES_SHOWN]]
    return ", ".join(shown) + (" ..." if len(counts) > VALUES_SHOWN else "")


# ---- levels


def read_structures(column: pd.Series) -> pd.Series:
    """Return a bridge or tunnel column with None where it says that there is none, whatever the word."""
    absent = set(load_streets().structures.no)
    return column.map(
        lambda value: (
            None if value is None or value is pd.NA or value != value or same_word(str(value)) in absent else str(value)
        )
    )


def find_levels(tags: pd.DataFrame) -> tuple[IntArray, BoolArray]:
    """Return the level of each way (``layer``; else a bridge 1, a tunnel -1, the ground 0), and which are bridges or tunnels."""
    absent = set(load_streets().structures.no)
    is_bridge, is_tunnel = (
        _by_value(tags[key], lambda text: same_word(text) not in absent, empty=0.0) > 0 for key in STRUCTURES
    )
    layer = _by_value(tags["layer"], _level_of, empty=0.0)
    level = np.where((layer == 0) & is_bridge, 1, np.where((layer == 0) & is_tunnel, -1, layer))
    return level.astype(np.int64), is_bridge | is_tunnel


def _level_of(text: str) -> int:
    match = LEVEL.fullmatch(text)
    return int(match.group(1)) if match else 0


def _by_value(column: pd.Series, function: Callable[[str], float], empty: float) -> FloatArray:
    """Ask once a value of a category; code -1 is "no such tag"."""
    asked = [float(function(str(value))) for value in column.cat.categories]
    return np.array([*asked, empty], dtype=np.float64)[column.cat.codes.to_numpy()]


def drop_absurd_speeds(tags: pd.DataFrame, is_asked: bool, file: str, problems: Problems) -> pd.DataFrame:
    """Return the tags without speed limits that no street has, and tell of them where a mode goes by ``maxspeed``."""
    low, high = load_plausible()["maxspeed"].possible
    column = tags["maxspeed"]
    number = _by_value(column, _kph_of, empty=np.nan)
    is_absurd = np.isfinite(number) & ~((number >= low) & (number <= high))
    if not is_absurd.any():
        return tags
    if is_asked:
        values = {str(value): int(count) for value, count in column[is_absurd].astype(str).value_counts().items()}
        problems.add(
            "roads-maxspeed-absurd", "warning", file, f"不合理的限速，未采用 absurd speed limits, not used: {_show(values)}",
            field="maxspeed", expected=f"{low:g}-{high:g} km/h",
            mend="该路按等级速度 those streets go at their class's speed; 更正或写单位 correct it, or write the unit: 30 mph",
            count=int(is_absurd.sum()),
        )  # fmt: skip
    kept = column.astype(object).where(~is_absurd, None)
    return tags.assign(maxspeed=pd.Categorical(kept))


SPEED = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph|公里/小时|千米/小时)?\s*", re.IGNORECASE)
MPH_TO_KPH = 1.609344


def _kph_of(text: str) -> float:
    match = SPEED.fullmatch(text)
    if match is None:
        return float("nan")
    return float(match.group(1)) * (MPH_TO_KPH if (match.group(2) or "").lower() == "mph" else 1.0)
