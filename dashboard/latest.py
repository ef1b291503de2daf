"""The newest value of every place, folded from index records in whatever order they come.

A value replaces another of the same place when its window starts later, or the window is the same and
its version is larger; so the result does not depend on the order of partitions or of a replay.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.city import City
from models.index_columns import IndexRecord, Status, unpack_columns

PROVISIONAL_COVERAGE_RATIO = 0.8
"""A provisional area window is shown once it covers this share of what the published one covered:
its first seconds rest on a few sensors and would make the headline jump."""


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
    """Mutable; the hub owns one and folds into it under its lock."""

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
    published: dict[tuple[str, str], AreaValue] = field(default_factory=dict)
    provisional: dict[tuple[str, str], AreaValue] = field(default_factory=dict)
    partitions: dict[int, PartitionSight] = field(default_factory=dict)
    foreign_rows: int = 0
    order: str = field(init=False)

    def __post_init__(self) -> None:
        self.order = segment_order(self.city)
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
    """The window to show: the newest, except a provisional one that as yet rests on too little."""
    published = latest.published.get((kind, area_id))
    provisional = latest.provisional.get((kind, area_id))
    if provisional is None or published is None:
        return published or provisional
    newer = provisional.window_start > published.window_start
    enough = provisional.coverage >= PROVISIONAL_COVERAGE_RATIO * published.coverage
    return provisional if newer and enough else published


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
        kept = latest.provisional if value.status == Status.PROVISIONAL else latest.published
        known = kept.get(place)
        if known is None or (value.window_start, value.version) >= (known.window_start, known.version):
            kept[place] = value
            changed += 1
    return changed
