"""What a page or the API may ask of the history: a place, a range, a window; and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from models.city import City, Name

KINDS = ("city", "district", "corridor", "segment")
WINDOWS_S = (60, 300)
MAXIMUM_WINDOWS = 20_000
"""About 14 days of minutes or 69 days of five minutes in one answer."""


class BadParameter(Exception):
    """A parameter of a request is wrong; `parameter` is its name as the caller wrote it."""

    def __init__(self, parameter: str, problem: str) -> None:
        self.parameter, self.problem = parameter, problem
        super().__init__(f"{parameter}: {problem}")


@dataclass(frozen=True, slots=True)
class Question:
    """One place over one half-open range of time."""

    kind: str
    place_id: str
    window_s: int
    start: datetime
    end: datetime


def checked_question(
    city: City, kind: str, place_id: str, window_s: int, start: str | None, end: str | None, now: datetime
) -> Question:
    """The question, or BadParameter. Without `end`: now; without `start`: 24 hours before the end."""
    place_name(city, kind, place_id)
    if window_s not in WINDOWS_S:
        raise BadParameter("window_s", f"{window_s} is not one of {', '.join(map(str, WINDOWS_S))}")
    until = checked_time("end", end) if end else now
    since = checked_time("start", start) if start else until - timedelta(hours=24)
    if since >= until:
        raise BadParameter("start", "is not before end")
    if (until - since).total_seconds() / window_s > MAXIMUM_WINDOWS:
        raise BadParameter("start", f"asks for more than {MAXIMUM_WINDOWS} windows; use a shorter range")
    return Question(kind, place_id, window_s, since, until)


def checked_time(parameter: str, value: str) -> datetime:
    """An ISO 8601 time with its zone, as UTC; a space for `+` (an unescaped URL) is understood."""
    try:
        moment = datetime.fromisoformat(value.strip().replace(" ", "+"))
    except ValueError:
        raise BadParameter(parameter, f"{value!r} is no ISO 8601 time such as 2026-03-01T00:00:00Z") from None
    if moment.tzinfo is None:
        raise BadParameter(parameter, f"{value!r} has no time zone (append Z for UTC)")
    if not 1971 <= moment.year <= 2100:
        raise BadParameter(parameter, f"{value!r} is out of range")
    return moment.astimezone(UTC)


def place_name(city: City, kind: str, place_id: str) -> Name:
    """The name of a place; BadParameter for an unknown kind or id."""
    if kind not in KINDS:
        raise BadParameter("kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    if kind == "city" and place_id == city.city_id:
        return city.name
    if kind == "segment" and place_id in city.segment_position:
        return city.segments[city.segment_position[place_id]].name
    for district in city.districts if kind == "district" else ():
        if district.district_id == place_id:
            return district.name
    for corridor in city.corridors if kind == "corridor" else ():
        if corridor.corridor_id == place_id:
            return corridor.name
    raise BadParameter("id", f"{place_id!r} is no {kind} of {city.city_id}")


def problem_json(parameter: str, problem: str) -> bytes:
    """The body of a 400 answer."""
    return msgspec.json.encode({"error": {"parameter": parameter, "problem": problem}})
