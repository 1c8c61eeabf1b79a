"""What might be built, through the door: a district's candidate places, and footpaths, gates, bridges and ferries between places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import LinkEntry, LinkKind, LinkLayer, LinkTerms, load_link_kinds
from lifecircle.model import LinkWork, NewLink, Roads, Sailing
from lifecircle.problems import nearest_name
from lifecircle.sources.datum import WGS84, to_district
from lifecircle.sources.files import read_source
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_code, as_numbers, as_text, report_rows
from lifecircle.sources.units import read_district_crs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from lifecircle.config import CandidateLayer, Configuration
    from lifecircle.config.schema import Level
    from lifecircle.model import InputFile, Units
    from lifecircle.problems import Problems
    from lifecircle.sources.files import ReadLayer
    from lifecircle.sources.places import Places


def read_candidates(
    configuration: Configuration, units: Mapping[Level, Units], problems: Problems
) -> tuple[gpd.GeoDataFrame | None, list[InputFile]]:
    """Return ``candidate_id, name, cost_yuan, rules, geometry`` of every candidate, and the files read; None where there is no layer.

    ``rules`` are those whose facility may stand there, as a tuple; empty for any.
    """
    crs = read_district_crs(configuration, problems)
    frames, files = [], []
    if crs is None:
        return None, []
    for index, layer in enumerate(configuration.candidates):
        columns = [one for one in (layer.id, layer.name, layer.cost) if one]
        read = read_source(
            configuration.folder,
            layer,
            "candidates",
            problems,
            columns=columns,
            field=f"candidates[{index + 1}].path",
            may_be_empty=True,
        )
        places = place_rows(layer, read, units, crs, problems) if read is not None else None
        if read is None or places is None:
            continue
        frame = _layer_frame(layer, index + 1, read, places, problems)
        frames.append(frame[places.is_used])
        files.append(
            read.counted(
                kept=len(frames[-1]), repaired=int(places.is_repaired.sum()), set_aside=int((~places.is_used).sum())
            )
        )
    if not frames:
        return None, files
    whole = pd.concat(frames, ignore_index=True)
    twice = whole["candidate_id"][whole["candidate_id"].duplicated()]
    report_rows(
        problems, "candidates-duplicate", "error", "district.toml", twice.unique(), "编号重复 id used twice", field="candidates.id",
        mend="每处一个编号 give each place its own id",
        expected="每行一个编号 one id each",
    )  # fmt: skip
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=crs), files


def _layer_frame(
    layer: CandidateLayer, number: int, read: ReadLayer, places: Places, problems: Problems
) -> pd.DataFrame:
    rows = read.frame
    cost = np.full(len(rows), np.nan)
    if layer.cost:
        given = as_numbers(rows[layer.cost])
        is_wrong = given.is_bad | (given.value < 0)
        report_rows(
            problems, "candidates-cost", "error", read.file, rows.index[is_wrong], "造价不是非负数 cost is not a number, 0 or more",
            layer=read.layer, field=layer.cost, mend="写元数 write yuan",
            expected="0 或更大的数 a number, 0 or more",
        )  # fmt: skip
        cost = np.where(is_wrong, np.nan, given.value)
    return pd.DataFrame(
        {
            "candidate_id": as_code(rows[layer.id])
            if layer.id
            else [f"candidate-{number}-{row}" for row in rows.index],
            "name": as_text(rows[layer.name]) if layer.name else "",
            "cost_yuan": cost,
            "rules": [layer.rules] * len(rows),
            "geometry": places.geometry,
        }
    )


AMOUNTS = ("cost_yuan", "minutes", "headway_minutes")


def read_links(
    configuration: Configuration, units: Mapping[Level, Units], problems: Problems
) -> tuple[tuple[LinkWork, ...], list[InputFile]]:
    """Return every link that might be built, and the files read; what is wrong is added to ``problems``."""
    crs = read_district_crs(configuration, problems)
    works: list[LinkWork] = []
    files: list[InputFile] = []
    if crs is None:
        return (), []
    for index, entry in enumerate(configuration.links):
        place = f"links[{index + 1}]"
        if isinstance(entry, LinkEntry):
            points = np.array([entry.from_, *entry.via, entry.to])
            line = shapely.linestrings(*to_district(points[:, 0], points[:, 1], WGS84, crs))
            made = _make(entry.id, entry.name, line, entry, "district.toml", place, problems)
            works += [made] if made is not None else []
        else:
            found, read = _read_layer(configuration, entry, place, units, crs, problems)
            works += found
            files += read
    _check_ids(works, problems)
    return tuple(works), files


def _read_layer(
    configuration: Configuration, layer: LinkLayer, place: str, units: Mapping[Level, Units], crs: pyproj.CRS, problems: Problems
) -> tuple[list[LinkWork], list[InputFile]]:  # fmt: skip
    columns = list(layer.fields.values())
    read = read_source(
        configuration.folder, layer, "links", problems, columns=columns, field=f"{place}.path", may_be_empty=True
    )
    if read is None:
        return [], []
    if not read.has_geometry:
        problems.error(
            "links-no-lines", read.file, "表没有线 a table has no lines", layer=read.layer,
            mend="给线图层，或用 from、to 写明两端 give a layer of lines, or ends by from and to",
            expected="线图层 a layer of lines",
        )  # fmt: skip
        return [], [read.source]
    places = place_rows(layer, read, units, crs, problems)
    if places is None:
        return [], [read.source]
    shapes = shapely.line_merge(places.geometry)
    is_line = (shapely.get_type_id(shapes) == 1) & places.is_used
    report_rows(
        problems, "links-not-lines", "error", read.file, read.frame.index[places.is_used & ~is_line],
        "不是一条线 not one line", layer=read.layer, field="geometry", mend="每条连接画成一条线 draw each link as one line",
        expected="每行一条线 one line a row",
    )  # fmt: skip
    amounts = _read_amounts(layer, read.frame, read.file, read.layer, problems)
    fields = layer.fields
    ids = as_code(read.frame[fields["id"]])
    names, kinds = (as_text(read.frame[fields[name]]) if name in fields else None for name in ("name", "kind"))
    report_rows(
        problems, "links-no-id", "error", read.file, read.frame.index[is_line & np.asarray(ids == "")], "没有编号 no id",
        layer=read.layer, field=fields["id"], mend="每条连接写一个编号 give each link an id",
        expected="每条一个编号 one id each",
    )  # fmt: skip
    works = []
    for at in np.flatnonzero(is_line).tolist():
        own: dict[str, float | str] = {
            name: float(value[at]) for name, value in amounts.items() if np.isfinite(value[at])
        }
        if kinds is not None and str(kinds[at]):
            own["kind"] = str(kinds[at])
        terms = layer.model_copy(update=own)
        row = f"{place} {fields['id']} = {ids[at]}"
        made = _make(str(ids[at]), "" if names is None else str(names[at]), shapes[at], terms, read.file, row, problems)
        works += [made] if made is not None else []
    return works, [
        read.counted(
            kept=len(works),
            repaired=min(int(places.is_repaired.sum()), len(works)),
            set_aside=len(read.frame) - len(works),
        )
    ]


def _read_amounts(
    layer: LinkLayer, frame: pd.DataFrame, file: str, name: str, problems: Problems
) -> dict[str, np.ndarray]:
    """Return the columns of yuan and minutes; what is no number, or less than nothing, is an error."""
    amounts = {}
    for amount in AMOUNTS:
        column = layer.fields.get(amount)  # type: ignore[call-overload]
        if column is None:
            continue
        read = as_numbers(frame[column])
        is_wrong = read.is_bad | (read.value < 0) | ((amount == "minutes") & (read.value == 0))
        report_rows(
            problems, "links-amount", "error", file, frame.index[is_wrong], f"不是可用的数 not a number that fits: {amount}",
            layer=name, field=column, mend="写非负数 write a number, 0 or more" if amount != "minutes" else "写正数 write a number above 0",
            expected="合乎此键的数 a number that the key takes",
        )  # fmt: skip
        amounts[amount] = np.where(is_wrong, np.nan, read.value)
    return amounts


def _make(
    identity: str, name: str, line: shapely.LineString, terms: LinkTerms, file: str, place: str, problems: Problems
) -> LinkWork | None:
    """Return a link; None where its kind is not known, a ferry has no minutes, or its ends are one place."""
    kind = find_kind(terms.kind)
    if kind is None:
        words = [word for one in load_link_kinds().values() for word in (one.id, *one.words)]
        problems.error(
            "links-kind", file, f'没有这种连接 no such kind of link "{terms.kind}"', field=f"{place}.kind",
            expected="、".join(load_link_kinds()), mend=nearest_name(terms.kind, words),
        )  # fmt: skip
        return None
    if not kind.highway and terms.minutes is None:
        problems.error(
            "links-minutes", file, f"渡口须有航行分钟数 a ferry must have its minutes: {name or identity}",
            field=f"{place}.minutes", mend="写明 set minutes = 25, headway_minutes = 60",
            expected="航行分钟数 the minutes of the sailing",
        )  # fmt: skip
        return None
    if line.length == 0.0:
        problems.error(
            "links-no-length",
            file,
            f"两端是同一处 both ends are one place: {name or identity}",
            field=place,
            expected="两端不同 two different ends",
            mend="改正两端坐标 mend the coordinates of the ends",
        )
        return None
    points = tuple((float(x), float(y)) for x, y in shapely.get_coordinates(line))
    modes, shown = terms.modes or kind.modes, name or identity
    seconds = None if terms.minutes is None else terms.minutes * 60 + terms.headway_minutes * 60 / 2
    laid: NewLink | Sailing
    if kind.highway:
        laid = NewLink(shown, points, modes, terms.highway or kind.highway, seconds, kind.id == "bridge")
    else:
        laid = Sailing(shown, points[0], points[-1], float(seconds or 0.0), modes)
    cost = np.nan if terms.cost_yuan is None else terms.cost_yuan
    return LinkWork(identity, shown, kind.id, laid, points, float(cost))


def find_kind(word: str) -> LinkKind | None:
    """Return the kind of link that a word means, ours or a planner's."""
    return next((kind for kind in load_link_kinds().values() if word == kind.id or word in kind.words), None)


def _check_ids(works: list[LinkWork], problems: Problems) -> None:
    names = [work.id for work in works]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            problems.error(
                "links-duplicate",
                "district.toml",
                f'编号重复 id used twice: "{name}"',
                field="links",
                expected="每条一个编号 one id each",
                mend="改名 rename one of them",
            )


def build_links(
    roads: Roads, links: tuple[LinkWork, ...], named: tuple[str, ...], place: str, problems: Problems
) -> Roads:
    """Return the street map with links built: a scenario's, by id."""
    by_id = {link.id: link for link in links}
    for name in named:
        if name not in by_id:
            problems.error(
                "scenario-unknown-link", "district.toml", f'没有这条连接 no such link "{name}"', field=f"{place}.build",
                mend=nearest_name(name, list(by_id)) if by_id else "先写 [[links]] describe it in [[links]] first",
                expected="[[links]] 中的 id an id of [[links]]",
            )  # fmt: skip
    return lay_links(roads, tuple(by_id[name] for name in named if name in by_id))


def lay_links(roads: Roads, links: tuple[LinkWork, ...]) -> Roads:
    """Return the street map with these links laid over it."""
    laid = [link.laid for link in links]
    return replace(
        roads,
        sailings=(*roads.sailings, *(one for one in laid if isinstance(one, Sailing))),
        links=(*roads.links, *(one for one in laid if isinstance(one, NewLink))),
    )
