"""What cuts people off, by hand: a facility off the streets, a ferry that metres do not count, one-way streets, a river over open ground."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from lifecircle.outputs.gaps import gap_table
from lifecircle.study import run_district
from tests.chain_district import CHAIN, write_chain
from tests.chain_district import HEAD as CHAIN_HEAD
from tests.gaps.district import HOMES, TOML, write_gaps_district
from tests.made import GROUND, write_layer
from tests.sources.district import CRS
from tests.study.ground import OPEN_GROUND, line, write_ground

PLAIN = TOML.split("[[indicators]]")[0]


def gaps_of(folder, rule):
    study = run_district(folder, with_areas=False)
    found = gap_table(study)
    return study, found[found["rule"] == rule].reset_index(drop=True)


def only(gaps, text):
    (row,) = gaps[gaps["name"].str.contains(text)].to_dict("records")
    return row


def test_a_facility_that_no_street_is_near(tmp_path):
    folder = write_gaps_district(tmp_path / "gaps", PLAIN)
    clinics = pd.read_csv(folder / "clinics.csv")
    x, y = GROUND.at(5000, 300)
    clinics.loc[1] = ["k2", "山上卫生院", 5, x, y]
    clinics.to_csv(folder / "clinics.csv", index=False)
    _, gaps = gaps_of(folder, "clinic-walk-15")
    far = only(gaps, "远村")
    # 300 m from k2, and no street within 250 m of it: 1.6 x 316 m is in time, 5000 m to k1 is not.
    assert (far["cause"], far["link"], far["crow_facility"], far["nearest_facility"]) == (
        "cut_off",
        "no_door",
        "k2",
        "k1",
    )
    assert "出入口" in far["work_zh"]


FERRY = """
[[ferries]]
name = "渡"
from = [@FROM@]
to = [@TO@]
minutes = 1
modes = ["walk"]
"""


def test_a_ferry_that_metres_do_not_count(tmp_path):
    ends = gpd.GeoSeries([GROUND.point(800, -400), GROUND.point(800, 0)], crs=CRS).to_crs("EPSG:4326")
    text = [f"{point.x}, {point.y}" for point in ends]
    toml = PLAIN.replace("minutes = 15", "metres = 700") + FERRY.replace("@FROM@", text[0]).replace("@TO@", text[1])
    _, gaps = gaps_of(write_gaps_district(tmp_path / "gaps", toml), "clinic-walk-15")
    island = only(gaps, "岛村")
    assert (island["cause"], island["link"], island["people_unreachable"]) == ("cut_off", "ferry", 22)
    # The line to i1 is 400 m and to i2 412 m: 1.6 times the mean is 649 m.
    assert "轮渡" in island["work_zh"]
    assert "新建" not in island["work_zh"]
    assert np.isnan(island["minutes"])
    assert np.isnan(island["crow_minutes"])
    assert island["crow_metres"] == pytest.approx(1.6 * island["crow_m"])


def test_a_line_in_time_and_a_way_over_three_times_as_long(tmp_path):
    # 700 m: 1.6 times the line of 806 m is over 900 m, the line is not, and the way is 5000 m and more.
    homes = [("r1", 700, 400, 60, 20), *HOMES[:3]]
    _, gaps = gaps_of(write_gaps_district(tmp_path / "gaps", PLAIN, homes), "clinic-walk-15")
    river = only(gaps, "河北村")
    assert (river["cause"], river["barrier"]) == ("cut_off", "大河")
    assert river["crow_minutes"] > 15
    assert "就地新建" in river["work_zh"]
    assert "桥" in river["work_zh"]


def test_a_chain_on_an_island_and_at_the_end_of_a_one_way_street(tmp_path):
    study, gaps = gaps_of(write_chain(tmp_path / "chain", CHAIN_HEAD + CHAIN), "stroke")
    cell = {name: row for row, name in enumerate(study.cells.id.tolist())}
    of_cell = study.gaps["stroke"].of_cell
    island, end = (gaps.iloc[of_cell[cell[name]]] for name in ("c3", "c4"))
    assert (island["cause"], island["link"]) == ("cut_off", "none")
    assert (end["cause"], end["link"]) == ("cut_off", "no_way")
    assert "单行" in end["work_zh"]
    # 15 minutes pass in any case; then the lines from the station and on to the hospital that can, at 10 m/s.
    lines_m = np.hypot(1200, 9000) + np.hypot(600, 9000)
    assert island["crow_minutes"] == pytest.approx(15 + 1.6 * lines_m / 10 / 60)


def test_over_open_ground_a_river_and_ground_that_nobody_passes(tmp_path):
    landcover = np.ones((10, 20), dtype="int32")
    landcover[:, 17:] = 2  # a class that is not listed: nobody goes there
    folder = write_ground(tmp_path / "demo", landcover=landcover)
    river = line((350, -200), (350, 1200))
    write_layer(folder / "water.gpkg", [river], name=["界河"])
    toml = OPEN_GROUND + '\n[[terrain.barriers]]\npath = "water.gpkg"\n'
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    study, gaps = gaps_of(folder, "clinic-hike")
    assert (gaps["link"] == "").all()
    x = study.cells.x - study.cells.x.min() + 50
    of_cell = study.gaps["clinic-hike"].of_cell
    # Cells 3 of each row hold the river; beyond them, up to the ground nobody passes, is cut off.
    across = gaps.loc[np.unique(of_cell[(x > 400) & (x < 1700)])]
    assert (across["cause"] == "cut_off").all()
    assert "界河" in across["barrier"].tolist()[0]
    shut = gaps.loc[np.unique(of_cell[x > 1700])]
    assert (shut["cause"] == "no_roads").all()
    assert shut["evidence_zh"].str.contains("不可通行").all()
    assert gaps["people"].sum() == pytest.approx(
        study.conservation["clinic-hike"]["uncovered"] + study.conservation["clinic-hike"]["unreachable"]
    )
