"""The clauses of the demonstration district through the command line: the traps of the domain, and the water of 鹿西."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from tests.districts.runs import REPOSITORY
from typer.testing import CliRunner

from lifecircle.cli import app
from lifecircle.config import load_entries

pytestmark = pytest.mark.slow

DEMO = REPOSITORY / "data" / "raw" / "dongtou"
LUXI = ["330305202200", "330305202201", "330305202202", "330305202203", "330305202204", "330305202205"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    out = tmp_path_factory.mktemp("dongtou")
    done = CliRunner().invoke(
        app, ["run", str(DEMO), "--out", str(out), "--no-map", "--no-areas", "--no-plans", "--json"]
    )
    assert done.exit_code == 0, done.output
    return out / "data" / "processed" / "dongtou" / "2025"


def read(tables, name):
    return pd.read_csv(tables / f"{name}.csv", dtype={"unit_code": str, "village_id": str, "lost_id": str}, keep_default_na=False,
                       na_values=[""])  # fmt: skip


@pytest.fixture(scope="module")
def rows(tables):
    return pd.read_parquet(tables / "indicators.parquet")


def figure(rows, indicator, unit="330305", column="value"):
    return rows[(rows["indicator"] == indicator) & (rows["unit_code"] == unit)][column].item()


def test_nothing_is_silently_absent(tables, rows):
    statements = read(tables, "statements")
    assert len(statements) == 103
    assert (statements["state"] == "已计算 computed").sum() >= 90
    lacking = statements[statements["state"] != "已计算 computed"]
    assert lacking["missing"].str.contains(r"缺|没有").all(), "each says which layer, table, column or group"
    entries = [name for text in statements["entries"] for name in text.split("; ")]
    computed = set(rows["indicator"])
    unanswered = [name for text in lacking["not_computed"].dropna() for name in text.split("; ")]
    assert {name for name in entries if name not in computed} == set(unanswered)


def test_missing_names_the_layers_that_the_statements_lack(tables):
    missing, statements = read(tables, "missing"), read(tables, "statements")
    waiting = {name for text in missing["statements"].dropna() for name in text.split("; ")}
    assert set(statements[statements["state"] != "已计算 computed"]["statement"]) <= waiting


def test_forty_six_clinics_for_ninety_two_villages(rows):
    strict = "health-station-each-village"
    assert (figure(rows, strict, column="numerator"), figure(rows, strict, column="denominator")) == (46, 92)
    assert figure(rows, strict) == 50
    assert figure(rows, f"{strict}-with-shared", column="numerator") > 46, (
        "joint service is a second figure beside the strict one"
    )


def test_a_township_with_two_does_not_make_up_for_one_with_none(tables, rows):
    # Seven health centres, eight townships, one of them without.
    assert (
        figure(rows, "health-centre-each-township", column="numerator"),
        figure(rows, "health-centre-each-township"),
    ) == (7, 87.5)
    presence = read(tables, "presence")
    lacks = presence[(presence["indicator"] == "health-centre-each-township") & presence["state"].str.startswith("缺")]
    assert len(lacks) == 1


def test_chinese_medicine_is_counted_over_health_centres_and_not_over_towns(rows):
    name = next(name for name, entry in load_entries().items() if entry.statement == "S23")
    assert figure(rows, name, column="denominator") == 7


def test_ten_minutes_are_half_a_kilometre_and_one_side_by_side(rows):
    assert figure(rows, "fitness-10min-500m", column="limit") == 500
    assert figure(rows, "fitness-10min-1km", column="limit") == 1000
    assert figure(rows, "fitness-10min-500m") < figure(rows, "fitness-10min-1km")


def test_two_thresholds_of_immunisation_part(rows):
    # The district holds its 90 %; by township two of eight are below 95 %.
    assert figure(rows, "immunisation-district", column="status") == "如期"
    assert figure(rows, "immunisation-townships-meeting", column="numerator") == 6
    assert figure(rows, "immunisation-townships-meeting", column="status") == "未达标"


def test_hold_targets_ask_the_same_in_both_years(tables):
    targets = read(tables, "targets")
    holds = targets[
        (targets["target_kind"] == "hold")
        & (targets["level"] == "district")
        & (targets["indicator"] == "visits-primary")
    ]
    assert holds["target_year"].tolist() == [2022, 2030]
    assert holds["target"].tolist() == [65, 65]
    assert holds["is_due"].tolist() == [False, True]


def test_residents_and_registered_people_stand_apart(rows):
    residents, registered = "sports-area-per-person", "sports-area-per-registered"
    assert figure(rows, residents, "330305202", "denominator") == pytest.approx(4000)
    assert figure(rows, registered, "330305202", "denominator") == 8247
    assert figure(rows, residents, "330305202", "numerator") == figure(rows, registered, "330305202", "numerator")
    assert "常住" in figure(rows, residents, column="label_zh")
    assert "常住" not in figure(rows, registered, column="label_zh")


def test_everyone_is_on_one_tier_of_supply(rows):
    tiers = ["water-tier-county", "water-tier-township", "water-tier-village", "water-tier-none"]
    assert sum(figure(rows, tier, column="numerator") for tier in tiers) == pytest.approx(148_807)
    assert figure(rows, "water-tier-township", column="numerator") == pytest.approx(4000), (
        "鹿西 alone is on a local network"
    )


# 4,000 people at 100 L want 400 m3/d, 600 in season; the works treat 500 and are fed 300 + 150 + 500.
@pytest.mark.parametrize(
    ("lost", "season", "people", "unmet", "dry"),
    [
        ("SY07", 1.0, 0, 0, 0),  # 450 left of 400 wanted
        ("SY07", 1.5, 4000, 1000, 0),  # 450 of 600
        ("SY05", 1.0, 0, 0, 0),
        ("SY05", 1.5, 4000, 4000 / 6, 0),  # 500 of 600, as without a loss
        ("SC04", 1.0, 4000, 4000, 4000),
        ("SC04", 1.5, 4000, 4000, 4000),
        ("SY01", 1.0, 89_185, 89_185 - 25_000, 0),  # the mainland main: 2,500 m3/d left
        ("SY01", 1.5, 93_185, 89_185 - 2500 / 0.15 + 4000 / 6, 0),  # and 鹿西 is short by itself in season
    ],
)
def test_what_a_loss_does_to_whom_before_and_in_season(tables, lost, season, people, unmet, dry):
    losses = read(tables, "water_losses")
    row = losses[(losses["lost_id"] == lost) & (losses["season_factor"] == season)].iloc[0]
    assert row["people_affected"] == pytest.approx(people, abs=0.5)
    assert row["people_unmet"] == pytest.approx(unmet, abs=0.5)
    assert row["people_dry"] == pytest.approx(dry, abs=0.5)


def test_the_villages_of_a_loss_are_named(tables):
    villages = read(tables, "water_loss_villages")
    own = villages[(villages["lost_id"] == "SC04") & (villages["season_factor"] == 1.0)]
    assert sorted(own["village_id"]) == LUXI
    assert {"鹿西村", "口筐村", "山坪村", "东臼村", "扎不断村", "昌鱼礁村"} == set(own["village_name"])
    assert own["people_affected"].sum() == pytest.approx(4000)


def test_every_value_that_water_rests_on_is_in_the_manifest(tables):
    manifest = json.loads((tables / "manifest.json").read_text("utf-8"))
    water = manifest["parameters"]["water"]
    assert (water["quota_l_per_day"], water["peak_factor"]) == (100, 1.5)
    assert "presence" in {entry["measure"] for entry in manifest["parameters"]["indicators"].values()}
