from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.problems import UnreadableError
from lifecircle.sources.datum import (
    district_crs_fault,
    from_wgs84,
    is_same_as_wgs84,
    to_district,
    to_lonlat,
    to_wgs84,
    transform_geometry,
)

ORACLE = Path(__file__).parents[3] / "shared/oracles/coords/gcj02_test_vectors.csv"
CGCS2000 = pyproj.CRS("EPSG:4549")
LON, LAT = st.floats(74.0, 135.0), st.floats(4.0, 53.0)


@pytest.mark.skipif(not ORACLE.exists(), reason="the oracle is not there")
def test_forward_agrees_with_the_published_vectors():
    table = pd.read_csv(ORACLE)
    lon, lat = from_wgs84(table["wgs_lng"], table["wgs_lat"], "gcj02")
    np.testing.assert_allclose(lon, table["gcj_lng"], atol=1e-9, rtol=0)
    np.testing.assert_allclose(lat, table["gcj_lat"], atol=1e-9, rtol=0)
    back = to_wgs84(table["gcj_lng"], table["gcj_lat"], "gcj02")
    np.testing.assert_allclose(back, [table["wgs_lng"], table["wgs_lat"]], atol=2e-9, rtol=0)


@given(LON, LAT, st.sampled_from(["gcj02", "bd09"]))
def test_there_and_back_is_under_a_millimetre(lon, lat, datum):
    back_lon, back_lat = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert abs(back_lon - lon) * 111_320 < 1e-3
    assert abs(back_lat - lat) * 111_320 < 1e-3


def test_the_shift_in_dongtou_is_what_was_measured():
    geod = pyproj.Geod(ellps="WGS84")
    for datum, low, high in (("gcj02", 540, 547), ("bd09", 1050, 1200)):
        lon, lat = from_wgs84([121.15], [27.84], datum)
        assert low < geod.inv(121.15, 27.84, lon[0], lat[0])[2] < high


def test_nothing_is_shifted_abroad_and_nan_stays():
    lon, lat = to_wgs84([14.5, np.nan, -104.99], [35.9, 30.0, 39.74], "gcj02")
    np.testing.assert_array_equal(lon, [14.5, np.nan, -104.99])
    np.testing.assert_array_equal(lat, [35.9, 30.0, 39.74])


def test_cgcs2000_is_wgs84():
    assert is_same_as_wgs84(pyproj.CRS("EPSG:4490"))
    first = to_district([121.15], [27.84], pyproj.CRS("EPSG:4490"), CGCS2000)
    second = to_district([121.15], [27.84], pyproj.CRS("EPSG:4326"), CGCS2000)
    np.testing.assert_allclose(first, second, atol=1e-6)
    np.testing.assert_allclose(to_lonlat(*first, CGCS2000), [[121.15], [27.84]], atol=1e-9)


@pytest.mark.parametrize(("code", "name"), [("EPSG:4214", "北京54"), ("EPSG:4610", "西安80")])
def test_old_datums_are_refused(code, name):
    for target in (CGCS2000, pyproj.CRS("EPSG:32651")):
        with pytest.raises(UnreadableError, match=name):
            to_district([121.15], [27.84], pyproj.CRS(code), target)


def test_places_that_do_not_fit_are_refused_or_nan():
    wgs84 = pyproj.CRS("EPSG:4326")
    with pytest.raises(UnreadableError, match="do not fit"):
        to_district([610_000.0], [3_091_000.0], wgs84, CGCS2000)
    x, y = to_district([610_000.0, 121.15], [3_091_000.0, 27.84], wgs84, CGCS2000, is_strict=False)
    assert np.isnan([x[0], y[0]]).all()
    assert np.isfinite([x[1], y[1]]).all()


def test_every_vertex_moves_and_heights_go():
    line = shapely.LineString([(121.15, 27.84, 5), (121.16, 27.85, 6)])
    shifted = shapely.transform(line, lambda x, y: from_wgs84(x, y, "gcj02"), interleaved=False)
    wgs84 = pyproj.CRS("EPSG:4326")
    found = transform_geometry(shifted, wgs84, CGCS2000, "gcj02")
    expected = transform_geometry(line, wgs84, CGCS2000)
    assert not shapely.has_z(found)
    assert shapely.equals_exact(found, expected, tolerance=1e-3)


def test_the_district_needs_a_projected_crs_in_metres():
    assert district_crs_fault("EPSG:4549") == ""
    assert "not a projected" in district_crs_fault("EPSG:4490")
    assert "not in metres" in district_crs_fault("EPSG:2263")
    assert "北京54" in district_crs_fault("EPSG:2437")
    assert "unknown CRS" in district_crs_fault("EPSG:999999")
