"""The observations that every contender reads: deterministic, in log order, as canonical JSON.

Every sensor reports once per `period_s`, each at a second of its own, as loops of a large city do. One
report in a thousand is invalid (900 km/h). A clock record every few seconds stands in every partition of
the log; contenders that need none skip it.

Needs numpy and this project's `models` only, so that the peers' environments can read it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.partitioning import partition_of

Ints = npt.NDArray[np.int64]

BEGIN_S = 1_772_409_600
"""2026-03-02T00:00:00Z: the first interval begins here, unless a workload says otherwise."""

LARGEST_VALID_KMH = 200.0
INVALID_SPEED_TENTHS = 9_000
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
    """full: the nine usual fields, 214 bytes; short: the four required ones, 93 bytes."""
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
    """Id of a sensor."""
    return f"{segment_id(position // loops)}-{position % loops + 1}"


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
        flow = 1 + numbers // 4096 % 20
        occupancy = numbers // 131_072 % 600
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


def clock_payload(epoch_s: int) -> bytes:
    """A clock record."""
    return f'{{"clock_time":"{_time_text(epoch_s)}.000Z"}}'.encode()


def observation_writer(workload: Workload) -> Callable[[Reports], list[bytes]]:
    """A function that writes one second's reports as canonical observations, one payload each."""
    ids = [sensor_id(i, workload.loops) for i in range(workload.sensors)]
    tenths = [f"{i / 10:.1f}" for i in range(INVALID_SPEED_TENTHS + 1)]
    if workload.form == "short":
        return _short_writer(ids, tenths, workload.period_s)
    segments = [segment_id(i // workload.loops) for i in range(workload.sensors)]
    begins = [
        f'{{"sensor_id":"{sensor}","segment_id":"{segment}","event_time":"'
        for sensor, segment in zip(ids, segments, strict=True)
    ]
    return _full_writer(begins, tenths, workload.period_s)


def _short_writer(ids: list[str], tenths: list[str], period_s: int) -> Callable[[Reports], list[bytes]]:
    begins = [f'{{"sensor_id":"{sensor}","event_time":"' for sensor in ids]

    def write(second: Reports) -> list[bytes]:
        middle = f'{_time_text(second.end_s)}Z","interval_s":{period_s},"speed_kmh":'
        return [
            f"{begins[sensor]}{middle}{tenths[speed]}}}".encode()
            for sensor, speed in zip(second.sensor.tolist(), second.speed_tenths.tolist(), strict=True)
        ]

    return write


def _full_writer(begins: list[str], tenths: list[str], period_s: int) -> Callable[[Reports], list[bytes]]:
    # What a sensor needs to send its report: between 0.3 and 1.8 seconds, always the same.
    delays_ms = [300 + i * 37 % 1500 for i in range(len(begins))]
    fractions = [f'.{delay_ms % 1000:03d}Z"}}' for delay_ms in delays_ms]

    def write(second: Reports) -> list[bytes]:
        middle = f'{_time_text(second.end_s)}.000Z","interval_s":{period_s},"speed_kmh":'
        sent = [f',"sent_time":"{_time_text(second.end_s + late_s)}' for late_s in (0, 1)]
        return [
            f'{begins[i]}{middle}{tenths[speed]},"speed_harm_kmh":{tenths[harmonic]},"flow_veh":{flow},'
            f'"occupancy_pct":{tenths[occupancy]}{sent[delays_ms[i] // 1000]}{fractions[i]}'.encode()
            for i, speed, harmonic, flow, occupancy in zip(
                second.sensor.tolist(),
                second.speed_tenths.tolist(),
                second.harmonic_tenths.tolist(),
                second.flow_veh.tolist(),
                second.occupancy_tenths.tolist(),
                strict=True,
            )
        ]

    return write


def _time_text(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
