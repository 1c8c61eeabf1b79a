"""Where a district may build: candidates from its own layers, through the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.sources.files import read_source
from lifecircle.sources.places import place_rows
from lifecircle.sources.tables import as_code, as_numbers, as_text
from lifecircle.sources.units import read_district_crs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lifecircle.config import Configuration
    from lifecircle.config.schema import Level
    from lifecircle.model import Units
    from lifecircle.problems import Problems


def read_candidates(
    configuration: Configuration, rule: str, units: Mapping[Level, Units], problems: Problems
) -> gpd.GeoDataFrame | None:
    """Return ``candidate_id, name, cost_yuan, geometry`` of the candidates of a rule; None where the district gives none for it."""
    asked = [layer for layer in configuration.candidates if not layer.rules or rule in layer.rules]
    crs = read_district_crs(configuration, problems)
    if not asked or crs is None:
        return None
    frames = []
    for index, layer in enumerate(asked):
        columns = [one for one in (layer.id, layer.name, layer.cost) if one]
        read = read_source(
            configuration.folder, layer, "candidates", problems, columns=columns, field=f"candidates[{index + 1}].path"
        )
        places = place_rows(layer, read, units, crs, problems) if read is not None else None
        if read is None or places is None:
            continue
        rows = read.frame
        frame = pd.DataFrame(
            {
                "candidate_id": as_code(rows[layer.id])
                if layer.id
                else [f"candidate-{index + 1}-{row}" for row in rows.index],
                "name": as_text(rows[layer.name]) if layer.name else "",
                "cost_yuan": as_numbers(rows[layer.cost]).value if layer.cost else np.nan,
                "geometry": places.geometry,
            }
        )
        frames.append(frame[places.is_used])
    if not frames:
        return None
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=crs)
