"""Times of day and sailing hours, and what the configuration says of ferries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.config import load_hours, read_configuration
from lifecircle.config.hours import is_within, read_clock, read_hours, read_span
from lifecircle.problems import Problems

minute = st.integers(0, 24 * 60 - 1)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@pytest.mark.parametrize(
    ("at", "hours", "sails"),
    [
        ("06:30", ["06:30-18:00"], True),
        ("18:00", ["06:30-18:00"], True),
        ("18:01", ["06:30-18:00"], False),
        ("06:29", ["06:30-18:00"], False),
        ("12:00", ["06:30-11:00", "13:00-18:00"], False),
        ("13:00", ["06:30-11:00", "13:00-18:00"], True),
        ("23:30", ["22:00-01:15"], True),
        ("01:15", ["22:00-01:15"], True),
        ("01:16", ["22:00-01:15"], False),
        ("00:00", ["20:00-24:00"], True),
        ("00:01", ["20:00-24:00"], False),
        ("03:00", ["00:00-24:00"], True),
    ],
)
def test_a_time_of_day_among_sailing_hours(at, hours, sails):
    assert is_within(at, hours) is sails


@given(minute, minute, minute)
def test_a_span_and_the_rest_of_the_day_make_a_day(at, first, last):
    if first == last:
        return
    there, back = f"{clock(first)}-{clock(last)}", f"{clock(last)}-{clock(first)}"
    both = is_within(clock(at), [there]) + is_within(clock(at), [back])
    assert both == (2 if at in (first, last) else 1)


@pytest.mark.parametrize("text", ["", "25:00", "6", "12:60", "24:01", "noon", "-1:00"])
def test_what_is_no_time_of_day(text):
    with pytest.raises(ValueError, match="not a time of day"):
        read_clock(text)


@pytest.mark.parametrize("text", ["06:30", "06:30-", "06:30-06:30", "a-b"])
def test_what_is_no_span(text):
    with pytest.raises(ValueError, match=r"not a|empty span"):
        read_span(text)


HEAD = '[district]\nid = "x"\ncode = "1"\nname = "x"\nyear = 2025\ncrs = "EPSG:4549"\n'
FERRY = "[[ferries]]\nfrom = [121.1, 27.8]\nto = [121.2, 27.8]\nminutes = 30\n"
HIKE = '[modes.hike]\nengine = "terrain"\nclasses = { 1 = { as = "walk", speed_kph = 4 } }\n'


def configure(folder, text):
    (folder / "district.toml").write_text(text, encoding="utf-8")
    problems = Problems()
    configuration = read_configuration(folder, problems)
    return configuration, [problem for problem in problems.errors if problem.code != "config-missing-section"]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        (HEAD + FERRY + 'modes = ["wlak"]\n', "ferries[1].modes", "walk"),
        (HEAD + HIKE + FERRY + 'modes = ["hike"]\n', "ferries[1].modes", "walk"),
        (HEAD + FERRY + 'modes = ["walk"]\nhours = ["6点到18点"]\n', "ferries[1].hours", "06:30-18:00"),
        (
            HEAD + FERRY + 'modes = ["walk"]\nhours = ["06:30-18:00", "20:00-20:00"]\n',
            "ferries[1].hours",
            "00:00-24:00",
        ),
        (HEAD + 'at = "夜里"\n', "district.at", "22:30"),
        (HEAD + FERRY + 'modes = ["walk"]\nhour = "06:30-18:00"\n', "ferries[1].hour", "hours"),
    ],
)
def test_what_a_ferry_may_not_say(tmp_path, text, place, hint):
    _, errors = configure(tmp_path, text)
    found = [problem for problem in errors if problem.field.startswith(place)]
    assert len(found) == 1, errors
    assert hint in str(found[0])


@pytest.mark.parametrize("written", ['"9:05"', "09:05:00", '"09:05"'])
def test_tomls_own_times_are_times_too(tmp_path, written):
    configuration, errors = configure(
        tmp_path, HEAD + f"at = {written}\n" + FERRY + 'modes = ["walk"]\nhours = "22:00–01:00"\n'
    )
    assert [problem.code for problem in errors] in ([], ["config-no-rules"])
    assert configuration.district.at == "09:05"
    assert configuration.ferries[0].hours == ("22:00–01:00",)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        ("  ", ()),
        ("24h", ("00:00-24:00",)),
        ("24小时", ("00:00-24:00",)),
        ("全天", ("00:00-24:00",)),
        ("00:00-24:00", ("00:00-24:00",)),
        ("８：００－１７：３０", ("8:00-17:30",)),
        ("08:00至12:00、14:00至17:30", ("08:00-12:00", "14:00-17:30")),
        ("08:00 – 12:00; 14:00 – 17:30", ("08:00-12:00", "14:00-17:30")),
        ("每天 08:00~20:00", ("08:00-20:00",)),
        ("22:00-06:00", ("22:00-06:00",)),
        ("营业时间", ("08:00-18:00",)),
        ("周一至周五 08:00-17:00", None),
        ("25:00-26:00", None),
        ("08:00-08:00", None),
        ("随时", None),
    ],
)
def test_opening_hours_as_tables_have_them(text, spans):
    assert read_hours(text, load_hours()) == spans


@given(st.text(max_size=30))
def test_any_text_is_hours_or_is_not(text):
    spans = read_hours(text, load_hours())
    assert spans is None or all(read_span(span) for span in spans)
