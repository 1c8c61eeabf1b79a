"""Where a district may build: candidates from its own layers, through the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.sources.files import read_source
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_code, as_numbers, as_text, report_rows
from lifecircle.sources.units import read_district_crs

if TYPE_CHECKING:
    from collections.abc import Mapping

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
