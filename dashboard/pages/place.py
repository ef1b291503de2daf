"""The state of the analyst page as its address holds it: a place, a range, a window, an order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

from dashboard.asking import BadParameter, Question, checked_question
from dashboard.texts import known_language
from models.city import City

PRESETS_S = {"3h": 3 * 3600, "24h": 86400, "7d": 7 * 86400, "28d": 28 * 86400}
DEFAULT_PRESET = "24h"
SORTS = ("name", "level", "index", "speed", "delta", "coverage", "length")


@dataclass(frozen=True, slots=True)
class PlaceState:
    """What the address says. `start` and `end` are empty where a preset is meant."""

    kind: str
    place_id: str
    window_s: int
    preset: str
    start: str
    end: str
    sort: str
    descending: bool
    language: str

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


def read_state(city: City, search: str) -> PlaceState:
    """The state in an address's query; what is absent or unknown becomes the default."""
    query = {name: values[-1] for name, values in parse_qs(search.lstrip("?")).items()}
    preset = query.get("range", DEFAULT_PRESET)
    preset = preset if preset in PRESETS_S else DEFAULT_PRESET
    window = query.get("window", "300")
    kind = query.get("kind", "city")
    return PlaceState(
        kind=kind,
        place_id=query.get("id", city.city_id if kind == "city" else ""),
        window_s=int(window) if window in ("60", "300") else 300,
        preset=preset,
        start=query.get("start", ""),
        end=query.get("end", ""),
        sort=query.get("sort", "") if query.get("sort") in SORTS else "",
        descending=query.get("order", "desc") != "asc",
        language=known_language(query.get("lang"), "zh"),
    )


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
