from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from tests.sources.district import CRS, HEAD, VILLAGES, codes, only, square

from lifecircle.problems import Problems
from lifecircle.sources import read_units
from lifecircle.sources.units import locate


def write(folder, names, geometry, column="code", crs=CRS, path="townships.gpkg", **columns):
    gpd.GeoDataFrame(
        {column: names, "name": [f"镇{i}" for i in range(len(names))], **columns}, geometry=geometry, crs=crs
    ).to_file(folder / path)


def read(configure, text="", head=HEAD):
    problems = Problems()
    units, files = read_units(configure(text, head), problems)
    return units, files, problems


def test_a_clean_district_has_no_problems(configure):
    units, files, problems = read(configure, VILLAGES)
    assert codes(problems) == []
    assert list(units) == ["township", "village"]
    assert units["township"].code.tolist() == ["330305001", "330305002"]
    assert units["village"].name.tolist() == ["A1", "A2", "B1", "B2"]
    assert shapely.area(units["township"].geometry) == pytest.approx([1e6, 1e6])
    assert [file.role for file in files] == ["units: township", "units: village"]
    assert [(file.rows, file.used, file.repaired, file.set_aside) for file in files] == [(2, 2, 0, 0), (4, 4, 0, 0)]
    assert files[0].path == "townships.gpkg"
    assert len(files[0].sha256) == 64


def test_layers_in_degrees_come_to_the_district_crs(configure, folder):
    townships = gpd.read_file(folder / "townships.gpkg").to_crs("EPSG:4490")
    townships.to_file(folder / "t.geojson")
    units, _, problems = read(configure, head=HEAD.replace("townships.gpkg", "t.geojson"))
    assert codes(problems) == []
    assert shapely.area(units["township"].geometry) == pytest.approx([1e6, 1e6], rel=1e-6)


def test_a_township_without_a_code(configure, folder):
    write(folder, ["330305001", None], [square(0, 0, 1, 1), square(1, 0, 1, 1)])
    units, _, problems = read(configure)
    problem = only(problems, "units-no-code")
    assert (problem.severity, problem.row, problem.field, problem.file) == ("error", "2", "code", "townships.gpkg")
    assert "township" in problem.found
    assert "镇1" in problem.found
    assert units["township"].code.tolist() == ["330305001"], "the others still show what is wrong elsewhere"


def test_duplicate_codes_name_their_rows(configure, folder):
    write(folder, ["1", "2", "1"], [square(i, 0, 1, 1) for i in range(3)])
    problem = only(read(configure)[2], "units-duplicate-code")
    assert (problem.row, problem.count) == ("1, 3", 2)


def test_numeric_codes_lose_their_float(configure, folder):
    write(folder, [330305001.0, 330305002.0], [square(0, 0, 1, 1), square(1, 0, 1, 1)])
    assert read(configure)[0]["township"].code.tolist() == ["330305001", "330305002"]


def test_overlaps_and_slits_are_warned_of_with_their_area(configure, folder):
    write(folder, ["330305001", "330305002"], [square(0, 0, 1.01, 1), square(1, 0, 1, 1)])
    assert "10000 m2" in only(read(configure)[2], "units-overlap").found
    ring = [square(0, 0, 3, 3) - square(1, 1, 1, 1), square(1.002, 1, 0.998, 1)]
    write(folder, ["330305001", "330305002"], ring)
    units, _, problems = read(configure)
    assert "2000 m2" in only(problems, "units-gap").found
    assert len(units["township"]) == 2


def test_invalid_polygons_are_repaired_or_refused(configure, folder):
    spike = shapely.Polygon(
        [*square(0, 0, 1, 1).exterior.coords[:-1], (610_500, 3_091_000), (610_500, 3_090_000), (610_500, 3_091_000)]
    )
    bow = shapely.Polygon([(611_000, 3_091_000), (612_000, 3_092_000), (612_000, 3_091_000), (611_000, 3_092_000)])
    write(folder, ["330305001", "330305002"], [spike, square(1, 0, 1, 1)])
    units, files, problems = read(configure)
    assert only(problems, "units-repaired").severity == "repaired"
    assert (files[0].rows, files[0].used, files[0].repaired) == (2, 1, 1)
    assert shapely.area(units["township"].geometry) == pytest.approx([1e6, 1e6])
    write(folder, ["330305001", "330305002"], [square(0, 0, 1, 1), bow])
    units, _, problems = read(configure)
    assert only(problems, "units-invalid").row == "2"
    assert units == {}


def test_points_empty_rows_and_no_crs_are_errors(configure, folder):
    write(folder, ["1", "2"], [square(0, 0, 1, 1), shapely.Point(610_000, 3_091_000)])
    assert "point" in only(read(configure)[2], "units-not-polygons").found
    write(folder, ["1", "2"], [square(0, 0, 1, 1), None])
    assert only(read(configure)[2], "units-empty-geometry").row == "2"
    (folder / "townships.gpkg").unlink()
    write(folder, ["1"], [square(0, 0, 1, 1)], path="t.shp")
    (folder / "t.prj").unlink()
    head = HEAD.replace("townships.gpkg", "t.shp")
    problem = only(read(configure, head=head)[2], "layer-no-crs")
    assert "metres" in problem.found
    units, _, problems = read(configure, 'crs = "EPSG:4549"', head)
    assert not problems.errors
    assert len(units["township"]) == 1


def test_a_crs_that_does_not_fit_is_an_error(configure, folder):
    write(folder, ["1"], [square(0, 0, 1, 1)], crs="EPSG:4326")
    units, _, problems = read(configure)
    assert "do not fit" in only(problems, "units-not-finite").found
    assert units == {}
    write(folder, ["1"], [shapely.box(121, 27, 122, 28)], crs="EPSG:4610")
    assert "西安80" in only(read(configure)[2], "layer-crs").found


def test_a_missing_layer_column_or_file_names_what_there_is(configure, folder):
    write(folder, ["1"], [square(0, 0, 1, 1)], column="cod")
    assert 'did you mean "cod"' in only(read(configure)[2], "column-missing").mend
    (folder / "townships.gpkg").unlink()
    assert "villages.gpkg" in only(read(configure)[2], "file-missing").mend
    gpd.GeoDataFrame({"code": ["1"]}, geometry=[square(0, 0, 1, 1)], crs=CRS).to_file(
        folder / "townships.gpkg", layer="a"
    )
    gpd.GeoDataFrame({"code": ["1"]}, geometry=[square(0, 0, 1, 1)], crs=CRS).to_file(
        folder / "townships.gpkg", layer="b"
    )
    assert "a, b" in only(read(configure)[2], "layer-not-named").found
    assert "a, b" in only(read(configure, 'layer = "zzz"')[2], "layer-missing").mend


def test_villages_outside_are_warned_of(configure, folder):
    write(folder, ["330305009001"], [square(5, 5, 1, 1)], path="villages.gpkg")
    assert only(read(configure, VILLAGES)[2], "units-outside").row == "330305009001"


def test_heights_are_dropped_and_geographic_districts_refused(configure, folder):
    write(folder, ["330305001"], [shapely.force_3d(square(0, 0, 1, 1), 5.0)])
    assert not shapely.has_z(read(configure)[0]["township"].geometry).any()
    units, files, problems = read(configure, head=HEAD.replace("EPSG:4549", "EPSG:4326"))
    assert (units, files) == ({}, [])
    assert only(problems, "district-crs").field == "district.crs"


def test_gbk_shapefiles(configure, folder):
    frame = gpd.GeoDataFrame({"代码": ["330305001"], "名称": ["北岙街道"]}, geometry=[square(0, 0, 1, 1)], crs=CRS)
    frame.to_file(folder / "乡镇.shp", encoding="gbk")
    (folder / "乡镇.cpg").unlink()
    head = HEAD.replace("townships.gpkg", "乡镇.shp").replace('"code"', '"代码"').replace('"name"', '"名称"')
    units, _, problems = read(configure, head=head)
    assert "gb18030" in only(problems, "text-encoding").found
    assert units["township"].name.tolist() == ["北岙街道"]
    (folder / "乡镇.cpg").write_text("UTF-8")
    units, _, problems = read(configure, head=head)
    assert units["township"].name.tolist() == ["北岙街道"]
    assert only(problems, "text-encoding").severity == "warning"
    (folder / "乡镇.cpg").write_text("936")
    assert read(configure, head=head)[0]["township"].name.tolist() == ["北岙街道"]


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_shapefiles_with_parts_missing(configure, folder, suffix):
    write(folder, ["1"], [square(0, 0, 1, 1)], path="t.shp")
    (folder / f"t{suffix}").unlink()
    assert suffix in only(read(configure, head=HEAD.replace("townships.gpkg", "t.shp"))[2], "file-unreadable").found


@pytest.mark.parametrize("name", ["t.shp", "t.gpkg"])
def test_truncated_files(configure, folder, name):
    write(folder, [str(i) for i in range(50)], [square(i, 0, 1, 1) for i in range(50)], path=name)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 3])
    assert only(read(configure, head=HEAD.replace("townships.gpkg", name))[2], "file-unreadable").file == name


def test_parquet_and_where(configure, folder):
    gpd.GeoDataFrame(
        {"code": ["330305001", "330322001"], "name": ["a", "b"], "year": [2023, 2010]},
        geometry=[square(0, 0, 1, 1), square(0, 0, 1, 1)], crs=CRS,
    ).to_parquet(folder / "t.parquet")  # fmt: skip
    head = HEAD.replace("townships.gpkg", "t.parquet")
    units, files, problems = read(configure, "where = { year = 2023 }", head)
    assert codes(problems) == []
    assert units["township"].code.tolist() == ["330305001"]
    assert (files[0].rows, files[0].used) == (1, 1)
    assert only(read(configure, "where = { year = 1999 }", head)[2], "layer-where-empty").severity == "error"


def test_a_point_on_a_shared_border_is_the_first_units(units):
    x, y = np.array([611_000.0, 611_500.0, 0.0]), np.array([3_091_500.0, 3_091_500.0, 0.0])
    assert locate(x, y, units["township"].geometry).tolist() == [0, 1, -1]
