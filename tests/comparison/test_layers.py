"""Years whose facilities, ferries, roads, modes or tables were others: each change is its own cause's, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lifecircle.sources.datum import WGS84, parse_crs, transform_xy
from tests.made import CRS, ORIGIN_X, ORIGIN_Y
from tests.two_years import LATER, YEARS, compare, invoke, parts_of, write_clinics, write_district, write_streets

RULE, DISTRICT = "clinic-walk-15", "330399"
LISTED = '[[years]]\nyear = 2022\nfacilities = [{ kind = "clinic", path = "clinics_2022.csv" }]\n'
# In 2022 k1 stood at 1500 m and k9 at 1900 m; neither reaches c1, k1 reaches c2 (630 m) and c3, c4 is too far off the street.
THEN = (("k1", "甲卫生院", "乡镇卫生院", 1500, "", ""), ("k9", "丁卫生室", "村卫生室", 1900, "", ""))


def write_listed(folder, toml=LATER + LISTED, then=THEN):
    write_district(folder, toml)
    write_clinics(folder, "clinics_2022.csv", then)
    return folder


def test_a_list_of_its_own_is_the_facilities_doing(tmp_path):
    changes, summary, done = compare(write_listed(tmp_path / "tiny"), 2022, 2025)
    row = changes.loc[RULE, DISTRICT]
    # 80 of 200 then, 180 of 200 now: c1 is new.
    assert (row["value_from"], row["value_to"]) == (40, 90)
    np.testing.assert_allclose(parts_of(row), [50, 0, 0, 0, 0], rtol=0, atol=1e-9)
    assert (row["newly_covered"], row["newly_lost"], row["moved"], row["counted_by"]) == (100, 0, 0, "cell")
    stood = summary["causes"]["facilities"]
    assert stood["opened"] == [{"kind": "clinic", "id": "k2", "name": "乙卫生院"}]
    assert stood["closed"] == [{"kind": "clinic", "id": "k9", "name": "丁卫生室"}]
    assert stood["moved"] == [{"kind": "clinic", "id": "k1", "name": "甲卫生院", "metres": 1500.0}]
    for word in ("新启用 opened: 1", "停用 closed: 1", "移位 moved: 1"):
        assert word in done.output


def test_with_other_people_too_each_cause_has_its_part(tmp_path):
    toml = (
        LATER + YEARS.replace('roads = { closed = ["新街"] }\n', "") + LISTED.removeprefix("[[years]]\nyear = 2022\n")
    )
    changes, _, _ = compare(write_listed(tmp_path / "tiny", toml), 2022, 2025)
    row = changes.loc[RULE, DISTRICT]
    # 2022: c2 and c3, 40 + 48 of 200. The clinics of today to the people then 168, those of then to the people of today 80, both 180.
    assert (row["value_from"], row["value_to"]) == (pytest.approx(44), 90)
    np.testing.assert_allclose(
        parts_of(row), [((84 - 44) + (90 - 40)) / 2, ((40 - 44) + (90 - 84)) / 2, 0, 0, 0], atol=1e-9
    )
    told = changes[changes["difference"].notna()]
    np.testing.assert_allclose(told["residual"], 0, rtol=0, atol=1e-9)


def test_adding_up_and_running_anew_agree_where_the_lists_differ(tmp_path, monkeypatch):
    toml = LATER + YEARS + LISTED.removeprefix("[[years]]\nyear = 2022\n")
    added, _, _ = compare(write_listed(tmp_path / "tiny", toml), 2022, 2025)
    monkeypatch.setattr("lifecircle.study.year_states.YearStates.split", lambda *_: pd.DataFrame())
    anew, _, _ = compare(write_listed(tmp_path / "again", toml), 2022, 2025)
    split = added[added["by_facilities"].notna()]
    columns = ["by_facilities", "by_people", "by_roads", "by_rule", "residual"]
    assert len(split) > 6
    np.testing.assert_allclose(anew.loc[split.index, columns], split[columns], rtol=0, atol=1e-9)


def test_a_year_of_its_own_list_is_what_a_run_of_it_says(tmp_path):
    folder = write_listed(tmp_path / "tiny")
    changes, _, _ = compare(folder, 2022, 2025)
    assert (
        invoke("run", folder, "--year", 2022, "--out", tmp_path, "--no-map", "--no-areas", "--no-cache").exit_code == 0
    )
    rows = pd.read_csv(tmp_path / "data/processed/tiny/2022/indicators.csv", dtype={"unit_code": str})
    own = rows.set_index(["indicator", "unit_code"])["value"]
    pd.testing.assert_series_equal(changes["value_from"].loc[own.index], own, check_names=False, check_exact=True)


def test_an_entry_takes_over_what_it_does_not_say(tmp_path):
    years = '[[years]]\nyear = 2025\nfacilities = [{ kind = "clinic", where = { id = "k1" } }]\n'
    changes, summary, _ = compare(write_district(tmp_path / "tiny", LATER + years), 2024, 2025)
    # Today's file, but k1 alone: 100 of 200, where k2 served 80 more in 2024.
    assert changes.loc[RULE, DISTRICT]["difference"] == -40
    assert changes.loc[RULE, DISTRICT]["newly_lost"] == 80
    assert [one["id"] for one in summary["causes"]["facilities"]["closed"]] == ["k2"]


def test_lists_without_ids_are_matched_by_name_and_place(tmp_path):
    plain = LATER.replace('id = "id", name = "name", grade', 'name = "name", grade')
    then = (THEN[0], ("k2", "甲卫生院", "乡镇卫生院", 0, "", ""))
    _, summary, _ = compare(write_listed(tmp_path / "tiny", plain + LISTED, then), 2022, 2025)
    stood = summary["causes"]["facilities"]
    assert [one["name"] for one in stood["opened"]] == ["乙卫生院"]
    assert [one["name"] for one in stood["closed"]] == ["甲卫生院"]
    assert "moved" not in stood


TCM = """
[[indicators]]
id = "tcm-each-township"
measure = "presence"
unit = "township"
of = { kind = "clinic", tcm = true }
levels = ["district"]
"""


def test_what_a_facility_offers_is_the_facilities_doing_too(tmp_path):
    toml = LATER.replace('grade = "grade",', 'grade = "grade", tcm = "tcm",') + TCM
    folder = write_district(tmp_path / "tiny", toml + LISTED)
    for name, answers in (("clinics.csv", ["是", "是", "否"]), ("clinics_2022.csv", ["否", "否", "否"])):
        write_clinics(folder, name, (("k1", "甲卫生院", "乡镇卫生院", 0, "", ""), ("k2", "乙卫生院", "乡镇卫生院", 1100, "", ""),
                                     ("k3", "旧卫生室", "村卫生室", 1900, 1990, 2020)))  # fmt: skip
        pd.read_csv(folder / name).assign(tcm=answers).to_csv(folder / name, index=False)
    changes, summary, _ = compare(folder, 2022, 2025)
    row = changes.loc["tcm-each-township", DISTRICT]
    assert (row["value_from"], row["value_to"]) == (0, 100)
    np.testing.assert_allclose(parts_of(row), [100, 0, 0, 0, 0], rtol=0, atol=1e-9)
    assert changes.loc[RULE, DISTRICT]["difference"] == 0
    altered = summary["causes"]["facilities"]["altered"]
    assert [(one["id"], one["attributes"]) for one in altered] == [("k1", ["tcm"]), ("k2", ["tcm"])]


def lonlat(x):
    lon, lat = transform_xy(np.array([ORIGIN_X + x]), np.array([ORIGIN_Y]), parse_crs(CRS), WGS84)
    return [float(lon[0]), float(lat[0])]


def ferries(name, minutes, key="[[ferries]]"):
    return f'{key}\nname = "{name}"\nfrom = {lonlat(0)}\nto = {lonlat(1900)}\nminutes = {minutes}\nmodes = ["walk"]\n'


@pytest.mark.parametrize(
    ("then", "changed"),
    [
        ('ferries = [{ name = "渡", minutes = 20 }]', {"changed": ["渡"]}),
        ('ferries = [{ name = "渡", closed = true }]', {"added": ["渡"]}),
    ],
)
def test_a_ferry_that_was_slower_or_did_not_sail_is_the_roads_doing(tmp_path, then, changed):
    toml = LATER + ferries("渡", 1) + f"[[years]]\nyear = 2024\n{then}\n"
    changes, summary, _ = compare(write_district(tmp_path / "tiny", toml), 2024, 2025)
    row = changes.loc["clinic-walk-15", DISTRICT]
    # k2 opened in 2024: both years 180 of 200. In metres: the crossing has none of its own to be walked.
    assert (row["value_from"], row["value_to"]) == (90, 90)
    own = changes.loc["clinic-walk-15-choice2", DISTRICT]
    # By boat c3 has k1 too: 60 + 400 s. c2 (900 m) has k1 in 930 s on foot and in 60 + 1000 s by boat: neither in time.
    assert own["value_to"] - own["value_from"] == pytest.approx(15)
    np.testing.assert_allclose(parts_of(own), [0, 0, 15, 0, 0], rtol=0, atol=1e-9)
    told = summary["causes"]["roads"]["ferries"]
    assert {word: told[word] for word in changed} == changed


def test_a_ferry_that_sailed_then_only(tmp_path):
    then = ferries("旧渡", 1).replace("[[ferries]]", "[[years.ferries]]")
    toml = LATER + "[[years]]\nyear = 2024\n" + then
    changes, summary, _ = compare(write_district(tmp_path / "tiny", toml), 2024, 2025)
    np.testing.assert_allclose(
        parts_of(changes.loc["clinic-walk-15-choice2", DISTRICT]), [0, 0, -15, 0, 0], rtol=0, atol=1e-9
    )
    assert summary["causes"]["roads"]["ferries"]["gone"] == ["旧渡"]


def test_roads_of_another_file(tmp_path):
    toml = LATER + '[[years]]\nyear = 2024\nroads = { path = "roads_2024.gpkg" }\n'
    folder = write_district(tmp_path / "tiny", toml)
    write_streets(folder, "roads_2024.gpkg", (0, 700, 1200))
    changes, summary, _ = compare(folder, 2024, 2025)
    # Without the street from 1200 m on, c3 (1500) is 300 m off, farther than 250: 150 of 200.
    row = changes.loc[RULE, DISTRICT]
    assert (row["value_from"], row["value_to"]) == (75, 90)
    np.testing.assert_allclose(parts_of(row), [0, 0, 15, 0, 0], rtol=0, atol=1e-9)
    assert summary["causes"]["roads"]["ways"] == [1, 2]


def test_another_speed_is_another_mode_and_the_rules_doing(tmp_path):
    mode = '[modes.walk_then]\nways = "walk"\nlabel = "当时的步行"\nspeed_kph = 0.36\naccess_kph = 0.36\nmax_access_m = 250\ndirect_m = 0\n'
    years = '[[years]]\nyear = 2024\nrules = { "clinic-walk-15" = { mode = "walk_then" } }\n'
    changes, summary, _ = compare(write_district(tmp_path / "tiny", LATER + mode + years), 2024, 2025)
    row = changes.loc[RULE, DISTRICT]
    # At 0.1 m/s nobody is within 90 m, c1 is 100 m away; now 180 of 200.
    assert (row["value_from"], row["value_to"]) == (0, 90)
    np.testing.assert_allclose(parts_of(row), [0, 0, 0, 90, 0], rtol=0, atol=1e-9)
    assert summary["causes"]["rule"][RULE]["from"] == "15 min, walk_then"


STATS = """
[[tables]]
name = "stats"
path = "stats.csv"
year = 2025

[[indicators]]
id = "physique"
measure = "reported"
of = { table = "stats" }
value = "pct"
levels = ["district"]

[[years]]
year = 2024
tables = [{ name = "stats", path = "stats_2024.csv", year = 2024 }]
"""


def test_a_table_of_that_year_is_nobodys_doing(tmp_path):
    folder = write_district(tmp_path / "tiny", LATER + STATS)
    for name, value in (("stats.csv", 93), ("stats_2024.csv", 90)):
        pd.DataFrame({"pct": [value]}).to_csv(folder / name, index=False)
    changes, _, _ = compare(folder, 2024, 2025)
    row = changes.loc["physique", DISTRICT]
    assert (row["value_from"], row["value_to"]) == (90, 93)
    assert parts_of(row) == [0, 0, 0, 0, 3]


def test_scenarios_of_today_do_not_stand_in_the_way_of_an_earlier_list(tmp_path):
    toml = LATER + '[[scenarios]]\nid = "k2-closed"\nclose = ["k2"]\n' + LISTED
    folder = write_listed(tmp_path / "tiny", toml)
    assert compare(folder, 2022, 2025)[0].loc[RULE, DISTRICT]["difference"] == 50
    assert invoke("check", folder).exit_code == 0


SECOND = """
[[facilities]]
kind = "clinic"
path = "more.csv"
x = "x"
y = "y"
crs = "EPSG:4549"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[years.modes.walk]\nspeed_kph = 4\n', "walk_then"),
        ('facilities = [{ kind = "clinic", within = { minutes = 10 } }]\n', "not within"),
        ('facilities = [{ kind = "clinic" }, { kind = "clinic", path = "x.csv" }]\n', "given twice"),
        ('facilities = [{ kind = "clinic", instead_of = "clinic.csv" }]\n', 'did you mean "clinics.csv"'),
        ('facilities = [{ kind = "park" }]\n', "years[1].facilities[1].path"),
        ('facilities = [{ kind = "clinic", path = "clinics_2019.csv" }]\n', "clinics_2019.csv"),
        ('layers = [{ kind = "clinic", path = "clinics.csv", x = "x", y = "y", crs = "EPSG:4549" }]\n', "already a kind of facility"),
        ('tables = [{ name = "stats" }]\n', "years[1].tables[1].path"),
        (ferries("渡", 1, "[[years.ferries]]").replace('"walk"', '"walks"'), 'did you mean "walk"'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_with_its_mend(tmp_path, text, said):
    folder = write_district(tmp_path / "tiny", LATER + "[[years]]\nyear = 2022\n" + text)
    done = invoke("compare", folder, 2022, 2025, "--out", tmp_path, "--no-cache")
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "years" in done.output or "2022: facilities[1].path" in done.output


def test_of_two_layers_of_a_kind_it_is_said_which(tmp_path):
    years = '[[years]]\nyear = 2022\nfacilities = [{{ kind = "clinic", path = "clinics_2022.csv"{} }}]\n'
    folder = write_listed(tmp_path / "tiny", LATER + SECOND + years.format(', x = "x", y = "y", crs = "EPSG:4549"'))
    pd.DataFrame({"x": [ORIGIN_X + 1500], "y": [ORIGIN_Y]}).to_csv(folder / "more.csv", index=False)
    done = invoke("check", folder, "--year", 2022)
    assert done.exit_code == 2
    assert "which is replaced" in done.output
    assert "more.csv" in done.output
    named = LATER + SECOND + years.format(', instead_of = "more.csv"')
    (folder / "district.toml").write_text(named, encoding="utf-8")
    assert invoke("check", folder, "--year", 2022).exit_code == 0
