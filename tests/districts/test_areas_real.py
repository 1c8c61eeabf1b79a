"""The isochrones of a run on real streets, from its files: audits, nesting, and the people inside against the people covered."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from tests.districts.folders import RAW, lay_out
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.travel.isochrones.draw import MOST_OUTSIDE, MOST_SLOWER

DONGTOU = Path(__file__).parents[2] / "data" / "raw" / "dongtou"
MOST_PEOPLE_APART = 0.01


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("dongtou", marks=pytest.mark.slow),
        pytest.param("las_palmas", marks=pytest.mark.nightly),
        pytest.param("malta", marks=pytest.mark.nightly),
    ],
)
def processed(request, tmp_path_factory):
    name, root = request.param, tmp_path_factory.mktemp("areas")
    if name != "dongtou" and not RAW.exists():
        pytest.skip("needs ../shared/data: real districts, not part of the repository")
    folder = DONGTOU if name == "dongtou" else lay_out(name, root / name)
    result = CliRunner().invoke(app, ["run", str(folder), "--out", str(root), "--no-map", "--no-plans"])
    assert result.exit_code == 0, result.output
    (path,) = (root / "data" / "processed").glob("*/*/coverage.gpkg")
    return path.parent


@pytest.mark.parametrize("layer", ["isochrones", "isochrones_by_facility"])
def test_every_audit_is_within_what_is_promised(processed, layer):
    drawn = gpd.read_file(processed / "coverage.gpkg", layer=layer)
    assert drawn.geometry.is_valid.all()
    reached = drawn[~drawn.geometry.is_empty]
    assert len(reached) > len(drawn) / 2
    assert not (reached["outside_share"] > MOST_OUTSIDE).any()
    assert (reached["slower_share"] <= MOST_SLOWER).all()


def test_people_inside_are_the_people_covered_to_one_percent(processed):
    """Both sums anew, from the table of cells."""
    cells = pd.read_parquet(processed / "cells.parquet")
    rules = json.loads((processed / "manifest.json").read_text("utf-8"))["parameters"]["rules"]
    for rule, bands in gpd.read_file(processed / "coverage.gpkg", layer="isochrones").groupby("rule", sort=False):
        unit = bands["limit_unit"].iloc[0]
        who = rules[rule]["group"] or "people"
        for band in bands.itertuples():
            shapely.prepare(band.geometry)
            inside = cells.loc[shapely.intersects_xy(band.geometry, cells["x"], cells["y"]), who].sum()
            covered = cells.loc[cells[f"{rule}__{unit}"] <= band.limit, who].sum()
            assert inside == pytest.approx(covered, rel=MOST_PEOPLE_APART), (rule, band.limit)
            assert (inside, covered) == pytest.approx((band.people_inside, band.people_covered))
        for smaller, larger in pairwise(bands.geometry):
            assert shapely.difference(smaller, larger).area < 1e-3


def test_catchments_hold_the_covered_people_once(processed):
    areas = gpd.read_file(processed / "coverage.gpkg", layer="isochrones")
    for rule, catchments in gpd.read_file(processed / "coverage.gpkg", layer="catchments").groupby("rule"):
        whole = areas[areas["rule"] == rule].iloc[-1]
        assert catchments["people"].sum() == pytest.approx(whole["people_covered"])
        assert catchments.area.sum() == pytest.approx(shapely.union_all(catchments.geometry).area, rel=1e-6)
        assert catchments.area.sum() == pytest.approx(whole.geometry.area, rel=0.01)
