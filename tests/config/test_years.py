"""What the guide shows of years and assumptions is what is accepted; what an entry takes over, and what not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lifecircle.config import Sensitivity, YearLayers
from lifecircle.config.scenarios import Scenario
from lifecircle.config.years import complete_years

GUIDE = Path(__file__).parents[2] / "data" / "raw" / "README.md"
TODAY = {
    "kind": "clinic", "path": "clinics.xlsx", "sheet": "机构", "lon": "经度", "lat": "纬度", "datum": "gcj02", "where": {"在用": "是"},
    "fields": {"id": "编码"}, "within": {"minutes": 15},
}  # fmt: skip


def blocks(mark):
    found = [text for text in re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL) if mark in text]
    assert found
    return [tomllib.loads(text) for text in found]


def test_the_guides_years_are_accepted():
    today = {
        "population": {"source": "raster", "path": "p.tif", "unit": "people"},
        "ferries": [{"name": "洞头—鹿西航线", "from": [121, 27], "to": [121, 28], "minutes": 45, "modes": ["walk"]}],
        "tables": [{"name": "statistics", "path": "statistics.csv"}],
    }
    for block in blocks("[[years]]"):
        table = complete_years({**today, **block, "roads": {"path": "roads.osm.pbf"}})
        for entry in table["years"]:
            year = YearLayers.model_validate(entry)
            assert year.facilities[0].path == "clinics_2022.csv"
            assert year.facilities[0].fields["opened"] == "启用年份"
            assert (year.ferries[0].minutes, year.ferries[0].modes) == (70, ("walk",))


def test_the_guides_assumptions_are_accepted_and_the_defaults_are_those_it_tells():
    for block in blocks("[sensitivity]"):
        told = Sensitivity.model_validate(block["sensitivity"])
        assert (told.speeds, told.limits) == (Sensitivity().speeds, Sensitivity().limits)
        named = [Scenario.model_validate({"id": one["id"]}).id for one in block["scenarios"]]
        assert set(told.populations or ()) <= set(named)


@pytest.mark.parametrize(
    ("own", "taken"),
    [
        ({}, TODAY.keys() - {"within"}),
        ({"where": {"在用": "曾"}}, TODAY.keys() - {"within", "where"}),
        ({"path": "clinics_2019.csv"}, {"kind", "lon", "lat", "datum", "fields"}),
        ({"x": "x", "y": "y", "crs": "EPSG:4549"}, {"kind", "path", "sheet", "where", "fields"}),
    ],
)
def test_a_years_layer_takes_over_what_can_still_be_so(own, taken):
    table = {"facilities": [TODAY], "years": [{"year": 2019, "facilities": [{"kind": "clinic", **own}]}]}
    whole = complete_years(table)["years"][0]["facilities"][0]
    assert whole == {"kind": "clinic", **own, **{key: TODAY[key] for key in taken}}


def test_of_several_layers_nothing_is_taken_over_unless_one_is_named():
    other = {**TODAY, "path": "more.csv"}
    entry = {"kind": "clinic", "path": "then.csv"}
    table = {
        "facilities": [TODAY, other],
        "years": [{"year": 2019, "facilities": [entry, {**entry, "instead_of": "more.csv"}]}],
    }
    first, second = complete_years(table)["years"][0]["facilities"]
    assert first == entry
    assert second["fields"] == {"id": "编码"}


def test_what_is_no_table_is_left_for_the_models_to_refuse():
    for wrong in ([1], "clinics.csv", [{"kind": 3}]):
        table = {"facilities": [TODAY], "years": [{"year": 2019, "facilities": wrong}]}
        assert complete_years(table)["years"][0]["facilities"] == wrong
    assert complete_years({"years": "none"}) == {"years": "none"}
