"""Units that were split, merged or given another code: compared by today's units, nobody lost, and every bad crosswalk named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.made import GROUND, ROADS, WALK, head, people_toml, places_toml
from tests.two_years import compare, invoke, parts_of, write_streets

# Today six townships of 500 m along the street, people at the middle of each; one clinic in the first, a second of 2022 in the last.
TODAY = {
    "330305002": "灵昆街道",
    "330305006": "昆鹏街道",
    "330305009": "合镇",
    "330305010": "新码镇",
    "330305101": "甲乡",
    "330305102": "乙乡",
}
PEOPLE = (60, 40, 30, 20, 7, 3)
# In 2019 the district was 洞头县: 灵昆 held 昆鹏 too, 合镇 was two, and 新码镇 had a code of the county.
THEN = {"330305002": (0, 1000), "330322901": (1000, 1250), "330322902": (1250, 1500), "330322010": (1500, 2000),
        "330305101": (2000, 2500), "330305102": (2500, 3000)}  # fmt: skip
LINKS = (("330305002", "330305002", 0.6), ("330305002", "330305006", 0.4), ("330322901", "330305009", ""),
        ("330322902", "330305009", 1), ("330322010", "330305010", 1))  # fmt: skip
TOML = (
    head("tiny", "洞头区", "Tiny", code="330305")
    + people_toml()
    + places_toml("clinic", "clinics.csv", 'id = "id", name = "name", opened = "year"')
    + ROADS
    + WALK
    + """
[[rules]]
id = "clinic-walk-15"
facilities = { kind = "clinic" }
mode = "walk"
minutes = 15
"""
)
YEAR = """
[[years]]
year = 2019
code = "330322"
units = [{ level = "township", path = "old.gpkg", id = "code", name = "name" }]
crosswalk = { path = "crosswalk.csv" }
"""
PEOPLE_COLUMNS = ["covered_from", "covered_to", "newly_covered", "newly_lost", "moved"]


def write_units(folder, name, places):
    units = {code: (TODAY.get(code, f"旧{code}"), (low, -500, high, 500)) for code, (low, high) in places.items()}
    GROUND.write_units(folder / name, units)


def write_split(folder, links=LINKS, toml=TOML + YEAR):
    folder.mkdir(parents=True)
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    write_units(folder, "townships.gpkg", {code: (500 * at, 500 * at + 500) for at, code in enumerate(TODAY)})
    write_units(folder, "old.gpkg", THEN)
    write_streets(folder, "roads.gpkg", (0, 3000))
    people = [(f"c{at}", count, 500 * at + 250, 0) for at, count in enumerate(PEOPLE)]
    # Two places in 合镇, one in each of the two it was.
    people[2:3] = [("c2", 10, 1100, 0), ("c2b", 20, 1400, 0)]
    GROUND.write_places(folder / "people.csv", ["id", "people"], people)
    GROUND.write_places(
        folder / "clinics.csv", ["id", "name", "year"], [("k1", "甲", "", 0, 0), ("k2", "乙", 2022, 3000, 0)]
    )
    pd.DataFrame(links, columns=["from_code", "to_code", "share"]).to_csv(folder / "crosswalk.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return compare(write_split(tmp_path_factory.mktemp("units") / "tiny"), 2019, 2025)


def test_every_figure_is_of_todays_units(found):
    own = found[0].loc["clinic-walk-15"]
    assert set(own.index) == {"330305", *TODAY}
    # 2019: k1 alone, 900 m: the cells at 250 and 750 m, all in old 灵昆: 100 of 100 there, nobody elsewhere. So 昆鹏 had 100 % of 40.
    assert own["value_from"].to_dict() == {
        "330305": pytest.approx(62.5), "330305002": 100, "330305006": 100, "330305009": 0, "330305010": 0, "330305101": 0,
        "330305102": 0,
    }  # fmt: skip
    # 2025: k2 at 3000 m reaches 2250 and 2750, and 750 m of its own street is not far enough for 1750.
    assert own["value_to"].to_dict() == {
        "330305": pytest.approx(68.75), "330305002": 100, "330305006": 100, "330305009": 0, "330305010": 0, "330305101": 100,
        "330305102": 100,
    }  # fmt: skip
    assert own.loc["330305006", "covered_from"] == pytest.approx(40)
    assert own.loc["330305009", "unit_name"] == "合镇"


def test_nobody_is_lost_on_the_way(found):
    own = found[0].loc["clinic-walk-15"]
    towns, district = own.loc[list(TODAY), PEOPLE_COLUMNS].sum(), own.loc["330305", PEOPLE_COLUMNS]
    np.testing.assert_allclose(towns.astype(float), district.astype(float), rtol=0, atol=1e-9)
    assert district.tolist() == [100, 110, 10, 0, 0]
    flows = own["newly_covered"] - own["newly_lost"] + own["moved"]
    np.testing.assert_allclose(flows, own["covered_to"] - own["covered_from"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(own["residual"], 0, rtol=0, atol=1e-9)
    # What only changed its code, or nothing, is known cell by cell; what was split is known by its sums.
    assert own["counted_by"].to_dict()["330305"] == "cell"


def test_the_links_are_told_and_no_unit_stands_alone(found):
    units = found[1]["units"]
    assert {"from_code": "330322", "to_code": "330305", "share": 1.0} in units["crosswalk"]["2019"]
    assert len(units["crosswalk"]["2019"]) == len(LINKS) + 1
    assert units["only_in"] == {}


@pytest.mark.parametrize(
    ("change", "row", "field", "said"),
    [
        ({0: ("330305002", "330305002", 0.5)}, "2, 3", "share", "330305002 = 0.9"),
        ({0: ("330305002", "330305002", -0.6)}, "2", "share", "no share: -0.6"),
        ({0: ("330305002", "330305002", "六成")}, "2", "share", "no share: 六成"),
        ({0: ("330305002", "330305002", 60)}, "2", "share", "no share: 60"),
        ({0: ("330305012", "330305002", 0.6)}, "2", "from_code", "no such unit: 330305012"),
        ({1: ("330305002", "330305016", 0.4)}, "3", "to_code", "no such unit: 330305016"),
        ({5: ("330322010", "330305010", 1)}, "6, 7", "from_code, to_code", "330322010 → 330305010"),
        ({3: ("330322902", "", 1)}, "5", "from_code, to_code", "a code is missing"),
        ({3: ("330322902", "330305", 1)}, "5", "from_code, to_code", "two levels in one row: 330322902 → 330305"),
        ({4: ("330305101", "330305101", 1)}, "", "from_code", "no row of theirs: 330322010"),
    ],
)
def test_a_bad_crosswalk_is_named_by_file_row_and_field(tmp_path, change, row, field, said):
    folder = write_split(tmp_path / "tiny", list((dict(enumerate(LINKS)) | change).values()))
    told = json.loads(invoke("check", folder, "--json").stdout)
    faults = [one for one in told if one["file"] == "crosswalk.csv"]
    assert all(one["severity"] == "error" for one in faults)
    assert [(one["row"], one["field"]) for one in faults if said in one["found"]] == [(row, field)]
    done = invoke("compare", folder, 2019, 2025, "--out", tmp_path, "--no-cache")
    assert done.exit_code == 2
    assert not (tmp_path / "data").exists()


def test_a_code_of_six_nine_or_twelve_digits_means_the_same_unit(tmp_path, found):
    walk = [(f"{one}000", f"{other}000", share) for one, other, share in LINKS]
    again = compare(write_split(tmp_path / "tiny", walk), 2019, 2025)[0]
    pd.testing.assert_frame_equal(again, found[0])


def test_only_the_districts_code_was_another(tmp_path):
    toml = (
        TOML
        + '[[years]]\nyear = 2019\ncode = "330322"\n'
        + """
[[indicators]]
id = "clinic-each-township"
measure = "presence"
unit = "township"
of = { kind = "clinic" }
levels = ["district"]
"""
    )
    changes, _, _ = compare(write_split(tmp_path / "tiny", toml=toml), 2019, 2025)
    own = changes.loc["clinic-walk-15"]
    assert set(own.index) == {"330305", *TODAY}
    assert own.loc["330305", ["value_from", "value_to"]].tolist() == [62.5, 68.75]
    # Other figures are split too: nothing is laid out by other units.
    row = changes.loc["clinic-each-township", "330305"]
    np.testing.assert_allclose(parts_of(row), [100 / 6, 0, 0, 0, 0], rtol=0, atol=1e-9)


def test_units_without_a_crosswalk_are_not_guessed_at(tmp_path):
    toml = TOML + YEAR.replace('crosswalk = { path = "crosswalk.csv" }\n', "")
    changes, summary, done = compare(write_split(tmp_path / "tiny", toml=toml), 2019, 2025)
    own = changes.loc["clinic-walk-15"]
    assert own.loc["330305", "difference"] == pytest.approx(6.25)
    assert own.loc[["330322901", "330305006"], "difference"].isna().all()
    assert summary["units"]["only_in"] == {
        "2019": ["330322901", "330322902", "330322010"], "2025": ["330305006", "330305009", "330305010"],
    }  # fmt: skip
    assert "units that only 2019 has: 330322901" in done.output


def test_a_year_that_nothing_is_said_of_is_todays_but_for_what_opened(tmp_path):
    changes, summary, done = compare(write_split(tmp_path / "tiny"), 2021, 2025)
    assert changes.loc["clinic-walk-15", "330305"]["difference"] == pytest.approx(6.25)
    assert summary["as_today"] == [2021]
    assert "no [[years]] entry" in done.output
    same = compare(write_split(tmp_path / "same"), 2025, 2025)
    assert same[1]["as_today"] == []
    assert "the same year twice" in same[2].output


def test_a_year_to_come_must_be_described(tmp_path):
    folder = write_split(tmp_path / "tiny")
    done = invoke("compare", folder, 2025, 2030, "--out", tmp_path, "--no-cache")
    assert done.exit_code == 2
    assert "2030" in done.output
    assert "[[years]] year = 2030" in done.output
    folder = write_split(tmp_path / "planned", toml=TOML + "[[years]]\nyear = 2030\n")
    assert compare(folder, 2025, 2030)[0].loc["clinic-walk-15", "330305"]["difference"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((2019, 2025, "--rule", "clinic-walk-16"), 'did you mean "clinic-walk-15"'),
        ((1019, 2025), "1949"),
        ((2025, 2119), "2100"),
    ],
)
def test_a_call_that_asks_for_what_there_is_not(tmp_path, arguments, said):
    done = invoke("compare", write_split(tmp_path / "tiny"), *arguments, "--out", tmp_path, "--no-cache")
    assert done.exit_code == 2
    assert said in done.output
    assert done.output.count("no such rule") <= 1
