"""The form of a snapshot, field by field, and its JSON: what `/stream` and `/api/v1/latest` send."""

from __future__ import annotations

import msgspec


class Typical(msgspec.Struct, frozen=True, omit_defaults=True):
    """Typical band of the index, and typical speed and congested length where known."""

    p10: float | None
    p50: float | None
    p90: float | None
    speed_kmh: float | None = None
    congested_km: float | None = None


class Area(msgspec.Struct, frozen=True):
    """One city, district or corridor. `index` is the traffic performance index 0..10.

    `state` is starting, live, late, stale or low_coverage; with the last one the values are None. `coverage`
    is None where the area has no sensor.
    """

    id: str
    index: float | None
    tti: float | None
    level: int
    speed_kmh: float | None
    congested_km: float | None
    coverage: float | None
    window_start: str | None
    status: str | None
    state: str
    typical: Typical | None


class SegmentLevels(msgspec.Struct, frozen=True):
    """One value per segment in city order, little-endian bytes in base64; level 0 is no data."""

    order: str
    levels: str
    tti_centi: str
    coverage_pct: str


class PartitionLag(msgspec.Struct, frozen=True):
    """One partition of the stream; `lag_s` is how far processing is behind the present."""

    partition: int
    clock_at: str | None
    data_at: str | None
    watermark_at: str | None
    lag_s: float | None


class Lag(msgspec.Struct, frozen=True):
    """How far the stream is behind: the slowest partition, and each."""

    lag_s: float | None
    stream_silent_s: float
    problem: str
    partitions: list[PartitionLag]


class Feeds(msgspec.Struct, frozen=True):
    """Counts since the workers started, over all partitions."""

    accepted: int
    duplicate: int
    late: int
    refused: dict[str, int]
    refused_total: int
    accepted_per_minute: int | None


class Day(msgspec.Struct, frozen=True):
    """The city's local day: date, day type of its typical profile, offset from UTC."""

    date: str
    day_type: str
    utc_offset_s: int


class History(msgspec.Struct, frozen=True):
    """Whether history can be asked: building, ready or unavailable; share of building done, 0..1."""

    state: str
    share: float


class Snapshot(msgspec.Struct, frozen=True):
    """What `/stream` pushes about every second and `/api/v1/latest` answers."""

    id: int
    sent_at: str
    city_id: str
    synthetic: bool
    schematic: bool
    data_at: str | None
    data_age_s: float | None
    state: str
    period_s: int
    day: Day
    segments: SegmentLevels
    city: Area
    districts: list[Area]
    corridors: list[Area]
    feeds: Feeds
    lag: Lag
    history: History


_encoder = msgspec.json.Encoder()


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """JSON, NaN-free; encoded once per tick for every reader."""
    return _encoder.encode(snapshot)
