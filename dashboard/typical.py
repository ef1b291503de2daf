"""Typical values for this time of this kind of day, refreshed from the history in the background.

The hub never waits for the history: it keeps the last answer, and an unreachable history leaves it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from dashboard.readers import Columns, DayTypeOf, Readers
from dashboard.series import epoch_seconds
from dashboard.snapshot import TypicalPlace
from dashboard.threads import nobody_to_tell, telling_thread
from models.city import City
from models.errors import CitybrainError

SLOT_S = 300
LOOK_BACK_DAYS = 28
REFRESH_S = 60.0

Place = tuple[str, str]
log = structlog.get_logger(__name__)


def slot_of(local: datetime) -> int:
    """The 5-minute slot 0..287 of a local time."""
    return (local.hour * 3600 + local.minute * 60 + local.second) // SLOT_S


def typical_places(readers: Readers, day_type: str, slot: int) -> dict[Place, TypicalPlace]:
    """Typical index and speed of every area at a slot."""
    places: dict[Place, TypicalPlace] = {}
    for kind in ("city", "district", "corridor"):
        columns = readers.typical_at(kind, day_type, slot)
        for i, area_id in enumerate(columns["area_id"]):
            p10, p50, p90, speed = (
                _finite(columns[name][i]) for name in ("tpi_p10", "tpi_p50", "tpi_p90", "speed_p50")
            )
            places[(kind, str(area_id))] = TypicalPlace(p10, p50, p90, speed)
    return places


def typical_congested_km(history: Columns, timezone: ZoneInfo, day_type_of: DayTypeOf) -> dict[Place, float]:
    """Median congested length per (day type, slot) of one area's 5-minute windows."""
    found: dict[Place, list[float]] = {}
    for start_s, length_km in zip(epoch_seconds(history), history["congested_km"], strict=True):
        local = datetime.fromtimestamp(int(start_s), timezone)
        if np.isfinite(length_km):
            found.setdefault((day_type_of(local.date()), str(slot_of(local))), []).append(float(length_km))
    return {place: float(np.median(lengths)) for place, lengths in found.items()}


class TypicalRefresher:
    """A thread that gives `publish` new typical values every minute.

    `on_failure` is called when it ends by an error that nobody expected.
    """

    def __init__(
        self,
        city: City,
        readers: Readers,
        day_type_of: DayTypeOf,
        publish: Callable[[dict[Place, TypicalPlace]], None],
        now: Callable[[], datetime],
        *,
        on_failure: Callable[[], None] = nobody_to_tell,
    ) -> None:
        self._city, self._readers, self._day_type_of = city, readers, day_type_of
        self._publish, self._now = publish, now
        self._timezone = ZoneInfo(city.timezone)
        self._congested_km: dict[Place, float] = {}
        self._congested_of: object = None
        self._stopping = threading.Event()
        self._thread = telling_thread("typical", self._run, on_failure)

    def start(self) -> None:
        """Begin; the first refresh happens at once."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Ask the thread to end; a query under way is not waited for longer than `timeout_s`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def refresh(self) -> None:
        """One round. Raises CitybrainError when the history cannot answer."""
        local = self._now().astimezone(self._timezone)
        day_type, slot = self._day_type_of(local.date()), slot_of(local)
        places = typical_places(self._readers, day_type, slot)
        self._refresh_congested_km(local)
        city = ("city", self._city.city_id)
        length_km = self._congested_km.get((day_type, str(slot)))
        if city in places and length_km is not None:
            known = places[city]
            places[city] = TypicalPlace(known.p10, known.p50, known.p90, known.speed_kmh, length_km)
        self._publish(places)

    def _refresh_congested_km(self, local: datetime) -> None:
        """Once an hour is enough for a median over four weeks; until there is some, every round."""
        if self._congested_km and self._congested_of == (local.date(), local.hour):
            return
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight - timedelta(days=LOOK_BACK_DAYS)
        history = self._readers.area_history("city", self._city.city_id, SLOT_S, start, midnight)
        self._congested_km = typical_congested_km(history, self._timezone, self._day_type_of)
        self._congested_of = (local.date(), local.hour)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.refresh()
            except CitybrainError as error:  # StoreRejected too: tables may be on their way
                log.warning("typical_values_not_refreshed", problem=str(error))
            self._stopping.wait(REFRESH_S)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
