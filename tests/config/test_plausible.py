"""Limits and speeds that nothing has are refused, unusual ones warned of."""

from __future__ import annotations

import pytest

from lifecircle.config import read_configuration
from lifecircle.problems import Problems

TOML = """[district]
id = "d"
code = "330305"
name = "区"
year = 2025
crs = "EPSG:4549"
[[units]]
level = "township"
path = "t.gpkg"
id = "code"
name = "name"
[population]
source = "raster"
path = "p.tif"
unit = "people"
[[facilities]]
kind = "clinic"
path = "c.gpkg"
[roads]
path = "r.gpkg"
"""
RULE = '[[rules]]\nid = "r"\nfacilities = {{ kind = "clinic" }}\nmode = "{mode}"\n{limit}\n'


@pytest.mark.parametrize(
    ("mode", "limit", "modes", "severity", "field"),
    [
        ("walk", "minutes = 15", "", None, ""),
        ("walk", "minutes = 600", "", "warning", "rules.r.minutes"),
        ("walk", "minutes = 6000", "", "error", "rules.r.minutes"),
        ("walk", "metres = 0.5", "", "error", "rules.r.metres"),
        ("walk", "minutes = 15", "[modes.walk]\nspeed_kph = 500\n", "error", "modes.walk.speed_kph"),
        ("walk", "minutes = 15", "[modes.walk]\nspeed_kph = 9\n", "warning", "modes.walk.speed_kph"),
        ("bike", "minutes = 15", "[modes.walk]\nspeed_kph = 500\n", None, ""),  # nobody walks
        ("drive", "minutes = 15", "[modes.drive]\nspeeds_kph = { default = 30, motorway = 900 }\n", "error", "modes.drive.speeds_kph.motorway"),
    ],
)  # fmt: skip
def test_what_nothing_has_is_refused(tmp_path, mode, limit, modes, severity, field):
    (tmp_path / "district.toml").write_text(TOML + modes + RULE.format(mode=mode, limit=limit), encoding="utf-8")
    problems = Problems()
    read_configuration(tmp_path, problems)
    found = [(one.severity, one.field) for one in problems if one.code == "config-implausible"]
    assert found == ([(severity, field)] if severity else [])
