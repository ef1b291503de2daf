"""The invented calendar."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.demo_calendar import FIRST_DAY, LAST_DAY, day_type, special_day, special_days


@given(st.dates(date(2024, 1, 1), date(2060, 1, 1)))
def test_any_eight_weeks_hold_a_holiday_a_makeup_workday_and_a_match(day: date) -> None:
    kinds = {special.kind for special in special_days(day, day + timedelta(days=55))}
    assert kinds == {"holiday", "makeup", "match"}


def test_holidays_are_weekdays_and_makeup_workdays_are_not() -> None:
    for special in special_days(FIRST_DAY, LAST_DAY):
        assert (special.date.weekday() >= 5) == (special.kind == "makeup")


def test_a_makeup_workday_has_the_traffic_of_a_workday() -> None:
    makeup = next(s.date for s in special_days(date(2026, 1, 1), LAST_DAY) if s.kind == "makeup")
    assert day_type(makeup) == "workday"
    assert day_type(makeup + timedelta(days=7)) == "sunday"


def test_the_festival_falls_on_the_days_of_the_rule() -> None:
    festival = special_day(date(2026, 10, 22))
    assert festival is not None
    assert (festival.kind, festival.name.zh) == ("holiday", "秋帆节")
    assert day_type(date(2026, 10, 22)) == "holiday"
    assert special_day(date(2026, 10, 21)) is None
