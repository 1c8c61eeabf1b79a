"""The demonstration district against the oracle, walk and drive, both directions; it needs nothing outside the repository."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from tests.districts.demonstration import FOLDER, run_demonstration
from tests.oracle.reference import ReferenceMode, ReferenceNetwork
from tests.oracle.slope import ReferenceHeights

from lifecircle.config import load_modes

pytestmark = pytest.mark.slow

RULES = (
    "insurance-30min-walk",
    "insurance-30min-drive",
    "clinic-15min-walk",
    "hospital-30min-drive",
    "ambulance-12min",
    "aed-4min-walk",
)


@pytest.fixture(scope="module")
def study():
    return run_demonstration()


@pytest.fixture(scope="module")
def networks(study):
    made = {}
    crs = study.district.crs
    heights = ReferenceHeights.from_dem(FOLDER / "dem.tif", crs)
    for mode_id in ("walk", "drive"):
        mode = load_modes()[mode_id]
        reference = ReferenceMode(
            mode.network_type,
            mode.speeds_kph or mode.speed_kph,
            mode.access_kph,
            mode.max_access_m,
            mode.direct_m,
            mode.min_fragment_m,
            slope=mode.slope is not None,
            ways=mode.ways,
            **({"steps_kph": mode.slope.steps_kph} if mode.slope else {}),
        )
        made[mode_id] = ReferenceNetwork.from_osm(FOLDER / "dongtou.osm.pbf", crs, reference, heights=heights)
    return made


def assert_agrees(study, network, shapes, direction, ours):
    """Seconds of every cell are the oracle's to a tenth, and the same cells are reached."""
    assert (shapely.get_dimensions(shapes) == 0).all()
    cells, places = np.column_stack([study.cells.x, study.cells.y]), shapely.get_coordinates(shapes)
    expected, _ = network.nearest(cells, places, direction)
    assert (np.isfinite(ours) == np.isfinite(expected)).all()
    reached = np.isfinite(expected)
    assert reached.sum() > 1000
    apart = np.flatnonzero(reached)[np.abs(ours[reached] - expected[reached]) > 0.1]
    for cell in apart:
        # Equally near to two streets, a cell may join either: ours must be right by one of them.
        joins = network.joins_within(cells[cell], 1e-6)
        assert len(joins.edge) > 1
        alone = np.repeat(cells[[cell]], len(joins.edge), axis=0)
        either, _ = network.nearest(alone, places, direction, cell_joins=joins)
        assert np.abs(either - ours[cell]).min() <= 0.1
    assert len(apart) <= 3


@pytest.mark.parametrize("rule_id", ["stroke-thrombolysis-60min", "chest-pain-pci-60min"])
def test_both_ways_of_a_chain_agree_with_the_oracle(study, networks, rule_id):
    result = study.results[rule_id]
    legs, rule = result.legs, result.rule
    assert (legs.response_min == study.results["ambulance-12min"].nearest.cost).all()
    np.testing.assert_allclose(
        result.nearest.cost, legs.response_min + rule.then.on_scene_minutes + legs.transfer_min, rtol=1e-12
    )
    able = np.unique(legs.hospital[legs.hospital >= 0])
    attribute = next(iter(rule.then.facilities[0].attributes))
    assert (study.facilities.frame[attribute].iloc[able] == "是").all()
    hospitals = study.facilities.frame
    hospitals = hospitals[(hospitals["kind"] == "hospital") & (hospitals[attribute] == "是")]
    assert_agrees(study, networks["drive"], hospitals.geometry.to_numpy(), "toward", legs.transfer_min * 60)


@pytest.mark.parametrize("rule_id", RULES)
def test_minutes_agree_with_the_oracle_to_a_tenth_of_a_second(study, networks, rule_id):
    result = study.results[rule_id]
    rule = result.rule
    network = networks["drive" if rule.mode == "ambulance" else rule.mode]
    shapes = study.facilities.frame.geometry.to_numpy()[result.facilities]
    assert_agrees(study, network, shapes, rule.direction, (result.nearest.cost - rule.ready_minutes) * 60)


def test_the_island_without_a_bridge_needs_the_ferry(study):
    """鹿西 is reached by ferry only: by car from 洞头, and its people are never nearer than the sailing."""
    township = study.units["township"]
    on_luxi = np.asarray(
        study.cells.membership["township"][[int(np.flatnonzero(township.name == "鹿西乡")[0])]].toarray()[0] > 0.5
    )
    minutes = study.results["hospital-30min-drive"].nearest.cost[on_luxi]
    assert np.isfinite(minutes).any()
    assert minutes.min() > 30
    row = study.indicators[
        (study.indicators["indicator"] == "hospital-30min-drive") & (study.indicators["unit_name"] == "鹿西乡")
    ]
    assert row["value"].tolist() == [0.0]


def test_both_readings_of_ten_minutes_are_reported(study):
    district = study.indicators[study.indicators["level"] == "district"].set_index("indicator")
    near, far = district.loc["fitness-10min-500m"], district.loc["fitness-10min-1km"]
    assert near["denominator"] == far["denominator"] == pytest.approx(148_807, abs=1e-6)
    assert near["numerator"] < far["numerator"]


def test_conservation(study):
    assert study.conservation["population"]["people"] == 148_807
    # School ages and women of 15 to 49 are modelled, see data/raw/dongtou/build/ages.py.
    counted = {
        None: 148_807,
        "age60": 28_184,
        "age3_6": 3_836,
        "age6_11": 7_672,
        "age12_14": 3_837,
        "women15_49": 34_970,
    }
    assert {result.rule.group for result in study.results.values()} == set(counted), "rules of groups are computed too"
    for rule_id, result in study.results.items():
        sums = study.conservation[rule_id]
        people = sums["covered"] + sums["uncovered"] + sums["unreachable"]
        assert people == pytest.approx(counted[result.rule.group], abs=1e-9)


def test_nothing_is_wrong_with_the_demonstration_data(study):
    assert not [problem for problem in study.problems if problem.severity in ("error", "set_aside", "repaired")]
