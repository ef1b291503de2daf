"""The state of the analyst page as its address holds it: a place, a range, a window, an order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

from dashboard.asking import (
    MAXIMUM_WINDOWS,
    WINDOWS_S,
    BadParameter,
    Question,
    checked_question,
    checked_time,
)
from dashboard.texts import known_language, text
from models.city import City

PRESETS_S = {"3h": 3 * 3600, "24h": 86400, "7d": 7 * 86400, "28d": 28 * 86400}
DEFAULT_PRESET = "24h"
WINDOWS = {str(seconds): seconds for seconds in WINDOWS_S}
SORTS = ("name", "level", "index", "speed", "delta", "coverage", "length")


@dataclass(frozen=True, slots=True)
class PlaceState:
    """What the address says. `start` and `end` are empty where a preset is meant.

    `wrong` has a sentence for each part of the address that was replaced by what can be shown.
    """

    kind: str
    place_id: str
    window_s: int
    preset: str
    start: str
    end: str
    sort: str
    descending: bool
    language: str
    wrong: tuple[str, ...] = ()

    def fits(self, window_s: int, now: datetime) -> bool:
        """Whether the range has no more windows of this length than one answer may have."""
        if not self.start:
            return PRESETS_S[self.preset] / window_s <= MAXIMUM_WINDOWS
        try:
            end = checked_time("end", self.end) if self.end else now
            span_s = (end - checked_time("start", self.start)).total_seconds()
        except BadParameter:
            return True  # what is wrong with it is told where it is asked
        return span_s / window_s <= MAXIMUM_WINDOWS

    def with_preset(self, preset: str) -> str:
        """The address with another range, and longer windows where these would be too many."""
        changed = replace(self, preset=preset, start="", end="")
        fitting = next(s for s in (self.window_s, *WINDOWS_S) if changed.fits(s, utc_now()))
        return changed.address(window_s=fitting)

    def question(self, city: City, now: datetime) -> Question:
        """What to ask of the history. Raises BadParameter."""
        end, start = self.end, self.start
        if not start:
            end = now.isoformat()
            start = (now - timedelta(seconds=PRESETS_S[self.preset])).isoformat()
        return checked_question(city, self.kind, self.place_id, self.window_s, start, end or None, now)

    def address(self, **changes: object) -> str:
        """The address of this state with some of it changed."""
        state = replace(self, **changes)  # type: ignore[arg-type]
        query = {"kind": state.kind, "id": state.place_id, "window": str(state.window_s)}
        query |= {"start": state.start, "end": state.end} if state.start else {"range": state.preset}
        if state.sort:
            query |= {"sort": state.sort, "order": "desc" if state.descending else "asc"}
        return f"/analyst?{urlencode({**query, 'lang': state.language})}"


def read_state(city: City, search: str, now: datetime | None = None) -> PlaceState:
    """The state in an address's query. What is absent is the default; what is unknown too, and is told."""
    query = {name: values[-1] for name, values in parse_qs(search.lstrip("?")).items()}
    language = known_language(query.get("lang"), "zh")
    wrong: list[str] = []

    def one_of(name: str, known: Collection[str], default: str) -> str:
        value = query.get(name, default)
        if value in known:
            return value
        shown = f"; {text('instead', language)} {default}" if default else ""
        wrong.append(f"{name}: {value!r} is not one of {', '.join(known)}{shown}")
        return default

    kind = query.get("kind", "city")
    state = PlaceState(
        kind=kind,
        place_id=query.get("id", city.city_id if kind == "city" else ""),
        window_s=WINDOWS[one_of("window", WINDOWS, "300")],
        preset=one_of("range", PRESETS_S, DEFAULT_PRESET),
        start=query.get("start", ""),
        end=query.get("end", ""),
        sort=one_of("sort", SORTS, "") if "sort" in query else "",
        descending=one_of("order", ("desc", "asc"), "desc") == "desc",
        language=language,
    )
    now = now or utc_now()
    if state.window_s == 60 and not state.fits(60, now) and state.fits(300, now):
        problem = f"a range of more than {MAXIMUM_WINDOWS:,} windows"
        wrong.append(f"window: 60 gives {problem}; {text('instead', language)} 300")
        state = replace(state, window_s=300)
    return replace(state, wrong=tuple(wrong))


def in_language(search: str, language: str) -> str:
    """The same query in another language."""
    query = {name: values[-1] for name, values in parse_qs(search.lstrip("?")).items()}
    return urlencode({**query, "lang": language})


def path_to(city: City, state: PlaceState) -> list[tuple[str, str]]:
    """The places from the city down to this one, as (kind, id)."""
    path = [("city", city.city_id)]
    if state.kind == "segment":
        position = city.segment_position.get(state.place_id)
        if position is None:
            raise BadParameter("id", f"{state.place_id!r} is no segment of {city.city_id}")
        path.append(("district", city.segments[position].district_id))
    if state.kind != "city":
        path.append((state.kind, state.place_id))
    return path


def utc_now() -> datetime:
    """The time that "last hours" count back from."""
    return datetime.now(UTC)
