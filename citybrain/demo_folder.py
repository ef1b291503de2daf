"""Writes the shipped demo city: `python -m citybrain.demo_folder`, after a change of the models behind it.

The folder and the calendar are made from the seed alone; a test makes them again and compares every byte.
"""

from __future__ import annotations

import sys
from pathlib import Path

from config.calendar import SHIPPED_CALENDARS
from config.city_folder import SHIPPED_CITIES, write_city
from models.city import Name
from models.demo_calendar import MATCH_END_S, MATCH_START_S, SpecialDay, special_days
from models.demo_city import DEMO_CITY_ID, demo_city

CALENDAR_NAME = "demo"

_HEAD = """\
# The invented calendar of the demo city: a festival, its make-up workday (调休) and a match every 49 days.
# Written by `python -m citybrain.demo_folder`; the rule is models/demo_calendar.py.
source: invented
"""
_KEYS = {"holiday": "public_holidays", "makeup": "makeup_workdays", "match": "events"}


def write_demo_folder(city_folder: Path, calendar_folder: Path) -> None:
    """Write city.yaml, segments.geojson, sensors.csv into one folder and demo.yaml into the other."""
    write_city(demo_city(), city_folder, calendar=CALENDAR_NAME)
    calendar_folder.mkdir(parents=True, exist_ok=True)
    (calendar_folder / f"{CALENDAR_NAME}.yaml").write_bytes(calendar_yaml().encode())


def calendar_yaml() -> str:
    """The special days of the demo city as a calendar file."""
    lines: dict[str, list[str]] = {key: [] for key in _KEYS.values()}
    for special in special_days():
        lines[_KEYS[special.kind]].append(_line(special))
    return _HEAD + "".join(f"{key}:\n{''.join(entries)}" for key, entries in lines.items())


def _line(special: SpecialDay) -> str:
    fields = f"date: {special.date}, name: {_name(special.name)}"
    if special.kind == "match":
        fields += f', kind: match, start: "{_clock(MATCH_START_S)}", end: "{_clock(MATCH_END_S)}"'
    return f"- {{{fields}}}\n"


def _name(name: Name) -> str:
    return f"{{zh: {name.zh}, en: {name.en}}}"


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"


if __name__ == "__main__":
    write_demo_folder(SHIPPED_CITIES / DEMO_CITY_ID, SHIPPED_CALENDARS)
    sys.stdout.write(f"{SHIPPED_CITIES / DEMO_CITY_ID}\n{SHIPPED_CALENDARS / CALENDAR_NAME}.yaml\n")
