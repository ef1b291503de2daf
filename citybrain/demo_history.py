"""The demo city's history: eight weeks at five minutes, made once, by the same windows and indices as live.

Made for the time before the oldest five-minute window of the store, back to 56 days before the start, newest
day first. What lies between two runs is after the oldest window and stays a hole; a making that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import structlog

from models.area import Areas, areas_of
from models.city import City
from models.congestion import METHOD_VERSION
from models.demo_calendar import day_type
from models.demo_city import DEMO_SEED, demo_traffic
from models.errors import StoreUnavailable
from models.index_columns import Columns
from models.merge import AreaMerger
from models.partition_index import PartitionIndex
from models.synthetic_demand import EPOCH
from models.synthetic_sensors import SensorPlan, observations_of_grid, plan_sensors
from models.synthetic_traffic import DAY_S, TrafficPlan
from store.history import History
from store.typical import compute_typical
from streams.feeds.demo import backfill_start_s

HISTORY_DAYS = 56
WINDOW_S = 300
FOLD_AT_ONCE_S = 2 * 3600
"""Folding two hours at a time keeps the arrays in the processor's cache."""

TYPICAL_SHARE = 0.9
"""How much of the work is done when the typical days are computed."""

_OLDEST_SQL = """
    select count() as n, min(window_start) as oldest from area_indices
    where area_kind = 'city' and area_id = {city_id:String} and window_s = {window_s:UInt16}
"""
_TYPICAL_SQL = "select count() as n from typical where synthetic = 1"

_log = structlog.get_logger(__name__)


@dataclass
class DemoHistoryProgress:
    """How far the history is; written by the thread that makes it, read by anybody.

    `state`: building | ready | unavailable (the store cannot be reached, it is tried again) | stopped.
    `share`: 0..1. `rows`: written in this run.
    """

    state: str = "building"
    share: float = 0.0
    rows: int = 0


def make_demo_history(
    city: City,
    history: History,
    until_s: int,
    *,
    stop: threading.Event,
    progress: DemoHistoryProgress,
    seed: int = DEMO_SEED,
    hour_shift_h: float = 0.0,
    days: int = HISTORY_DAYS,
) -> None:
    """Make what is missing of the `days` before `until_s` (UTC epoch seconds) and compute the typical days.

    For a thread of its own: returns when done or when `stop` is set; waits while the store cannot be reached.
    StoreRejected passes through. `until_s` is where the live feed begins (`live_begins_s`); what is made
    ends at the five-minute boundary before it.
    """
    while not stop.is_set():
        try:
            _make_missing(city, history, until_s, stop, progress, seed, hour_shift_h, days)
        except StoreUnavailable as problem:
            progress.state = "unavailable"
            _log.warning("demo history waits for the store", problem=str(problem))
            stop.wait(problem.retry_after_s)
        else:
            break
    if stop.is_set() and progress.state != "ready":
        progress.state = "stopped"


def live_begins_s(city: City, history: History, now_s: float) -> int:
    """Where the live feed begins and the made history ends: minutes ago at the first start, later on now.

    UTC epoch seconds. From the second start on, the time since the last one is a hole and stays one.
    """
    found = history.query(_OLDEST_SQL, {"city_id": city.city_id, "window_s": WINDOW_S})
    return int(now_s) if int(found["n"][0]) else backfill_start_s(now_s)


def _make_missing(
    city: City,
    history: History,
    until_s: int,
    stop: threading.Event,
    progress: DemoHistoryProgress,
    seed: int,
    hour_shift_h: float,
    days: int,
) -> None:
    progress.state = "building"
    traffic, sensors = demo_traffic(city, seed, hour_shift_h), plan_sensors(city, seed)
    areas = areas_of(city)
    last_s = until_s // WINDOW_S * WINDOW_S
    first_s = last_s - days * DAY_S
    missing = list(_local_days(first_s, _end_of_missing(city, history, last_s), traffic.utc_offset_s))
    # The store writes one day while the next one is made.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="demo-history-write") as writer:
        written: Future[int] | None = None
        for number, (start_s, end_s) in enumerate(missing):
            if stop.is_set():
                break
            segments, area_rows = windows_between(city, areas, traffic, sensors, start_s, end_s)
            progress.rows += written.result() if written is not None else 0
            progress.share = TYPICAL_SHARE * number / len(missing)
            written = writer.submit(_write, history, segments, area_rows)
        progress.rows += written.result() if written is not None else 0
    if stop.is_set():
        return
    progress.share = TYPICAL_SHARE
    if missing or not int(history.query(_TYPICAL_SQL)["n"][0]):
        compute_typical(history, last_s, _day_types(first_s, last_s, traffic.utc_offset_s), city.timezone)
    progress.share = 1.0
    progress.state = "ready"


def _end_of_missing(city: City, history: History, last_s: int) -> int:
    """Where the part that has to be made ends: at the oldest window that is there."""
    found = history.query(_OLDEST_SQL, {"city_id": city.city_id, "window_s": WINDOW_S})
    return min(last_s, int(found["oldest"][0])) if int(found["n"][0]) else last_s


def _local_days(first_s: int, last_s: int, utc_offset_s: int) -> Iterator[tuple[int, int]]:
    """The local days between two times, newest first, each cut to what lies between."""
    if last_s <= first_s:
        return
    midnight_s = (first_s + utc_offset_s) // DAY_S * DAY_S + DAY_S - utc_offset_s
    cuts = [first_s, *range(midnight_s, last_s, DAY_S), last_s]
    yield from reversed(list(pairwise(cuts)))


def windows_between(
    city: City, areas: Areas, traffic: TrafficPlan, sensors: SensorPlan, start_s: int, end_s: int
) -> tuple[Columns, Columns]:
    """Final five-minute windows of [start_s, end_s): segment columns and area columns."""
    index = PartitionIndex(city, areas, window_lengths_s=(WINDOW_S,))
    observed = observations_of_grid(traffic, sensors, start_s, end_s, WINDOW_S)
    for from_s in range(start_s, end_s, FOLD_AT_ONCE_S):
        first, last = np.searchsorted(observed.start_ms, [from_s * 1000, (from_s + FOLD_AT_ONCE_S) * 1000])
        index.fold(observed.take(np.arange(first, last)))
    output = index.finish()
    merger = AreaMerger(areas, partitions=1)
    merger.take(0, output.partials, watermark_ms=end_s * 1000, clock_ms=end_s * 1000, data_ms=end_s * 1000)
    return output.segments, merger.finish()


def _write(history: History, segments: Columns, area_rows: Columns) -> int:
    """Insert one day; the areas come last: where they are, the segments are too."""
    rows = history.insert("segment_indices", _stored(segments, "segment_id"))
    return rows + history.insert("area_indices", _stored(area_rows, "area_id"))


def _stored(columns: Columns, key: str) -> Columns:
    rows = len(columns[key])
    marks: Columns = {
        "synthetic": np.ones(rows, dtype=np.uint8),
        "method_version": np.full(rows, METHOD_VERSION, dtype=np.uint16),
    }
    return {**columns, **marks}


def _day_types(first_s: int, last_s: int, utc_offset_s: int) -> dict[date, str]:
    first = (first_s + utc_offset_s) // DAY_S
    last = (last_s + utc_offset_s) // DAY_S
    dates = [EPOCH + timedelta(days=day) for day in range(first, last + 1)]
    return {day: day_type(day) for day in dates}
