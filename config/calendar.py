"""Which kind of day a date is: public holidays, 调休 make-up workdays, weekends; and what happens on it.

The dates come from files in config/calendars or in a city folder. None is a copy of a government's list:
who runs a real city enters the days that were announced there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.city_schema import CityFile, NameFields
from config.city_writing import CITY_FILE
from config.strict_yaml import StrictModel, load_yaml, read_yaml
from models.city import Name
from models.errors import ConfigurationError

SHIPPED_CALENDARS = Path(__file__).parent / "calendars"

DayType = Literal["workday", "saturday", "sunday", "holiday"]


def _clock(text: object) -> object:
    """HH:MM as a time; YAML 1.1 reads an unquoted 19:30 as the number 1170."""
    if not isinstance(text, str) or len(text) != 5:
        raise ValueError('must be a quoted time such as "19:30"')
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError('must be a quoted time such as "19:30"') from None


Clock = Annotated[time, BeforeValidator(_clock)]


class DayFields(StrictModel):
    """One named day."""

    day: date = Field(alias="date", description="The local date.")
    name: NameFields = Field(description="Its name.")


class EventFields(DayFields):
    """Something that changes traffic on one day."""

    kind: Literal["match", "concert", "rain", "snow", "works", "school", "other"] = Field(
        description="What it is."
    )
    start: Clock | None = Field(default=None, description='Local time it begins, quoted: "19:30".')
    end: Clock | None = Field(default=None, description="Local time it ends.")


class CalendarFile(StrictModel):
    """A calendar file."""

    source: str | None = Field(default=None, description="Where the days come from.")
    public_holidays: list[DayFields] = Field(default_factory=list, description="Public holidays.")
    makeup_workdays: list[DayFields] = Field(
        default_factory=list, description="Weekend days on which people work (调休)."
    )
    events: list[EventFields] = Field(default_factory=list, description="Matches, rain days and the like.")

    @model_validator(mode="after")
    def _says_one_thing_of_a_day(self) -> CalendarFile:
        holidays = [d.day for d in self.public_holidays]
        makeups = [d.day for d in self.makeup_workdays]
        for key, days in (("public_holidays", holidays), ("makeup_workdays", makeups)):
            twice = next((d for d in days if days.count(d) > 1), None) if len(set(days)) < len(days) else None
            if twice is not None:
                raise ValueError(f"{key}: {twice} is there twice")
        both = sorted(set(holidays) & set(makeups))
        if both:
            raise ValueError(f"{both[0]} is both a public holiday and a make-up workday")
        weekday = next((d for d in makeups if d.weekday() < 5), None)
        if weekday is not None:
            raise ValueError(f"makeup_workdays: {weekday} is no Saturday or Sunday")
        return self


@dataclass(frozen=True, slots=True)
class DayEvent:
    """An annotation of one local day. `start` and `end` are local times, None where unknown."""

    date: date
    kind: str
    name: Name
    start: time | None = None
    end: time | None = None


@dataclass(frozen=True, slots=True)
class DayCalendar:
    """The special days of a city; without any, only the weekday counts."""

    holidays: dict[date, Name] = field(default_factory=dict)
    makeup_workdays: dict[date, Name] = field(default_factory=dict)
    events: tuple[DayEvent, ...] = ()

    def day_type(self, local_date: date) -> DayType:
        """What traffic takes the day for; a make-up workday is a workday."""
        if local_date in self.makeup_workdays:
            return "workday"
        if local_date in self.holidays:
            return "holiday"
        weekday = local_date.weekday()
        return "saturday" if weekday == 5 else "sunday" if weekday == 6 else "workday"

    def events_on(self, local_date: date) -> tuple[DayEvent, ...]:
        """The annotations of a day, in file order."""
        return tuple(event for event in self.events if event.date == local_date)

    def name_of(self, local_date: date) -> Name | None:
        """The name of a public holiday or make-up workday."""
        return self.holidays.get(local_date) or self.makeup_workdays.get(local_date)


def load_calendar(path: Path) -> DayCalendar:
    """Read a calendar file; raises ConfigurationError naming file, line and field."""
    file = load_yaml(path, CalendarFile)
    return DayCalendar(
        holidays={d.day: d.name.to_name() for d in file.public_holidays},
        makeup_workdays={d.day: d.name.to_name() for d in file.makeup_workdays},
        events=tuple(DayEvent(e.day, e.kind, e.name.to_name(), e.start, e.end) for e in file.events),
    )


def calendar_path(city_folder: Path) -> Path | None:
    """The calendar file that city.yaml names, None where it names none.

    Raises ConfigurationError where city.yaml is wrong or the calendar is not there.
    """
    file, mistakes = read_yaml(city_folder / CITY_FILE, CityFile)
    if file is None:
        raise mistakes[0]
    if file.calendar is None:
        return None
    if file.calendar.endswith((".yaml", ".yml")):
        path = city_folder / file.calendar
    else:
        path = SHIPPED_CALENDARS / f"{file.calendar}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in SHIPPED_CALENDARS.glob("*.yaml")))
        problem = f"{file.calendar!r} is neither a .yaml file beside it nor a shipped calendar"
        raise ConfigurationError(str(city_folder / CITY_FILE), "calendar", problem, f"shipped: {names}")
    return path


def city_calendar(city_folder: Path) -> DayCalendar:
    """The calendar of a city folder; an empty one where city.yaml names none."""
    path = calendar_path(city_folder)
    return DayCalendar() if path is None else load_calendar(path)
