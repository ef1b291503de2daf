"""The observations that every contender reads: deterministic, in log order, as canonical JSON.

Every sensor reports once per `period_s`, each at a second of its own, as loops of a large city do. One
report in a thousand is invalid (a negative speed). A clock record every few seconds stands in every
partition of the log; contenders that need none skip it.

Needs numpy and this project's `models` only, so that the peers' environments can read it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.partitioning import partition_of

Ints = npt.NDArray[np.int64]

BEGIN_S = 1_772_409_600
"""2026-03-02T00:00:00Z: the first interval begins here, unless a workload says otherwise."""

LARGEST_VALID_KMH = 200.0
INVALID_SPEED_TENTHS = -1
"""How an invalid speed is written down here; on the wire it is INVALID_KMH."""
INVALID_KMH = -9.9
INVALID_ONE_IN = 1_000
CLOSING_CLOCK_S = 1_200
"""How far the last clock record is behind the last observation: then every window is final."""

_SEED = 20_260_302


@dataclass(frozen=True)
class Workload:
    """`segments` x `loops` sensors that report `periods` times, on `partitions` keyed by segment id."""

    segments: int
    periods: int
    partitions: int
    form: str = "full"
    """full: the nine usual fields, 215 bytes; short: the four required ones, 93 bytes."""
    loops: int = 2
    period_s: int = 30
    clock_every_s: int = 10
    begin_s: int = BEGIN_S

    @property
    def sensors(self) -> int:
        """Number of sensors; sensor i stands on segment i // loops."""
        return self.segments * self.loops

    @property
    def observations(self) -> int:
        """Number of observations, invalid ones among them."""
        return self.sensors * self.periods

    @property
    def seconds(self) -> int:
        """Seconds of event time."""
        return self.periods * self.period_s

    @property
    def records(self) -> int:
        """Records of the log when each observation is one: observations and clock records."""
        return self.observations + self.partitions * (len(range(0, self.seconds, self.clock_every_s)) + 1)

    @property
    def minutes(self) -> int:
        """Windows of a minute that the observations fall in."""
        return (self.seconds + 59) // 60


class Reports(NamedTuple):
    """What the sensors of one second report; arrays of one length. Times are ends of intervals."""

    end_s: int
    sensor: Ints
    speed_tenths: Ints
    harmonic_tenths: Ints
    flow_veh: Ints
    occupancy_tenths: Ints


def segment_id(position: int) -> str:
    """Id of a segment, the key of its records."""
    return f"s{position:05d}"


def sensor_id(position: int, loops: int) -> str:
    """Id of a sensor; at most 16 on a segment."""
    return f"{segment_id(position // loops)}-{position % loops:x}"


def sensor_positions(workload: Workload) -> dict[str, int]:
    """Sensor id -> position of its segment."""
    return {sensor_id(i, workload.loops): i // workload.loops for i in range(workload.sensors)}


def partition_of_segments(workload: Workload) -> list[int]:
    """Partition per segment, as every Kafka client of the Java family chooses it."""
    return [partition_of(segment_id(i), workload.partitions) for i in range(workload.segments)]


def reports(workload: Workload) -> Iterator[Reports]:
    """Every second of the workload, also those in which nobody reports."""
    order = np.random.default_rng(_SEED).permutation(workload.sensors)
    by_phase = np.array_split(order, workload.period_s)
    usual = 200 + np.random.default_rng(_SEED + 1).integers(0, 700, workload.segments)
    usual_of_sensor = np.repeat(usual, workload.loops)
    for period in range(workload.periods):
        numbers = np.random.default_rng((_SEED, period)).integers(0, 1 << 32, workload.sensors)
        speed = usual_of_sensor + numbers % 101 - 50
        harmonic = speed - numbers // 101 % 30
        flow = 10 + numbers // 4096 % 20
        occupancy = 100 + numbers // 131_072 % 500
        speed[numbers // 7 % INVALID_ONE_IN == 0] = INVALID_SPEED_TENTHS
        for phase, sensors in enumerate(by_phase):
            end_s = workload.begin_s + (period + 1) * workload.period_s + phase
            yield Reports(
                end_s, sensors, speed[sensors], harmonic[sensors], flow[sensors], occupancy[sensors]
            )


def clock_due(workload: Workload, end_s: int) -> bool:
    """Whether a clock record stands before the reports of that second."""
    return (end_s - workload.begin_s) % workload.clock_every_s == 0


def closing_clock_s(workload: Workload) -> int:
    """What the clock record says that ends every partition."""
    return workload.begin_s + workload.seconds + workload.period_s + CLOSING_CLOCK_S
