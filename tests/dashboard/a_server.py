"""A running web server over a small city, fed by the test itself."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from prometheus_client import CollectorRegistry

from dashboard.hub import Hub
from dashboard.metrics import WebMetrics
from dashboard.readers import AuditedRange, Columns, Readers, StoreHealth
from dashboard.server import WebServer, create_app
from models.city import City
from models.index_columns import AREA_DTYPES, SEGMENT_DTYPES, Status
from tests.dashboard.a_picture import (
    a_city,
    area_record,
    encoded,
    every_area,
    every_day_a_workday,
    segment_record,
)

SLOTS = np.arange(288)


@dataclass
class SteadyHistory:
    """Readers that compute their answer: an index that follows the hour, with a hole at 03:00 UTC.

    `closed` holds every question back until it is set, as a slow store would.
    """

    city: City
    open: threading.Event = field(default_factory=threading.Event)
    health_questions: int = 0

    def __post_init__(self) -> None:
        self.open.set()

    def area_history(self, kind: str, area_id: str, window_s: int, start: datetime, end: datetime) -> Columns:
        at, index = self._series(window_s, start, end)
        columns = {name: np.zeros(len(at)) for name, dtype in AREA_DTYPES.items() if dtype != "str"}
        return {
            **columns,
            "window_start": at,
            "status": np.full(len(at), int(Status.FINAL)),
            "traffic_performance_index": index,
            "travel_time_index": 1 + index / 5,
            "congested_km": index * 2,
            "speed_kmh": 60 - 4 * index,
            "coverage": np.full(len(at), 0.95),
        }

    def segment_history(self, segment_id: str, window_s: int, start: datetime, end: datetime) -> Columns:
        at, index = self._series(window_s, start, end)
        columns = {name: np.zeros(len(at)) for name, dtype in SEGMENT_DTYPES.items() if dtype != "str"}
        known = {"window_start": at, "travel_time_index": 1 + index / 5, "status": np.full(len(at), 3)}
        return {**columns, **known, "coverage": np.ones(len(at)), "speed_kmh": 60 / (1 + index / 5)}

    def typical_profile(self, kind: str, area_id: str, day_type: str) -> Columns:
        self.open.wait()
        index = _index_of_hour(SLOTS / 12)
        band = {"p10": index - 0.5, "p50": index, "p90": index + 0.5}
        tpi = {f"tpi_{name}": values for name, values in band.items()}
        tti = {f"tti_{name}": 1 + values / 5 for name, values in band.items()}
        return {"slot": SLOTS, **tpi, **tti, "speed_p50": 60 - 4 * index}

    def typical_at(self, kind: str, day_type: str, slot: int) -> Columns:
        profile = self.typical_profile(kind, "", day_type)
        ids = {
            "city": [self.city.city_id],
            "district": [d.district_id for d in self.city.districts],
            "corridor": [c.corridor_id for c in self.city.corridors],
            "segment": [s.segment_id for s in self.city.segments],
        }[kind]
        same = {name: np.repeat(values[slot], len(ids)) for name, values in profile.items()}
        return {"area_id": ids, **same}

    def alerts(self, start: datetime, end: datetime, limit: int) -> Columns:
        """One event a minute."""
        self.open.wait()
        first = -(-int(start.timestamp()) // 60) * 60
        at = np.arange(first, int(end.timestamp()), 60)[::-1][:limit]
        return {
            "alert_id": [f"a{moment}" for moment in at],
            "kind": ["incident"] * len(at),
            "severity": np.full(len(at), 2, dtype=np.uint8),
            "at": at,
        }

    def store_health(self) -> StoreHealth:
        self.health_questions += 1
        self.open.wait()
        audited = (AuditedRange("observations.traffic/0", 40, 100, 900),)
        return StoreHealth("chDB", "26.9", 5e9, 1e10, "ok", {"area_indices": 12}, (), audited)

    def _series(self, window_s: int, start: datetime, end: datetime) -> tuple[np.ndarray, np.ndarray]:
        self.open.wait()
        first = -(-int(start.timestamp()) // window_s) * window_s
        at = np.arange(first, int(end.timestamp()), window_s)
        hour = at % 86_400 / 3600
        kept = (hour < 3) | (hour >= 4)
        return at[kept], _index_of_hour((hour[kept] + 8) % 24)


def _index_of_hour(hour: np.ndarray) -> np.ndarray:
    return np.asarray(1 + 4 * np.exp(-(((hour - 8) / 1.5) ** 2)) + 5 * np.exp(-(((hour - 18) / 1.5) ** 2)))


@dataclass
class Site:
    """A hub and, while it runs, its server. `feed` is one tick of the stream."""

    city: City
    hub: Hub
    readers: Readers
    metrics: WebMetrics
    server: WebServer | None = None
    versions: Iterator[int] = field(default_factory=lambda: itertools.count(5, 4))

    @property
    def address(self) -> str:
        assert self.server is not None
        return self.server.address

    def feed(self, travel_time_index: float = 2.2, index: float = 4.2, *, age_s: float = 5.0) -> None:
        """Records as the stream would send them now, with data `age_s` old."""
        now = time.time()
        window, version = int(now - age_s) // 60 * 60, next(self.versions)
        areas = area_record(self.city, every_area(self.city, index), window_start=window, version=version)
        segments = segment_record(
            self.city,
            travel_time_index,
            window_start=window,
            version=version,
            clock_s=now,
            data_s=now - age_s,
            counts={"accepted": int(now) % 100_000 * 10, "out_of_range": 2},
        )
        for payload in encoded(segments, areas):
            self.hub.take(payload)

    def start(self, port: int = 0) -> None:
        """Serve on a free port, or on the one of before."""
        web = create_app(
            self.city, self.hub, self.readers, day_type_of=every_day_a_workday, metrics=self.metrics
        )
        self.server = WebServer(web, "127.0.0.1", port)
        self.server.start()

    def stop(self) -> None:
        """End the server; the hub goes on."""
        if self.server is not None:
            self.server.stop()
            self.server = None


def a_site(city: City | None = None, readers: Readers | None = None) -> Site:
    """A site that is not serving yet and whose hub does not tick yet."""
    city = city or a_city()
    metrics = WebMetrics(CollectorRegistry())
    hub = Hub(city, None, day_type_of=every_day_a_workday, metrics=metrics)
    hub.set_history("ready", 1.0)
    return Site(city, hub, readers or SteadyHistory(city), metrics)


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site with its hub ticking and its server up."""
    site.hub.start()
    site.start()
    try:
        yield site
    finally:
        if isinstance(site.readers, SteadyHistory):
            site.readers.open.set()
        site.stop()
        site.hub.stop()


@contextmanager
def fed(site: Site, every_s: float = 0.5) -> Iterator[Site]:
    """The site fed in the background, as a running stream would."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(every_s):
            site.feed()

    site.feed()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        stopping.set()
        thread.join()
