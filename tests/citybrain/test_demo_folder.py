"""The shipped demo city is what its script makes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from citybrain.demo_folder import write_demo_folder
from config.calendar import SHIPPED_CALENDARS, city_calendar
from config.city_folder import SHIPPED_CITIES, load_city
from models.demo_calendar import FIRST_DAY, LAST_DAY, day_type
from models.demo_city import demo_city

SHIPPED = SHIPPED_CITIES / "demo"
LARGEST_BYTES = 3_000_000


def test_the_script_makes_the_shipped_files_again_byte_for_byte(tmp_path: Path) -> None:
    write_demo_folder(tmp_path / "city", tmp_path / "calendars")
    made = {path.name: path.read_bytes() for path in (tmp_path / "city").iterdir()}
    assert made == {path.name: path.read_bytes() for path in SHIPPED.iterdir()}
    calendar = (SHIPPED_CALENDARS / "demo.yaml").read_bytes()
    assert (tmp_path / "calendars" / "demo.yaml").read_bytes() == calendar


def test_the_shipped_city_is_read_without_a_mistake_and_equals_the_models() -> None:
    assert load_city(SHIPPED) == demo_city()


def test_the_shipped_city_is_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < LARGEST_BYTES


def test_the_calendar_of_the_folder_says_of_each_day_what_the_traffic_takes_it_for() -> None:
    calendar = city_calendar(SHIPPED)
    days = [FIRST_DAY + timedelta(days=k) for k in range((LAST_DAY - FIRST_DAY).days + 1)]
    assert [calendar.day_type(day) for day in days] == [day_type(day) for day in days]
    assert {event.kind for event in calendar.events} == {"match"}
