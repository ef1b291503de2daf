"""A city that reports now: a workload produced at its own pace, or so many times faster."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NamedTuple

from confluent_kafka import Producer

from benchmarks.payloads import clock_payload, observation_writer
from benchmarks.workload import Reports, Workload, partition_of_segments, reports
from streams.topics import OBSERVATIONS

SLICE_S = 0.02
"""Observations of one second are spread over it in steps of so long."""
SETTLE_S = 10
WINDOW_S = 60


class Slice(NamedTuple):
    """What is sent at once: partition -> messages, and which sensors they are of."""

    offset_s: float  # when, in seconds from the begin
    end_s: int
    messages: dict[int, list[dict[str, bytes]]]
    sensors: list[int]


class LiveFeed:
    """Produces until it is stopped or the workload ends, in a thread of its own.

    `speed`: seconds of event time per second. With `clocks` it writes the clock records of the workload,
    otherwise a worker's own ticker must. `completed_at[partition, end_s]` is when the first observation was
    sent after which the window of a minute that ends at `end_s` may be published; `watched_at` has every
    observation of the watched sensors, as (segment, when). Times are those of time.time().
    """

    def __init__(
        self,
        bootstrap: str,
        workload: Workload,
        speed: float = 1.0,
        *,
        clocks: bool,
        watched: Collection[int] = (),
    ) -> None:
        self._workload, self._speed, self._clocks = workload, speed, clocks
        self._watched = frozenset(watched)
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "linger.ms": 2,
                "queue.buffering.max.messages": 1_000_000,
                "delivery.report.only.error": True,
                "log_level": 2,
            }
        )
        of_segment = partition_of_segments(workload)
        self._partition = [of_segment[i // workload.loops] for i in range(workload.sensors)]
        self._completed_s = [workload.begin_s] * workload.partitions
        self.completed_at: dict[tuple[int, int], float] = {}
        self.watched_at: list[tuple[int, float]] = []
        self.sent = 0
        self.late_s = 0.0
        """How far the producing fell behind its own pace, at most."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live feed")

    def __enter__(self) -> LiveFeed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        begun = time.monotonic()
        for part in self._slices():
            early_s = begun + part.offset_s - time.monotonic()
            self.late_s = max(self.late_s, -early_s)
            if self._stopping.wait(max(0.0, early_s)):
                break
            self._note(part, time.time())
            for partition, messages in part.messages.items():
                self._producer.produce_batch(OBSERVATIONS.name, messages, partition=partition)
            self._producer.poll(0)
        if self._producer.flush(10):
            self._producer.purge()  # else closing waits for a broker that is gone
        self._producer.close()

    def _slices(self) -> Iterator[Slice]:
        write = observation_writer(self._workload)
        second_s = 1.0 / self._speed
        steps = max(1, round(second_s / SLICE_S))
        for number, second in enumerate(reports(self._workload)):
            if self._clocks and number % self._workload.clock_every_s == 0:
                clock = {"value": clock_payload(second.end_s)}
                messages = {partition: [clock] for partition in range(self._workload.partitions)}
                yield Slice(number * second_s, second.end_s, messages, [])
            for step, part in enumerate(self._parts(second, write(second), steps)):
                yield part._replace(offset_s=(number + step / steps) * second_s)

    def _parts(self, second: Reports, payloads: list[bytes], steps: int) -> Iterator[Slice]:
        sensors = second.sensor.tolist()
        for step in range(steps):
            rows = range(step * len(sensors) // steps, (step + 1) * len(sensors) // steps)
            messages: dict[int, list[dict[str, bytes]]] = {}
            for i in rows:
                messages.setdefault(self._partition[sensors[i]], []).append({"value": payloads[i]})
            yield Slice(0.0, second.end_s, messages, [sensors[i] for i in rows])

    def _note(self, part: Slice, now: float) -> None:
        """What the slice completes, and who is in it that is watched."""
        if not part.sensors:
            return  # a clock record alone completes no window
        self.sent += len(part.sensors)
        complete_s = (part.end_s - SETTLE_S) // WINDOW_S * WINDOW_S
        for partition in part.messages:
            if complete_s > self._completed_s[partition]:
                self._completed_s[partition] = complete_s
                self.completed_at[partition, complete_s] = now
        self.watched_at += [
            (sensor // self._workload.loops, now) for sensor in part.sensors if sensor in self._watched
        ]


def from_now(workload: Workload) -> Workload:
    """The same city; its first interval ends now."""
    return replace(workload, begin_s=int(time.time()) - workload.period_s)
