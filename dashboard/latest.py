"""The newest value of every place, folded from index records in whatever order they come.

A value replaces another of the same place when its window starts later, or the window is the same and
its version is larger; so the result does not depend on the order of partitions or of a replay.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.city import City
from models.index_columns import IndexRecord, unpack_columns

SUCCEEDING_COVERAGE_RATIO = 0.8
"""An area window, provisional or published, is shown once it covers this share of what the window before
it covered (P): its first seconds rest on a few sensors and would make the headline jump."""

HELD_WINDOWS = 3
"""So many windows at most an area's window is held back for covering less than the one before it (P):
what stays away for longer is really away."""


@dataclass(frozen=True, slots=True)
class AreaValue:
    """One published or provisional window of a city, district or corridor; NaN where not measured."""

    window_s: int
    window_start: int
    status: int
    version: int
    travel_time_index: float
    traffic_performance_index: float
    level: int
    speed_kmh: float
    congested_km: float
    coverage: float


@dataclass(frozen=True, slots=True)
class PartitionSight:
    """What one partition last said about itself; times are UTC milliseconds."""

    clock_ms: int
    data_ms: int
    watermark_ms: int
    counts: dict[str, int]
    log_id: str


@dataclass(slots=True)
class LatestValues:
    """Mutable; the hub owns one and folds into it under its lock.

    `areas` has the last windows of every place, newest first. `instrumented` are the places that have a
    sensor at all: coverage says something of these only.
    """

    city: City
    segment_window_s: int = 60
    area_window_s: int = 60
    window_start: npt.NDArray[np.int64] = field(init=False)
    version: npt.NDArray[np.uint64] = field(init=False)
    level: npt.NDArray[np.uint8] = field(init=False)
    travel_time_index: npt.NDArray[np.float64] = field(init=False)
    coverage: npt.NDArray[np.float64] = field(init=False)
    speed_kmh: npt.NDArray[np.float64] = field(init=False)
    status: npt.NDArray[np.uint8] = field(init=False)
    areas: dict[tuple[str, str], tuple[AreaValue, ...]] = field(default_factory=dict)
    partitions: dict[int, PartitionSight] = field(default_factory=dict)
    foreign_rows: int = 0
    order: str = field(init=False)
    instrumented: frozenset[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.order = segment_order(self.city)
        self.instrumented = _instrumented_places(self.city)
        count = len(self.city.segments)
        self.window_start = np.full(count, -1, dtype=np.int64)
        self.version = np.zeros(count, dtype=np.uint64)
        self.level = np.zeros(count, dtype=np.uint8)
        self.travel_time_index = np.full(count, np.nan)
        self.coverage = np.zeros(count)
        self.speed_kmh = np.full(count, np.nan)
        self.status = np.zeros(count, dtype=np.uint8)


def segment_order(city: City) -> str:
    """A short hash of the segments and their order: a page that drew another order must fetch again."""
    joined = "\n".join(segment.segment_id for segment in city.segments)
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def fold(latest: LatestValues, record: IndexRecord) -> int:
    """Take what is newer from one record; returns how many places changed.

    Rows of unknown places or of another city are counted in `foreign_rows` and otherwise ignored; rows
    of other window lengths are for the history, not for the picture of now.
    """
    if record.city_id != latest.city.city_id:
        latest.foreign_rows += record.rows
        return 0
    if record.kind == "segment":
        _sight_partition(latest, record)
        return _fold_segments(latest, record) if record.rows else 0
    return _fold_areas(latest, record) if record.rows else 0


def shown_area(latest: LatestValues, kind: str, area_id: str) -> AreaValue | None:
    """The window to show: the newest, except one that as yet covers far less than the one before it."""
    windows = latest.areas.get((kind, area_id), ())
    for value, before in pairwise(windows):
        apart_s = value.window_start - before.window_start
        if apart_s > HELD_WINDOWS * value.window_s or not _covers_far_less(value, before):
            return value
    return windows[-1] if windows else None


def newest_window_end_s(latest: LatestValues) -> int | None:
    """Where the newest window of any place ends, UTC epoch seconds; None without any."""
    ends = [windows[0].window_start + windows[0].window_s for windows in latest.areas.values()]
    if len(latest.window_start) and latest.window_start.max() >= 0:
        ends.append(int(latest.window_start.max()) + latest.segment_window_s)
    return max(ends, default=None)


def _covers_far_less(value: AreaValue, before: AreaValue) -> bool:
    return value.coverage < SUCCEEDING_COVERAGE_RATIO * before.coverage


def _instrumented_places(city: City) -> frozenset[tuple[str, str]]:
    with_sensor = {city.segments[i].segment_id for i in np.flatnonzero(city.instrumented).tolist()}
    places = {("district", s.district_id) for s in city.segments if s.segment_id in with_sensor}
    places |= {("corridor", c.corridor_id) for c in city.corridors if with_sensor & set(c.segment_ids)}
    return frozenset(places | ({("city", city.city_id)} if with_sensor else set()))


def _sight_partition(latest: LatestValues, record: IndexRecord) -> None:
    known = latest.partitions.get(record.partition)
    if known is None or known.log_id != record.log_id or record.clock_ms >= known.clock_ms:
        latest.partitions[record.partition] = PartitionSight(
            record.clock_ms, record.data_ms, record.watermark_ms, dict(record.counts), record.log_id
        )


def _fold_segments(latest: LatestValues, record: IndexRecord) -> int:
    columns = unpack_columns(record)
    position_of = latest.city.segment_position
    position = np.array([position_of.get(name, -1) for name in columns["segment_id"]], dtype=np.int64)
    latest.foreign_rows += int((position < 0).sum())
    start = np.asarray(columns["window_start"]).astype(np.int64)
    version = np.asarray(columns["version"]).astype(np.uint64)
    wanted = np.flatnonzero((position >= 0) & (np.asarray(columns["window_s"]) == latest.segment_window_s))
    wanted = wanted[np.lexsort((version[wanted], start[wanted], position[wanted]))]
    last_of_place = np.append(position[wanted][1:] != position[wanted][:-1], True)[: len(wanted)]
    wanted = wanted[last_of_place]
    place = position[wanted]
    newer = (start[wanted] > latest.window_start[place]) | (
        (start[wanted] == latest.window_start[place]) & (version[wanted] >= latest.version[place])
    )
    wanted, place = wanted[newer], place[newer]
    latest.window_start[place] = start[wanted]
    latest.version[place] = version[wanted]
    for name in ("level", "travel_time_index", "coverage", "speed_kmh", "status"):
        getattr(latest, name)[place] = np.asarray(columns[name])[wanted]
    return len(place)


def _fold_areas(latest: LatestValues, record: IndexRecord) -> int:
    columns = unpack_columns(record)
    changed = 0
    for i in np.flatnonzero(np.asarray(columns["window_s"]) == latest.area_window_s).tolist():
        place = (str(columns["area_kind"][i]), str(columns["area_id"][i]))
        value = AreaValue(
            window_s=int(columns["window_s"][i]),
            window_start=int(columns["window_start"][i]),
            status=int(columns["status"][i]),
            version=int(columns["version"][i]),
            travel_time_index=float(columns["travel_time_index"][i]),
            traffic_performance_index=float(columns["traffic_performance_index"][i]),
            level=int(columns["level"][i]),
            speed_kmh=float(columns["speed_kmh"][i]),
            congested_km=float(columns["congested_km"][i]),
            coverage=float(columns["coverage"][i]),
        )
        changed += _keep(latest, place, value)
    return changed


def _keep(latest: LatestValues, place: tuple[str, str], value: AreaValue) -> bool:
    """Put a window among the last ones of its place; False where a newer version or window is known."""
    windows = {known.window_start: known for known in latest.areas.get(place, ())}
    known = windows.get(value.window_start)
    if known is not None and value.version < known.version:
        return False
    windows[value.window_start] = value
    latest.areas[place] = tuple(windows[start] for start in sorted(windows, reverse=True)[: HELD_WINDOWS + 1])
    return value in latest.areas[place]
