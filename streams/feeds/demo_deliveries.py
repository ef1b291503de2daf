"""How the demo city's observations reach the broker: delayed, now and then late, twice or broken.

A pure function of (seed, observation): the same interval is delivered in the same way whenever it is made.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from models.city import City
from models.observation import ObservationColumns
from models.stateless_random import uniform
from streams.feeds.records import utc_text

LATE_RATE = 0.003
"""Share of observations that come 20 to 240 s after their end: amended windows."""

TOO_LATE_RATE = 0.0001
"""Share that comes after 15 to 25 minutes: stored, counted in no window."""

DUPLICATE_RATE = 0.002
"""Share that is delivered a second time some seconds later."""

BROKEN_RATE = 0.0004
"""Share beside which a broken record is delivered, so that the dead letters are never without."""


class Delivery(NamedTuple):
    """One record for the topic; sorts by the time at which it is sent."""

    at_ms: int
    number: int
    key: bytes
    value: bytes


class _Observation(msgspec.Struct):
    sensor_id: str
    segment_id: str
    event_time: str
    interval_s: int
    speed_kmh: float | None
    flow_veh: float
    occupancy_pct: float
    sent_time: str


_encode = msgspec.json.Encoder().encode


def deliveries(city: City, seed: int, observed: ObservationColumns) -> list[Delivery]:
    """The records that tell of these observations, in the order in which they are sent."""
    end_s = observed.event_ms // 1000
    chance = uniform(seed, 111, observed.sensor, end_s)
    delay_ms = (400 + 2600 * uniform(seed, 112, observed.sensor, end_s)).astype(np.int64)
    far = uniform(seed, 113, observed.sensor, end_s)
    delay_ms = np.where(chance < LATE_RATE, 20_000 + (220_000 * far).astype(np.int64), delay_ms)
    delay_ms = np.where(chance < TOO_LATE_RATE, 900_000 + (600_000 * far).astype(np.int64), delay_ms)
    twice = uniform(seed, 114, observed.sensor, end_s) < DUPLICATE_RATE
    beside = uniform(seed, 115, observed.sensor, end_s)
    told: list[Delivery] = []
    for i in range(len(observed)):
        at_ms = int(observed.event_ms[i] + delay_ms[i])
        observation = _observation(city, observed, i, at_ms)
        key, value = observation.segment_id.encode(), _encode(observation)
        told.append(Delivery(at_ms, len(told), key, value))
        if twice[i]:
            told.append(Delivery(at_ms + 1000 + int(4000 * far[i]), len(told), key, value))
        if beside[i] < BROKEN_RATE:
            kind = int(beside[i] / BROKEN_RATE * len(_BREAKS))
            told.append(Delivery(at_ms + 100, len(told), key, _broken(value, observation, kind)))
    return sorted(told)


def _observation(city: City, observed: ObservationColumns, i: int, at_ms: int) -> _Observation:
    sensor = city.sensors[int(observed.sensor[i])]
    speed = float(observed.speed_kmh[i])
    return _Observation(
        sensor_id=sensor.sensor_id,
        segment_id=sensor.segment_id,
        event_time=utc_text(int(observed.event_ms[i])),
        interval_s=int(observed.event_ms[i] - observed.start_ms[i]) // 1000,
        speed_kmh=None if np.isnan(speed) else speed,
        flow_veh=float(observed.flow_veh[i]),
        occupancy_pct=float(observed.occupancy_pct[i]),
        sent_time=utc_text(at_ms),
    )


_BREAKS = ("truncated", "unknown sensor", "impossible speed", "NaN", "no time", "not UTF-8")


def _broken(value: bytes, observation: _Observation, kind: int) -> bytes:
    """The record as a faulty gateway would send it."""
    match _BREAKS[kind]:
        case "truncated":
            return value[: len(value) * 2 // 3]
        case "unknown sensor":
            return value.replace(observation.sensor_id.encode(), b"unlisted-sensor", 1)
        case "impossible speed":
            return _encode(msgspec.structs.replace(observation, speed_kmh=900.0))
        case "NaN":
            return value.replace(b'"flow_veh":', b'"flow_veh":NaN,"flow_vph":', 1)
        case "no time":
            return value.replace(b'"event_time"', b'"event"', 1)
        case _:
            return value.replace(b'"sensor_id":"', b'"sensor_id":"\xff\xfe', 1)
