"""The picture of now: one immutable snapshot per tick, built from the newest values and the time.

Pure: the time is an argument, nothing is read. Ages are judged against the expected period T of the
data: fresh up to 2 T, late up to 5 T, then stale. What is stale is shown as no data, never as normal.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.latest import AreaValue, LatestValues, newest_window_end_s, shown_area
from dashboard.snapshot_form import (
    Area,
    Day,
    Feeds,
    History,
    Lag,
    PartitionLag,
    SegmentLevels,
    Snapshot,
    Typical,
)
from models.index_columns import Status

FRESH_PERIODS = 2
STALE_PERIODS = 5
SILENT_STREAM_S = 15.0
"""Index records come every second: after this long without any, the stream itself is down."""

SHOWN_COVERAGE = 0.30
"""The index of an area that covers less is not shown (P): it would be that of a few roads."""

SURE_COVERAGE = 0.60
"""The index of an area that covers less is shown as approximate, with `~` and its coverage (P)."""

MAXIMUM_CORRIDORS = 8
"""The worst ones; the analyst page shows all. A snapshot stays small however large the city is."""


@dataclass(frozen=True, slots=True)
class TypicalPlace:
    """Typical values of one place at this time of this kind of day; None where unknown."""

    p10: float | None
    p50: float | None
    p90: float | None
    speed_kmh: float | None = None
    congested_km: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the snapshot shows beside the stream's own values."""

    typical: Mapping[tuple[str, str], TypicalPlace]
    day_type: str
    history_state: str
    history_share: float
    stream_silent_s: float
    stream_problem: str
    accepted_per_minute: int | None


def freshness(age_s: float, period_s: float) -> str:
    """live up to 2 periods, late up to 5, then stale."""
    if age_s <= FRESH_PERIODS * period_s:
        return "live"
    return "late" if age_s <= STALE_PERIODS * period_s else "stale"


def build_snapshot(latest: LatestValues, around: Surroundings, now_ms: int, snapshot_id: int) -> Snapshot:
    """The snapshot of the moment `now_ms` (UTC milliseconds)."""
    city = latest.city
    sights = latest.partitions.values()
    data_ms = max((sight.data_ms for sight in sights), default=0) or _windows_ms(latest, now_ms)
    data_age_s = (now_ms - data_ms) / 1000 if data_ms > 0 else None
    period_s = max(city.expected_period_s, 1)
    corridors = areas_now(latest, around.typical, "corridor", now_ms)
    corridors.sort(key=_worst_first)
    return Snapshot(
        id=snapshot_id,
        sent_at=_iso(now_ms) or "",
        city_id=city.city_id,
        synthetic=city.synthetic,
        schematic=city.schematic,
        data_at=_iso(data_ms),
        data_age_s=None if data_age_s is None else round(data_age_s, 1),
        state=_state(data_age_s, period_s, around),
        period_s=period_s,
        day=_day(city.timezone, around.day_type, now_ms),
        segments=_segments(latest, now_ms),
        city=areas_now(latest, around.typical, "city", now_ms)[0],
        districts=areas_now(latest, around.typical, "district", now_ms),
        corridors=corridors[:MAXIMUM_CORRIDORS],
        feeds=_feeds(latest, around),
        lag=_lag(latest, around, now_ms),
        history=History(around.history_state, round(around.history_share, 3)),
    )


def _windows_ms(latest: LatestValues, now_ms: int) -> int:
    """How new the values are where no partition says it: after a crash old windows are there first."""
    end_s = newest_window_end_s(latest)
    return 0 if end_s is None else min(end_s * 1000, now_ms)


def _state(data_age_s: float | None, period_s: float, around: Surroundings) -> str:
    if data_age_s is None:
        return "starting"
    if around.stream_silent_s > SILENT_STREAM_S:
        return "down"
    return freshness(data_age_s, period_s)


def _segments(latest: LatestValues, now_ms: int) -> SegmentLevels:
    period_s = max(latest.city.expected_period_s, latest.segment_window_s)
    age_s = now_ms / 1000 - (latest.window_start + latest.segment_window_s)
    usable = (latest.window_start >= 0) & (age_s <= STALE_PERIODS * period_s)
    known = usable & np.isfinite(latest.travel_time_index)
    centi = np.where(known, np.minimum(np.nan_to_num(latest.travel_time_index) * 100 + 0.5, 65_535), 0)
    percent = np.where(usable, np.clip(np.nan_to_num(latest.coverage), 0, 1) * 100 + 0.5, 0)
    return SegmentLevels(
        order=latest.order,
        levels=_base64(np.where(usable, latest.level, 0).astype("<u1")),
        tti_centi=_base64(centi.astype("<u2")),
        coverage_pct=_base64(percent.astype("<u1")),
    )


def areas_now(
    latest: LatestValues, typical: Mapping[tuple[str, str], TypicalPlace], kind: str, now_ms: int
) -> list[Area]:
    """Every place of a kind (city, district, corridor) as it is now, in the order of the city folder."""
    ids = {
        "city": [latest.city.city_id],
        "district": [district.district_id for district in latest.city.districts],
        "corridor": [corridor.corridor_id for corridor in latest.city.corridors],
    }[kind]
    return [_area(latest, typical.get((kind, area_id)), kind, area_id, now_ms) for area_id in ids]


def _area(latest: LatestValues, usual: TypicalPlace | None, kind: str, area_id: str, now_ms: int) -> Area:
    typical = _typical(usual, with_speed=kind == "city")
    value = shown_area(latest, kind, area_id)
    if value is None:
        return Area(area_id, None, None, 0, None, None, None, None, None, "starting", typical)
    state, instrumented = _area_state(latest, value, now_ms), (kind, area_id) in latest.instrumented
    unknown = instrumented and not value.coverage >= SHOWN_COVERAGE
    if unknown and state != "stale":
        state = "low_coverage"
    return Area(
        id=area_id,
        index=None if unknown else _rounded(value.traffic_performance_index, 2),
        tti=None if unknown else _rounded(value.travel_time_index, 3),
        level=0 if unknown or state == "stale" else value.level,
        speed_kmh=None if unknown else _rounded(value.speed_kmh, 1),
        congested_km=None if unknown else _rounded(value.congested_km, 2),
        coverage=_rounded(value.coverage, 3) if instrumented else None,
        window_start=_iso(value.window_start * 1000),
        status=Status(value.status).name.lower(),
        state=state,
        typical=typical,
    )


def _area_state(latest: LatestValues, value: AreaValue, now_ms: int) -> str:
    age_s = now_ms / 1000 - (value.window_start + value.window_s)
    return freshness(age_s, max(latest.city.expected_period_s, value.window_s))


def _typical(place: TypicalPlace | None, *, with_speed: bool) -> Typical | None:
    if place is None:
        return None
    band = (_rounded(place.p10, 2), _rounded(place.p50, 2), _rounded(place.p90, 2))
    if not with_speed:
        return Typical(*band)
    return Typical(*band, _rounded(place.speed_kmh, 1), _rounded(place.congested_km, 2))


def _worst_first(area: Area) -> tuple[bool, bool, float, str]:
    """Fresh before stale, known before unknown, then the highest index; ties by id."""
    return (area.state == "stale", area.index is None, -(area.index or 0.0), area.id)


def _feeds(latest: LatestValues, around: Surroundings) -> Feeds:
    totals: dict[str, int] = {}
    for sight in latest.partitions.values():
        for name, count in sight.counts.items():
            totals[name] = totals.get(name, 0) + count
    accepted, duplicate, late = (totals.pop(name, 0) for name in ("accepted", "duplicate", "late"))
    refused = {name: count for name, count in sorted(totals.items()) if count}
    return Feeds(accepted, duplicate, late, refused, sum(refused.values()), around.accepted_per_minute)


def _lag(latest: LatestValues, around: Surroundings, now_ms: int) -> Lag:
    partitions = [
        PartitionLag(
            partition=partition,
            clock_at=_iso(sight.clock_ms),
            data_at=_iso(sight.data_ms),
            watermark_at=_iso(sight.watermark_ms),
            lag_s=round(max(0.0, (now_ms - sight.clock_ms) / 1000), 1) if sight.clock_ms > 0 else None,
        )
        for partition, sight in sorted(latest.partitions.items())
    ]
    slowest = max((p.lag_s for p in partitions if p.lag_s is not None), default=None)
    return Lag(slowest, round(around.stream_silent_s, 1), around.stream_problem, partitions)


def _day(timezone: str, day_type: str, now_ms: int) -> Day:
    local = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(timezone))
    offset = local.utcoffset()
    return Day(local.date().isoformat(), day_type, int(offset.total_seconds()) if offset else 0)


def _iso(epoch_ms: int) -> str | None:
    if epoch_ms <= 0:
        return None
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    precision = "milliseconds" if epoch_ms % 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, digits)


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
