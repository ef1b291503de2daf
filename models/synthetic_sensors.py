"""What the sensors of the demo city say of its invented traffic, the sick ones among them.

A pure function of (seed, sensor, interval): the same interval is reported the same way whenever it is asked
for, so that a feed that starts again repeats observations instead of inventing new ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from models.city import City
from models.observation import ObservationColumns
from models.stateless_random import mixed, normal, normal_pair, uniform
from models.synthetic_traffic import TrafficPlan, network_state

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

INTERVAL_S = {"freeway": 20, "expressway": 20, "arterial": 30, "collector": 60, "local": 60, "ramp": 60}
STATE_STEP_S = 30
"""The traffic under an interval is taken at its middle, rounded to this."""

KMH_PER_MPH = 1.609344
VEHICLE_AND_LOOP_M = 6.6


class Health(IntEnum):
    """How a sensor behaves. `WRONG_UNIT` reports miles per hour as if they were km/h."""

    WELL = 0
    STUCK = 1
    SILENT = 2
    WRONG_UNIT = 3
    NOISY = 4
    INTERMITTENT = 5


_SHARES = (
    (Health.STUCK, 0.008),
    (Health.SILENT, 0.016),
    (Health.WRONG_UNIT, 0.006),
    (Health.NOISY, 0.014),
    (Health.INTERMITTENT, 0.014),
)


@dataclass(frozen=True)
class SensorPlan:
    """The constants of the sensors, arrays of one length: position of the segment, `interval_s` between
    reports, `phase_s` of the reports, `health` (Health), `bias` of the speed, lanes."""

    segment: Ints
    interval_s: Ints
    phase_s: Ints
    health: Ints
    bias: Floats
    lanes: Floats


def plan_sensors(city: City, seed: int) -> SensorPlan:
    """Who reports how often, when, and how well."""
    count = len(city.sensors)
    sensor = np.arange(count, dtype=np.int64)
    road_class = [city.segments[i].road_class for i in city.segment_of_sensor]
    interval_s = np.array([INTERVAL_S[c] for c in road_class], dtype=np.int64)
    health = np.zeros(count, dtype=np.int64)
    order = np.argsort(uniform(seed, 91, sensor))
    first = 0
    for kind, share in _SHARES:
        last = first + max(1, round(share * count))
        health[order[first:last]] = kind
        first = last
    return SensorPlan(
        segment=city.segment_of_sensor,
        interval_s=interval_s,
        phase_s=(mixed(seed, 92, sensor) % interval_s.astype(np.uint64)).astype(np.int64),
        health=health,
        bias=1.0 + 0.02 * normal(seed, 93, sensor),
        lanes=np.array([s.lanes for s in city.sensors], dtype=np.float64),
    )


def observations_ending(
    traffic: TrafficPlan, sensors: SensorPlan, after_ms: int, until_ms: int, traffic_ahead_s: int = 0
) -> ObservationColumns:
    """The observations whose interval ends in (after_ms, until_ms] UTC, in order of their end.

    `traffic_ahead_s` shows the traffic of that much later (a demo that runs faster than the clock).
    """
    first = -((after_ms // 1000 - sensors.phase_s) // -sensors.interval_s)
    first += (first * sensors.interval_s + sensors.phase_s) * 1000 <= after_ms
    last = (until_ms // 1000 - sensors.phase_s) // sensors.interval_s
    repeats = np.maximum(last - first + 1, 0)
    sensor = np.repeat(np.arange(len(repeats)), repeats)
    nth = np.arange(len(sensor)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    end_s = (first[sensor] + nth) * sensors.interval_s[sensor] + sensors.phase_s[sensor]
    order = np.lexsort((sensor, end_s))
    return _observed(traffic, sensors, sensor[order], end_s[order], sensors.interval_s, traffic_ahead_s)


def observations_of_grid(
    traffic: TrafficPlan, sensors: SensorPlan, start_s: int, end_s: int, interval_s: int
) -> ObservationColumns:
    """One observation of every sensor for each `interval_s` from start to end: what a history is made of."""
    ends = np.arange(start_s + interval_s, end_s + 1, interval_s, dtype=np.int64)
    sensor = np.tile(np.arange(len(sensors.segment), dtype=np.int64), len(ends))
    every = np.full(len(sensors.segment), interval_s, dtype=np.int64)
    return _observed(traffic, sensors, sensor, np.repeat(ends, len(every)), every, 0)


def _observed(
    traffic: TrafficPlan, sensors: SensorPlan, sensor: Ints, end_s: Ints, interval_s: Ints, ahead_s: int
) -> ObservationColumns:
    seed, interval = traffic.seed, interval_s[sensor]
    middle_s = (end_s - interval // 2) // STATE_STEP_S * STATE_STEP_S + ahead_s
    moments, row = np.unique(middle_s, return_inverse=True)
    speed_kmh, flow_vph = network_state(traffic, moments)
    segment, health = sensors.segment[sensor], sensors.health[sensor]
    true_kmh, true_vph = speed_kmh[row, segment], flow_vph[row, segment]

    expected_veh = true_vph * interval / 3600.0
    count_error, speed_error = normal_pair(seed, 101, sensor, end_s)
    vehicles = np.maximum(np.rint(expected_veh + np.sqrt(expected_veh) * count_error), 0.0)
    unsteady = 0.09 / np.sqrt(np.maximum(vehicles, 1.0)) + 0.01
    unsteady = np.where(health == Health.NOISY, 0.35, unsteady)
    told_kmh = true_kmh * sensors.bias[sensor] * (1.0 + unsteady * speed_error)
    told_kmh = np.where(health == Health.WRONG_UNIT, told_kmh / KMH_PER_MPH, told_kmh)
    passing_m = sensors.lanes[sensor] * interval * true_kmh / 3.6
    occupancy: Floats = np.minimum(100.0 * vehicles * VEHICLE_AND_LOOP_M / passing_m, 100.0)
    # A stuck sensor says for ever what it said when it broke.
    stuck = health == Health.STUCK
    told_kmh[stuck] = 41.0 + 7.0 * uniform(seed, 103, sensor[stuck])
    vehicles = np.where(stuck, np.rint(interval * 0.17), vehicles)
    occupancy = np.where(stuck, 9.5, occupancy)
    told_kmh = np.where(vehicles > 0, np.clip(told_kmh, 2.0, 150.0), np.nan)

    absent = health == Health.SILENT
    loose = health == Health.INTERMITTENT
    absent[loose] = uniform(seed, 104, sensor[loose], end_s[loose] // 2700) < 0.55
    absent |= uniform(seed, 105, sensor, end_s) < 0.002
    zeros = np.zeros(len(sensor), dtype=np.int64)
    return ObservationColumns(
        sensor=sensor,
        segment=segment,
        vehicle=np.full(len(sensor), -1, dtype=np.int64),
        start_ms=(end_s - interval) * 1000,
        event_ms=end_s * 1000,
        speed_kmh=np.round(told_kmh, 1),
        flow_veh=vehicles,
        occupancy_pct=np.round(occupancy, 1),
        sent_ms=zeros,
        clock_ms=zeros,
        offset=np.arange(len(sensor), dtype=np.int64),
        row=zeros,
    ).take(~absent)
