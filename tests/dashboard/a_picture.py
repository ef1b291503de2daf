"""A small city and index records of it, as the stream would publish them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from models.city import City, Corridor, District, Landmark, Name, Segment, Sensor
from models.congestion import level_of_travel_time_index
from models.index_columns import (
    AREA_DTYPES,
    Columns,
    IndexRecord,
    LogTime,
    Status,
    encode_record,
    pack_columns,
)

NOON_S = 1_767_240_000
"""2026-01-01 12:00 in Shanghai (04:00 UTC)."""


def a_city(segments: int = 6, districts: int = 2, corridors: int = 2, period_s: int = 60) -> City:
    """A row of one-kilometre segments, cut into districts; each corridor takes every n-th segment."""
    names = [f"s{i}" for i in range(segments)]
    return City(
        city_id="tiny",
        name=Name("小城", "Tiny"),
        timezone="Asia/Shanghai",
        segments=tuple(
            Segment(
                segment_id=name,
                name=Name(f"第{i}路段", f"Segment {i}"),
                district_id=f"d{i * districts // segments}",
                road_class="arterial",
                length_m=1000.0,
                lanes=2,
                speed_limit_kmh=60.0,
                free_flow_kmh=60.0,
                free_flow_method="stated",
                polyline=((120.0 + i * 0.01, 30.0), (120.01 + i * 0.01, 30.0 + 0.004 * (i % 3))),
            )
            for i, name in enumerate(names)
        ),
        sensors=tuple(Sensor(f"sensor-{name}", name) for name in names),
        districts=tuple(District(f"d{i}", Name(f"第{i}区", f"District {i}")) for i in range(districts)),
        corridors=tuple(
            Corridor(f"c{i}", Name(f"第{i}走廊", f"Corridor {i}"), tuple(names[i::corridors]))
            for i in range(corridors)
        ),
        landmarks=(Landmark(Name("钟楼", "Bell Tower"), 120.02, 30.005),),
        synthetic=True,
        expected_period_s=period_s,
    )


def segment_record(
    city: City,
    travel_time_index: float | Sequence[float],
    *,
    window_start: int = NOON_S,
    version: int = 5,
    status: Status = Status.PUBLISHED,
    clock_s: float | None = None,
    data_s: float | None = None,
    partition: int = 0,
    window_s: int = 60,
    segment_ids: Sequence[str] | None = None,
    counts: dict[str, int] | None = None,
) -> IndexRecord:
    """One record of `indices` with a row for every segment (or those named)."""
    ids = list(segment_ids) if segment_ids is not None else [s.segment_id for s in city.segments]
    tti = np.broadcast_to(np.asarray(travel_time_index, dtype=np.float64), (len(ids),))
    columns: Columns = {
        "segment_id": ids,
        "window_s": np.full(len(ids), window_s),
        "window_start": np.full(len(ids), window_start),
        "status": np.full(len(ids), int(status)),
        "revision": np.full(len(ids), 1),
        "version": np.full(len(ids), version),
        "observations": np.full(len(ids), 2),
        "speed_kmh": 60.0 / tti,
        "flow_vph": np.full(len(ids), 900.0),
        "travel_time_index": tti,
        "level": level_of_travel_time_index(tti),
        "coverage": np.full(len(ids), 0.9),
        "source": np.full(len(ids), 1),
        "weight_source": np.full(len(ids), 1),
    }
    clock = window_start + window_s + 10 if clock_s is None else clock_s
    data = window_start + window_s if data_s is None else data_s
    return IndexRecord(
        kind="segment",
        city_id=city.city_id,
        partition=partition,
        clock_ms=int(clock * 1000),
        data_ms=int(data * 1000),
        watermark_ms=int((data - 10) * 1000),
        rows=len(ids),
        columns=pack_columns("segment", columns),
        counts=counts or {},
        log_id="log",
        resume=LogTime(0, int(clock * 1000), int(data * 1000)),
    )


def area_record(
    city: City,
    places: dict[tuple[str, str], float],
    *,
    window_start: int = NOON_S,
    version: int = 5,
    status: Status = Status.PUBLISHED,
    coverage: float = 1.0,
    window_s: int = 60,
) -> IndexRecord:
    """One record of `area-indices`; values are performance indices 0..10 by (kind, id)."""
    rows = len(places)
    index = np.array(list(places.values()), dtype=np.float64)
    columns: Columns = {
        name: [place[i] for place in places] if dtype == "str" else np.zeros(rows)
        for i, (name, dtype) in enumerate(AREA_DTYPES.items())
    }
    columns |= {
        "window_s": np.full(rows, window_s),
        "window_start": np.full(rows, window_start),
        "status": np.full(rows, int(status)),
        "revision": np.full(rows, 1),
        "version": np.full(rows, version),
        "travel_time_index": 1 + index / 5,
        "traffic_performance_index": index,
        "level": np.minimum(1 + np.nan_to_num(index) // 2, 5),
        "speed_kmh": 60 - 5 * index,
        "congested_km": index,
        "coverage": np.full(rows, coverage),
    }
    packed = pack_columns("area", columns)
    clock_ms = (window_start + window_s + 10) * 1000
    return IndexRecord("area", city.city_id, 0, clock_ms, clock_ms - 10_000, clock_ms - 20_000, rows, packed)


def every_area(city: City, index: float) -> dict[tuple[str, str], float]:
    """One index for the city and all its districts and corridors."""
    places = {("city", city.city_id): index}
    places |= {("district", d.district_id): index for d in city.districts}
    return places | {("corridor", c.corridor_id): index for c in city.corridors}


def encoded(*records: IndexRecord) -> list[bytes]:
    """Records as they lie in Kafka."""
    return [encode_record(record) for record in records]


def every_day_a_workday(_day: date) -> str:
    """The simplest calendar."""
    return "workday"
