"""Wrong configuration gets one list of clear errors, exit status 2, and nothing written."""

from __future__ import annotations

import subprocess
import sys

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from lifecircle.cli import app
from tests.tiny import TOML, write_tiny


def run(folder, out, verb="run"):
    arguments = [verb, str(folder), *(["--out", str(out)] if verb == "run" else [])]
    return CliRunner().invoke(app, arguments)


def refuse(tmp_path, toml=TOML, *, spoil=None):
    folder = write_tiny(tmp_path / "tiny", toml)
    if spoil:
        spoil(folder)
    out = tmp_path / "out"
    result = run(folder, out)
    assert result.exit_code == 2, result.output
    assert not out.exists(), "nothing is written"
    assert "Traceback" not in result.output
    checked = run(folder, out, "check")
    assert checked.exit_code == 2
    errors = [line for line in result.stderr.splitlines() if line.startswith("错误 error")]
    assert errors == [line for line in checked.stderr.splitlines() if line.startswith("错误 error")]
    return errors


def test_unknown_key_names_the_nearest(tmp_path):
    (error,) = refuse(tmp_path, TOML.replace("minutes = 15", "minutes = 15\nminuts = 5"))
    assert "rules[1].minuts" in error
    assert '"minutes"' in error


def test_missing_file(tmp_path):
    (error,) = refuse(tmp_path, TOML.replace("clinics.csv", "clinic.csv"))
    assert "clinic.csv" in error
    assert "clinics.csv" in error, "what the folder has"


def test_unknown_mode(tmp_path):
    (error,) = refuse(tmp_path, TOML.replace('mode = "walk"\nminutes', 'mode = "wlak"\nminutes'))
    assert "rules[1].mode" in error
    assert '"walk"' in error


def test_no_crs(tmp_path):
    (error,) = refuse(tmp_path, TOML.replace('y = "y"\ncrs = "EPSG:4549"\nfields', 'y = "y"\nfields'))
    assert "clinics.csv" in error
    assert "crs" in error


def swap_coordinates(folder):
    pd.DataFrame(
        {"id": ["k1", "k2"], "name": ["甲", "乙"], "grade": "a", "lon": [27.83, 27.831], "lat": [121.01, 121.02]}
    ).to_csv(folder / "clinics.csv", index=False)


LONLAT = TOML.replace(
    'path = "clinics.csv"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"',
    'path = "clinics.csv"\nlon = "lon"\nlat = "lat"\ndatum = "wgs84"',
)


def test_swapped_longitude_and_latitude(tmp_path):
    errors = refuse(tmp_path, LONLAT, spoil=swap_coordinates)
    assert len(errors) == 1
    assert "clinics.csv" in errors[0]
    assert "swapped" in errors[0]
    assert 'lon = "lat"' in errors[0] or "lon = 'lat'" in errors[0]


def drop_a_code(folder):
    units = gpd.read_file(folder / "townships.gpkg")
    units.loc[1, "code"] = None
    units.to_file(folder / "townships.gpkg", layer="townships")


def test_township_without_a_code(tmp_path):
    (error,) = refuse(tmp_path, spoil=drop_a_code)
    assert "townships.gpkg" in error
    assert "code" in error


def test_everything_at_once(tmp_path):
    toml = (
        LONLAT.replace("minutes = 15", "minuts = 15")
        .replace('path = "roads.gpkg"', 'path = "road.gpkg"')
        .replace('mode = "walk"\nmetres', 'mode = "fly"\nmetres')
    )

    def spoil(folder):
        swap_coordinates(folder)
        drop_a_code(folder)

    errors = refuse(tmp_path, toml, spoil=spoil)
    text = "\n".join(errors)
    for part in ("minuts", "road.gpkg", '"fly"', "swapped", "townships.gpkg"):
        assert part in text
    assert len(errors) >= 5


HIKE = (
    'mode = "hike"\nminutes = 15\n[modes.hike]\nengine = "terrain"\nclasses = { 1 = { as = "walk", speed_kph = 4 } }\n'
    '[[rules]]\nid = "x"\nfacilities = { kind = "clinic" }\nmode = "walk"\nmetres = 1'
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('crs = "EPSG:4549"\n\n[[units]]', 'crs = "EPSG:4326"\n\n[[units]]', "district.crs"),
        ("minutes = 15", "minutes = 15\nmetres = 500", "rules[1]"),
        ("minutes = 15", "minutes = -1", "rules[1].minutes"),
        ('id = "clinic-walk-15"', 'id = "Clinic Walk"', "rules[1].id"),
        ('id = "clinic-walk-15"', 'id = "clinic-walk-1000m"', "clinic-walk-1000m"),
        ('facilities = { kind = "clinic" }\nmode = "walk"\nminutes', 'facilities = { kind = "clinc" }\nmode = "walk"\nminutes', "clinc"),
        ('facilities = { kind = "clinic" }\nmode = "walk"\nminutes', 'facilities = { kind = "clinic", grad = "a" }\nmode = "walk"\nminutes', "grad"),
        ("[roads]", "[roda]", "roda"),
        ("speed_kph = 3.6\naccess", "speed_kmh = 3.6\naccess", "modes.walk.speed_kmh"),
        ("[modes.walk]", "[modes.wlak]", "modes.wlak"),
        ('id = "code"', 'id = "cod"', "cod"),
        ('year = 2025\ncrs', 'year = 2025\npolicies = ["dongtu-2021"]\ncrs', "dongtou-2021"),
        ("[district]", "[district", "TOML"),
        ("[modes.walk]", '[modes.hike]\nengine = "terrain"\n[modes.walk]', "modes.hike"),
        ("[modes.walk]", '[modes.hike]\nengine = "terrain"\nclasses = { 1 = { as = "fly", speed_kph = 4 } }\n[modes.walk]', "modes.hike.classes.1.as"),
        (
            'mode = "walk"\nminutes = 15',
            HIKE,
            "terrain.landcover",
        ),
        ("[roads]", '[terrain]\ndem = "dem.tif"\n[roads]', "dem.tif"),
    ],
)  # fmt: skip
def test_each_mistake_is_named(tmp_path, old, new, expected):
    assert TOML.count(old) >= 1
    errors = refuse(tmp_path, TOML.replace(old, new, 1))
    assert errors
    assert expected in "\n".join(errors)


def test_no_such_district(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["run", "nowhere"])
    assert result.exit_code == 2
    assert "nowhere" in result.output


def test_no_such_rule(tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    result = CliRunner().invoke(app, ["run", str(folder), "--rule", "clinic-walk-16", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "clinic-walk-15" in result.output
    assert not (tmp_path / "out").exists()


def test_check_says_what_is_ready(tmp_path):
    result = run(write_tiny(tmp_path / "tiny"), tmp_path, "check")
    assert result.exit_code == 0
    assert "200" in result.output


def test_a_policy_that_lacks_a_layer_is_named_and_the_rest_is_computed(tmp_path):
    folder = write_tiny(
        tmp_path / "tiny", TOML.replace("year = 2025\ncrs", 'year = 2025\npolicies = ["aed", "living-circle"]\ncrs')
    )
    result = run(folder, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "aed-4min-walk" in result.output
    table = pd.read_csv(tmp_path / "out/data/processed/tiny/2025/indicators.csv")
    assert "aed-4min-walk" not in set(table["indicator"])
    assert "clinic-15min-walk" in set(table["indicator"])


def test_policies_and_version():
    runner = CliRunner()
    assert "fitness-10min-1km" in runner.invoke(app, ["policies"]).output
    assert "打造群众身边10分钟健身圈" in runner.invoke(app, ["policies", "dongtou-2021"]).output
    assert runner.invoke(app, ["policies", "dongtou"]).exit_code == 2
    assert "lifecircle" in runner.invoke(app, ["--version"]).output


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from lifecircle.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "heavy = {'numpy', 'pandas', 'geopandas', 'numba', 'osmnx', 'folium', 'rasterio', 'scipy', 'pydantic'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
