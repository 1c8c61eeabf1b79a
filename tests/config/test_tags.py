"""What tags mean is data, and what people write as text is read in every form, or not at all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.config import load_modes, load_tags
from lifecircle.config.tags import NETWORK_TYPES, is_ferry_route, parse_duration_s, parse_maxspeed_kph, split_values

MIN = 60.0


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("45", 45), ("00:45", 45), ("0:45", 45), ("1:30:00", 90), ("00:00:30", 0.5), ("1h 30min", 90), ("1h30", 90), ("1 h 30 m", 90),
        ("45m", 45), ("45 min", 45), ("45min.", 45), ("45 minutes", 45), ("1.5h", 90), ("1,5 h", 90), ("2 hours", 120), ("1 hour 5 minutes", 65),
        ("90s", 1.5), ("PT0.75H", 45), ("PT45M", 45), ("pt1h30m", 90), ("P0DT1H30M", 90), ("P1D", 1440), ("P1W", 10080), ("45分钟", 45),
        ("1小时30分", 90), ("00:45-01:00", 60), ("01:00-00:45", 60), ("45-60 min", 60), ("1\u20132 h", 120), ("20 to 30", 30), ("00:10;00:20", 20),
        (" 10 ; 5 ", 10), ("45;1h", 60),
    ],
)  # fmt: skip
def test_durations_as_people_write_them(text, minutes):
    assert parse_duration_s(text) == pytest.approx(minutes * MIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "00:00",
        "fast",
        "daily",
        "on demand",
        "-5",
        "45 x",
        "1:75",
        "PT",
        "P",
        "h",
        "00:10;soon",
        "45-",
        "1h 90x",
        ";",
    ],
)
def test_what_is_no_duration_is_nan(text):
    assert np.isnan(parse_duration_s(text))


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_the_same_time_in_every_form_is_the_same(hours, minutes, seconds):
    total = hours * 3600 + minutes * 60 + seconds
    forms = [
        f"{hours}:{minutes:02}:{seconds:02}",
        f"PT{hours}H{minutes}M{seconds}S",
        f"{hours}h {minutes}min {seconds}s",
        f"P0DT{total}S",
    ]
    if total == 0:
        assert all(np.isnan(parse_duration_s(form)) for form in forms)
    else:
        assert [parse_duration_s(form) for form in forms] == pytest.approx([total] * len(forms))


@given(st.text(max_size=30))
def test_no_text_is_a_duration_of_nothing_or_less(text):
    seconds = parse_duration_s(text)
    assert np.isnan(seconds) or seconds > 0
    speed = parse_maxspeed_kph(text)
    assert np.isnan(speed) or speed > 0


@given(st.lists(st.integers(1, 500), min_size=1, max_size=4))
def test_of_several_the_longest_time_and_the_lowest_speed_count(minutes):
    text = ";".join(map(str, minutes))
    assert parse_duration_s(text) == max(minutes) * MIN
    assert parse_maxspeed_kph(text) == min(minutes)


@pytest.mark.parametrize(
    ("text", "kph"),
    [
        ("60", 60),
        ("60 km/h", 60),
        ("60 kmh", 60),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("walk", 5),
        ("80;60", 60),
        ("40.5", 40.5),
    ],
)
def test_speeds(text, kph):
    assert parse_maxspeed_kph(text) == pytest.approx(kph)


@pytest.mark.parametrize("text", ["CN:urban", "none", "signals", "variable", "0", "", "60;none", "60 knots", "fast"])
def test_what_is_no_speed_is_nan(text):
    assert np.isnan(parse_maxspeed_kph(text))


def test_values_between_semicolons_are_several():
    assert split_values("Destination; yes;") == ["destination", "yes"]
    assert [is_ferry_route(text) for text in ("ferry", "ferry;road", "road; ferry", "ferryman", "")] == [True] * 3 + [
        False
    ] * 2


def test_every_line_of_the_tables_has_its_source():
    tags = load_tags()
    tables = (
        tags.values,
        tags.classes,
        tags.closes,
        tags.oneway,
        tags.implied,
        tags.contraflow,
        tags.barriers,
        tags.modes.values(),
    )
    assert all(line.source.strip() for table in tables for line in table)


def test_no_line_contradicts_another():
    tags = load_tags()
    for network_type in NETWORK_TYPES:
        values = [line.value for line in tags.values if network_type in line.modes]
        assert len(values) == len(set(values)), "a value has one meaning to a mode"
    for names in (
        [line.highway for line in tags.classes],
        [line.kind for line in tags.barriers],
        [line.value for line in tags.oneway],
    ):
        assert len(names) == len(set(names))
    assert all(set(line.only_own) <= set(line.passes) for line in tags.barriers), (
        "whom only its key stops passes without it"
    )
    assert not any(line.open for line in tags.classes if line.absent)


def test_modes_go_by_the_most_specific_key_first():
    tags = load_tags()
    order = ["emergency", "foot", "bicycle", "motorcar", "motor_vehicle", "vehicle", "access"]
    for keys in tags.modes.values():
        assert list(keys.keys) == [key for key in order if key in keys.keys]
        assert set(keys.opens) == set(keys.keys) - {"access"} - ({"vehicle"} if "bicycle" in keys.keys else set())
        assert keys.oneway[-1] == "oneway" or keys.oneway == ("oneway:foot",)


@pytest.mark.parametrize(
    "written", [{"network_type": "bike"}, {"ways": "bike"}, {"network_type": "bike", "ways": "tags"}]
)
def test_a_mode_names_who_goes_also_as_before(written):
    mode = load_modes({"fast": {"label": "快", "speed_kph": 20, **written}})["fast"]
    assert (mode.network_type, mode.ways) == ("bike", "tags")


def test_osmnx_filters_are_a_choice():
    for mode_id, network_type in itertools.islice({"walk": "walk", "ambulance": "ambulance"}.items(), 2):
        mode = load_modes({mode_id: {"ways": "osmnx"}})[mode_id]
        assert (mode.network_type, mode.ways) == (network_type, "osmnx")


@pytest.mark.parametrize("written", [{"ways": "foot"}, {"ways": "tags"}, {"network_type": "boat"}])
def test_a_mode_that_names_nobody_is_refused(written):
    with pytest.raises(ValueError, match=r"network_type|tags"):
        load_modes({"odd": {"label": "怪", "speed_kph": 20, **written}})
