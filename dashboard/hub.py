"""The live hub: reads `indices` and `area-indices`, keeps the newest value of every place, ticks.

Two threads: one follows Kafka, one builds and encodes a snapshot when `dashboard.rhythm` says that it is due,
so that a broker that does not answer delays no tick. It knows addresses only as arguments and never waits
for the history.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog

from dashboard.fanout import Tick
from dashboard.follow import follow
from dashboard.index_records import ForeignRecord, read_index_record
from dashboard.latest import LatestValues, fold
from dashboard.metrics import WebMetrics
from dashboard.observation_rate import ObservationRate
from dashboard.rhythm import Rhythm
from dashboard.snapshot import FRESH_PERIODS, Surroundings, TypicalPlace, areas_now, build_snapshot
from dashboard.snapshot_form import Area, Snapshot, encode_snapshot
from dashboard.threads import nobody_to_tell, telling_thread
from models.city import City

TOPICS = ("indices", "area-indices")

log = structlog.get_logger(__name__)


class Hub:
    """`consumer` is what kafka-python's consumer needs, `bootstrap_servers` first of all.

    None reads no broker: records are then handed to `take` by the caller. `on_failure` is called, in the
    failing thread, when one of the two ends by an error that nobody expected.
    """

    def __init__(
        self,
        city: City,
        consumer: Mapping[str, Any] | None,
        *,
        day_type_of: Callable[[date], str],
        segment_window_s: int = 60,
        area_window_s: int = 60,
        topics: tuple[str, ...] = TOPICS,
        metrics: WebMetrics | None = None,
        now_ms: Callable[[], int] | None = None,
        on_failure: Callable[[], None] = nobody_to_tell,
    ) -> None:
        self.city = city
        self._consumer, self._topics = consumer, topics
        self._day_type_of, self._metrics = day_type_of, metrics
        self._on_failure = on_failure
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self._timezone = ZoneInfo(city.timezone)
        self._latest = LatestValues(city, segment_window_s, area_window_s)
        self._lock = threading.Lock()
        self._told = threading.Condition(self._lock)
        self._rhythm = Rhythm()
        self._typical: Mapping[tuple[str, str], TypicalPlace] = {}
        self._history = ("unavailable", 0.0)
        self._problem = ""
        self._record_problem = ""
        self._heard_at = time.monotonic()
        self._rate = ObservationRate()
        self._listeners: list[Callable[[Tick], None]] = []
        self._next_id = self._now_ms() // 1000
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.snapshot: Snapshot | None = None
        self.newest: Tick | None = None

    def start(self) -> None:
        """Begin to follow the topics and to tick."""
        runs = [("hub-tick", self._run_ticks)]
        if self._consumer is not None:
            runs.append(("hub-follow", self._run_follow))
        for name, run in runs:
            thread = telling_thread(name, run, self._on_failure)
            self._threads.append(thread)
            thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End both threads."""
        self._stopping.set()
        with self._told:
            self._told.notify_all()
        for thread in self._threads:
            thread.join(timeout_s)

    def listen(self, listener: Callable[[Tick], None]) -> None:
        """Call `listener` with every tick; it must return at once."""
        self._listeners.append(listener)

    def set_typical(self, typical: Mapping[tuple[str, str], TypicalPlace]) -> None:
        """New typical values by (kind, area id), shown from the next tick on."""
        self._typical = typical

    def set_history(self, state: str, share: float) -> None:
        """building, ready or unavailable; the share of building done, 0..1."""
        self._history = (state, share)

    def take(self, payload: bytes | None) -> int:
        """Fold one record of the topics; returns how many places changed. Foreign ones are counted."""
        try:
            record = read_index_record(payload, self.city.city_id)
        except (msgspec.MsgspecError, ForeignRecord) as error:
            self._skip(error, len(payload or b""))
            return 0
        with self._told:
            changed = fold(self._latest, record)
            self._heard_at = time.monotonic()
            self._rhythm.heard(record, self._heard_at)
            self._told.notify_all()
        return changed

    def areas(self, kind: str) -> list[Area]:
        """Every city, district or corridor as it is now; the snapshot has only the worst corridors."""
        with self._lock:
            return areas_now(self._latest, self._typical, kind, self._now_ms())

    def tick(self) -> Tick:
        """Build, encode and hand out one snapshot."""
        started = time.perf_counter()
        now_ms = self._now_ms()
        day_type = self._day_type_of(
            datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self._timezone).date()
        )
        with self._lock:
            around = Surroundings(
                typical=self._typical,
                day_type=day_type,
                history_state=self._history[0],
                history_share=self._history[1],
                stream_silent_s=time.monotonic() - self._heard_at,
                stream_problem=self._problem,
                accepted_per_minute=self._accepted_per_minute(now_ms),
            )
            self._next_id += 1
            self._rhythm.ticked(time.monotonic())
            snapshot = build_snapshot(self._latest, around, now_ms, self._next_id)
        tick = Tick(snapshot.id, encode_snapshot(snapshot))
        self.snapshot, self.newest = snapshot, tick
        for listener in self._listeners:
            listener(tick)
        if self._metrics:
            self._metrics.observe_tick(snapshot, len(tick.payload), time.perf_counter() - started)
        return tick

    def _skip(self, error: Exception, size_bytes: int) -> None:
        """Count a record; the log has one line per problem, for whoever writes such records goes on."""
        if self._metrics:
            foreign = isinstance(error, ForeignRecord)
            (self._metrics.foreign_records if foreign else self._metrics.undecodable_records).inc()
        if str(error) != self._record_problem:
            self._record_problem = str(error)
            log.warning("index_record_skipped", problem=str(error), bytes=size_bytes)

    def _accepted_per_minute(self, now_ms: int) -> int | None:
        """Accepted observations in the last minute; None until one without the lead-in has passed."""
        sights = self._latest.partitions.values()
        accepted = sum(sight.counts.get("accepted", 0) for sight in sights)
        age_ms = now_ms - max((sight.data_ms for sight in sights), default=0)
        present = age_ms <= FRESH_PERIODS * max(self.city.expected_period_s, 1) * 1000
        return self._rate.read(time.monotonic(), accepted, present=present)

    def _run_ticks(self) -> None:
        while self._wait_until_due():
            self.tick()

    def _wait_until_due(self) -> bool:
        """Returns when a snapshot is due, or False when the hub stops."""
        with self._told:
            while not self._stopping.is_set():
                left_s = self._rhythm.due_s() - time.monotonic()
                if left_s <= 0:
                    return True
                self._told.wait(left_s)
        return False

    def _run_follow(self) -> None:
        assert self._consumer is not None
        follow(self._consumer, self._topics, self.take, self._set_problem, self._stopping)

    def _set_problem(self, problem: str) -> None:
        if problem and problem != self._problem:
            log.warning("stream_not_readable", problem=problem)
        self._problem = problem
