from __future__ import annotations

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import pytest
import shapely
from tests.sources.district import BOTTOM, CRS, LEFT, codes, only, square

from lifecircle.problems import Problems
from lifecircle.sources import read_facilities
from lifecircle.sources.datum import from_wgs84

POINTS = '[[facilities]]\nkind = "clinic"\npath = "clinics.csv"\n'
LONLAT = POINTS + 'lon = "经度"\nlat = "纬度"\ndatum = "wgs84"\n'


def lonlat(x, y):
    """Longitude and latitude of kilometres from the district's corner."""
    transformer = pyproj.Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)
    return transformer.transform(LEFT + np.asarray(x) * 1e3, BOTTOM + np.asarray(y) * 1e3)


def read(configure, units, text):
    problems = Problems()
    facilities, files = read_facilities(configure(text), units, problems)
    for file in files:
        assert file.rows == file.used + file.repaired + file.set_aside
    return facilities, files, problems


def write_csv(folder, lon, lat, encoding="utf-8-sig", **columns):
    frame = pd.DataFrame({"名称": [f"站{i}" for i in range(len(lon))], "经度": lon, "纬度": lat, **columns})
    (folder / "clinics.csv").write_bytes(frame.to_csv(index=False).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16"])
def test_a_table_in_any_encoding(configure, units, folder, encoding):
    write_csv(folder, *lonlat([0.5, 5.0], [0.5, 0.5]), encoding, 级别=["三级", "NA"])
    facilities, files, problems = read(configure, units, LONLAT + 'fields = { name = "名称", grade = "级别" }\n')
    # What no mark and no UTF-8 says is taken by evidence, and told.
    assert codes(problems) == (["text-encoding"] if encoding == "gb18030" else [])
    frame = facilities.frame
    assert frame["facility_id"].tolist() == ["clinic-2", "clinic-3"]
    assert frame["name"].tolist() == ["站0", "站1"]
    assert frame["grade"].tolist() == ["三级", "NA"]
    assert frame["is_inside"].tolist() == [True, False]
    assert frame["status"].tolist() == ["used", "used"]
    assert facilities.attributes == ("grade",)
    np.testing.assert_allclose(shapely.get_coordinates(frame.geometry.array)[0], [610_500, 3_091_500], atol=1e-3)
    assert (files[0].rows, files[0].used, files[0].role) == (2, 2, "facilities: clinic")


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_datums_are_undone(configure, units, folder, datum):
    write_csv(folder, *from_wgs84(*lonlat([0.5], [0.5]), datum))
    facilities, files, _ = read(configure, units, LONLAT.replace("wgs84", datum))
    np.testing.assert_allclose(
        shapely.get_coordinates(facilities.frame.geometry.array)[0], [610_500, 3_091_500], atol=2e-3
    )
    assert files[0].crs == datum


def test_datums_apply_to_every_vertex_of_lines_and_areas(configure, units, folder):
    shapes = [shapely.LineString([(610_100, 3_091_100), (610_900, 3_091_100)]), square(0.2, 0.2, 0.5, 0.5)]
    frame = gpd.GeoDataFrame({"编码": ["a", "b"], "面积": [1.5, None]}, geometry=shapes, crs=CRS).to_crs("EPSG:4326")
    shifted = shapely.transform(frame.geometry.array, lambda x, y: from_wgs84(x, y, "gcj02"), interleaved=False)
    frame.set_geometry(gpd.GeoSeries(shifted, crs="EPSG:4326")).to_file(folder / "parks.gpkg")
    text = (
        '[[facilities]]\nkind = "park"\npath = "parks.gpkg"\ndatum = "gcj02"\nfields = { id = "编码" }\nborder_m = 20\n'
    )
    facilities, _, problems = read(configure, units, text)
    assert codes(problems) == []
    found = facilities.frame
    assert found["facility_id"].tolist() == ["a", "b"]
    assert shapely.equals_exact(found.geometry.array, np.array(shapes), tolerance=2e-3).all()
    assert found["border_m"].tolist() == [20.0, 20.0]
    assert found["面积"].tolist()[0] == 1.5
    assert np.isnan(found["面积"][1])
    assert found["lon"].between(121, 122).all()


def test_xlsx_with_titles_totals_blanks_and_errors(configure, units, folder):
    book = openpyxl.Workbook()
    sheet = book.active
    lon, lat = lonlat([0.5, 0.6], [0.5, 0.5])
    sheet.append(["洞头区医疗机构一览表", None, None, None])
    sheet.merge_cells("A1:D1")
    sheet.append([])
    sheet.append(["机构编码", "机构名称 ", "经度", "纬度", "床位"])
    sheet.append([330305001.0, "甲站", float(lon[0]), float(lat[0]), 3])
    sheet.append([None, None, None, None, None])
    sheet.append(["002", "乙站", f"{lon[1]:.7f}", f"{lat[1]:.7f}", "#N/A"])
    sheet.append(["003", "丙站", None, None, 5])
    sheet.append(["合计", None, None, None, 8])
    book.save(folder / "clinics.xlsx")
    text = (
        LONLAT.replace("clinics.csv", "clinics.xlsx")
        + 'fields = { id = "机构编码", name = "机构名称", beds = "床位" }\n'
    )
    facilities, files, problems = read(configure, units, text)
    assert facilities.frame["facility_id"].tolist() == ["330305001", "002", "003"]
    assert facilities.frame["name"].tolist() == ["甲站", "乙站", "丙站"]
    assert only(problems, "table-total-row").row == "8"
    assert only(problems, "table-excel-error").row == "E6"
    problem = only(problems, "row-no-place")
    assert (problem.severity, problem.row) == ("set_aside", "7")
    assert (files[0].rows, files[0].used, files[0].set_aside) == (3, 2, 1)
    assert facilities.frame["status"].tolist() == ["used", "used", "set_aside"]
    assert "no coordinates" in facilities.frame["reason"][2]
    assert facilities.frame.geometry[2] is None
    assert facilities.frame["beds"].tolist()[0] == 3


def test_swapped_columns_are_an_error(configure, units, folder):
    lon, lat = lonlat([0.5, 0.6, 0.7], [0.5, 0.5, 0.5])
    write_csv(folder, lat, lon)
    facilities, _, problems = read(configure, units, LONLAT)
    problem = only(problems, "layer-swapped")
    assert "3 of 3 inside when swapped" in problem.found
    assert problem.mend == 'set lon = "纬度", lat = "经度"'
    assert len(facilities) == 0


def test_a_few_swapped_rows_are_set_aside(configure, units, folder):
    lon, lat = lonlat([0.5, 0.6, 0.7], [0.5, 0.5, 0.5])
    write_csv(folder, [lon[0], lat[1], lon[2]], [lat[0], lon[1], lat[2]])
    facilities, files, problems = read(configure, units, LONLAT)
    assert only(problems, "row-swapped").row == "3"
    assert (files[0].used, files[0].set_aside) == (2, 1)
    assert facilities.frame["status"].tolist() == ["used", "set_aside", "used"]


def test_every_row_is_used_repaired_or_set_aside(configure, units, folder):
    lon, lat = lonlat([0.5, 0.6], [0.5, 0.5])
    lons = [lon[0], "121°10′56″", "", 0, "不详", 100.0, 200.0]
    lats = [lat[0], "27°55′0″", "", 0, lat[1], 30.0, 30.0]
    write_csv(folder, lons, lats)
    _, files, problems = read(configure, units, LONLAT)
    assert (files[0].rows, files[0].used, files[0].repaired, files[0].set_aside) == (7, 1, 1, 5)
    assert only(problems, "row-no-place").row == "4, 5"
    assert only(problems, "row-bad-place").row == "6"
    assert '"不详"' in only(problems, "row-bad-place").found
    assert only(problems, "row-far").row == "7"
    assert only(problems, "row-not-a-place").row == "8"


def test_no_datum_and_no_columns_are_errors(configure, units, folder):
    write_csv(folder, *lonlat([0.5], [0.5]))
    assert "gcj02" in only(read(configure, units, LONLAT.replace('datum = "wgs84"\n', ""))[2], "layer-no-crs").mend
    assert only(read(configure, units, POINTS)[2], "layer-no-coordinates").severity == "error"
    problem = only(read(configure, units, LONLAT.replace("经度", "经渡"))[2], "column-missing")
    assert 'did you mean "经度"' in problem.mend or "经度" in problem.mend


def test_projected_tables(configure, units, folder):
    (folder / "clinics.csv").write_text("X,Y\n610500,3091500\n", encoding="utf-8")
    text = POINTS + 'x = "X"\ny = "Y"\ncrs = "EPSG:4549"\n'
    facilities, _, problems = read(configure, units, text)
    assert codes(problems) == []
    assert facilities.frame["lon"][0] == pytest.approx(lonlat(0.5, 0.5)[0], abs=1e-9)
    # 中国测量坐标 the X of Chinese surveys is the northing.
    (folder / "clinics.csv").write_text("X,Y\n3091500,610500\n", encoding="utf-8")
    assert 'x = "Y", y = "X"' in only(read(configure, units, text)[2], "layer-swapped").mend


def test_duplicate_ids_and_columns_and_ragged_rows(configure, units, folder):
    write_csv(folder, *lonlat([0.5, 0.6], [0.5, 0.5]), 编码=["a", "a"])
    assert (
        only(read(configure, units, LONLAT + 'fields = { id = "编码" }\n')[2], "facilities-duplicate-id").row == "2, 3"
    )
    lon, lat = lonlat(0.5, 0.5)
    (folder / "clinics.csv").write_text(f"经度,纬度,纬度\n{lon},{lat},1\n", encoding="utf-8")
    assert only(read(configure, units, LONLAT)[2], "table-duplicate-column").row == "1"
    (folder / "clinics.csv").write_text(f"经度,纬度\n{lon},{lat}\n{lon},{lat},多\n{lon}\n", encoding="utf-8")
    assert only(read(configure, units, LONLAT)[2], "table-ragged").row == "3, 4"
    (folder / "clinics.csv").write_bytes(b"\xe7\xbb\x8f,a\n1,2\n\xff\xff,3\n")
    assert "line 3" in only(read(configure, units, LONLAT)[2], "file-unreadable").found


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"<html>", "web page"), (b"\xd0\xcf\x11\xe0", "old .xls"), (b"PK\x03\x04x", "cut short")],
)
def test_workbooks_that_are_none(configure, units, folder, content, said):
    (folder / "clinics.xlsx").write_bytes(content)
    assert said in only(read(configure, units, LONLAT.replace(".csv", ".xlsx"))[2], "file-unreadable").found


def test_layers_of_one_kind_and_clashing_names(configure, units, folder):
    lon, lat = lonlat(0.5, 0.5)
    (folder / "clinics.csv").write_text(f"经度,纬度,status,n\n{lon},{lat},开放,1\n", encoding="utf-8")
    frame = gpd.GeoDataFrame({"n": [2], "open": [True]}, geometry=[shapely.Point(610_500, 3_091_600)], crs=CRS)
    frame.to_file(folder / "more.gpkg")
    text = LONLAT + '[[facilities]]\nkind = "clinic"\npath = "more.gpkg"\n'
    facilities, files, problems = read(configure, units, text)
    assert codes(problems) == []
    assert facilities.frame["facility_id"].tolist() == ["clinic-2", "clinic-2-1"]
    assert facilities.frame["source_status"].tolist() == ["开放", None]
    assert facilities.frame["n"].tolist() == ["1", "2"]
    assert facilities.frame["open"].tolist() == [None, True]
    assert len(files) == 2


def test_where_chooses_facilities(configure, units, folder):
    write_csv(folder, *lonlat([0.5, 0.6], [0.5, 0.5]), 开放=["是", "否"])
    facilities, files, _ = read(configure, units, LONLAT + 'where = { "开放" = true }\n')
    assert facilities.frame["facility_id"].tolist() == ["clinic-2"]
    assert files[0].rows == 1


def test_nothing_to_read_is_an_empty_frame(configure, units):
    facilities, files, problems = read(configure, units, "")
    assert len(facilities) == 0
    assert files == []
    assert codes(problems) == []
    assert set(facilities.frame.columns) >= {"facility_id", "kind", "geometry", "is_inside"}
