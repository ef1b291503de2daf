"""Kinds of days."""

from __future__ import annotations

from datetime import date, time
from itertools import pairwise
from pathlib import Path

import pytest

from config.calendar import SHIPPED_CALENDARS, DayCalendar, city_calendar, load_calendar
from config.city_folder import write_city
from models.errors import ConfigurationError
from tests.config.a_city import a_city

GOOD = """
source: invented for this test
public_holidays:
- {date: 2026-05-01, name: {zh: 劳动节, en: Labour Day}}
makeup_workdays:
- {date: 2026-05-09, name: {zh: 调休, en: Make-up workday}}
events:
- {date: 2026-05-08, kind: match, name: {zh: 球赛, en: Match}, start: "19:30", end: "21:30"}
- {date: 2026-05-08, kind: rain, name: {zh: 大雨, en: Heavy rain}}
"""


def a_calendar(folder: Path, text: str) -> Path:
    path = folder / "days.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_day_has_one_of_four_types(tmp_path: Path) -> None:
    calendar = load_calendar(a_calendar(tmp_path, GOOD))
    types = {d: calendar.day_type(date(2026, 5, d)) for d in (1, 2, 3, 4, 8, 9, 10)}
    assert types == {
        1: "holiday",  # a Friday
        2: "saturday",
        3: "sunday",
        4: "workday",
        8: "workday",
        9: "workday",  # a Saturday on which people work
        10: "sunday",
    }


def test_events_annotate_their_day_and_change_no_type(tmp_path: Path) -> None:
    calendar = load_calendar(a_calendar(tmp_path, GOOD))
    events = calendar.events_on(date(2026, 5, 8))
    assert [(e.kind, e.start) for e in events] == [("match", time(19, 30)), ("rain", None)]
    assert calendar.events_on(date(2026, 5, 7)) == ()
    name = calendar.name_of(date(2026, 5, 1))
    assert name is not None
    assert name.zh == "劳动节"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("source:", "sauce:", "sauce: is not a known key"),
        ("2026-05-09", "2026-05-06", "2026-05-06 is no Saturday or Sunday"),
        ("2026-05-09", "2026-05-01", "both a public holiday and a make-up workday"),
        ("2026-05-01", "2026-02-30", "day is out of range"),
        ("2026-05-01", "May 1st", "public_holidays.0.date"),
        ('"19:30"', "19:30", "events.0.start"),
        ('"19:30"', '"25:30"', "events.0.start"),
        ("kind: match", "kind: riot", "events.0.kind"),
        ("en: Labour Day", "fr: Travail", "public_holidays.0.name.fr: is not a known key"),
        (
            "makeup_workdays:",
            "- {date: 2026-05-01, name: {zh: a, en: b}}\nmakeup_workdays:",
            "public_holidays: 2026-05-01 is there twice",
        ),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_field(
    old: str, new: str, expected: str, tmp_path: Path
) -> None:
    path = a_calendar(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        load_calendar(path)
    assert str(caught.value).startswith(str(path))
    assert expected in str(caught.value)


def test_a_city_uses_the_calendar_that_it_names(tmp_path: Path) -> None:
    write_city(a_city(), tmp_path)
    assert city_calendar(tmp_path) == DayCalendar()
    write_city(a_city(), tmp_path, calendar="days.yaml")
    with pytest.raises(ConfigurationError, match=r"city\.yaml: calendar: 'days\.yaml'"):
        city_calendar(tmp_path)
    a_calendar(tmp_path, GOOD)
    assert city_calendar(tmp_path).day_type(date(2026, 5, 1)) == "holiday"


@pytest.mark.parametrize("path", sorted(SHIPPED_CALENDARS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_calendar_is_right(path: Path) -> None:
    assert load_calendar(path).holidays


def test_the_demo_calendar_has_a_holiday_a_makeup_workday_and_a_match_in_any_56_days() -> None:
    calendar = load_calendar(SHIPPED_CALENDARS / "demo.yaml")
    for days in (
        sorted(calendar.holidays),
        sorted(calendar.makeup_workdays),
        sorted(e.date for e in calendar.events if e.kind == "match"),
    ):
        gaps = [(b - a).days for a, b in pairwise(days)]
        assert max(gaps) <= 56
