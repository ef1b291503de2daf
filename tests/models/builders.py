"""Small cities and records to test the models with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.city import City, Corridor, District, Name, Segment, Sensor
from models.observation import ObservationColumns, decode

NOON_MS = 1_772_424_000_000  # 2026-03-02T04:00:00Z, a multiple of five minutes


def a_city(segments: int = 4, sensors_per_segment: int = 1) -> City:
    """Segments of 1 km in two districts and one corridor, free flow 60 km/h."""
    ids = [f"s{i}" for i in range(segments)]
    return City(
        city_id="testville",
        name=Name("测试", "Testville"),
        timezone="Asia/Shanghai",
        segments=tuple(
            Segment(
                segment_id,
                Name(segment_id, segment_id),
                f"d{i % 2}",
                "arterial",
                1000.0,
                2,
                60.0,
                60.0,
                "stated",
                ((120.0 + i / 100, 30.0), (120.01 + i / 100, 30.0)),
            )
            for i, segment_id in enumerate(ids)
        ),
        sensors=tuple(
            Sensor(f"{segment_id}-{k}", segment_id, lanes=2)
            for segment_id in ids
            for k in range(sensors_per_segment)
        ),
        districts=(District("d0", Name("甲", "A")), District("d1", Name("乙", "B"))),
        corridors=(Corridor("c0", Name("大道", "Avenue"), tuple(ids[:2])),),
    )


def iso(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="milliseconds")


def an_observation(sensor_id: Any = "s0-0", end_ms: int = NOON_MS + 30_000, **changes: Any) -> bytes:
    """A canonical observation of 30 s that ends at `end_ms`; a field set to ... is left out."""
    record: dict[str, Any] = {
        "sensor_id": sensor_id,
        "event_time": iso(end_ms),
        "interval_s": 30,
        "speed_kmh": 30.0,
        "flow_veh": 10,
        "occupancy_pct": 12.0,
    } | changes
    return json.dumps({key: value for key, value in record.items() if value is not ...}).encode()


def a_clock(epoch_ms: int) -> bytes:
    return json.dumps({"clock_time": iso(epoch_ms)}).encode()


def columns_of(payloads: list[bytes], city: City, first_offset: int = 0) -> ObservationColumns:
    """Columns of records that must all be understood."""
    offsets = np.arange(first_offset, first_offset + len(payloads))
    columns, refusals = decode(payloads, offsets, city)
    assert refusals == []
    return columns
