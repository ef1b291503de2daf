"""A city that reports now: a workload produced at its own pace, or so many times faster."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from confluent_kafka import Producer

from benchmarks.filling import CHUNK
from benchmarks.payloads import clock_payload, observation_writer
from benchmarks.workload import Workload, partition_of_segments, reports
from streams.topics import OBSERVATIONS

SLICE_S = 0.02
"""Observations of one second are spread over it in steps of so long."""
SETTLE_S = 10
WINDOW_S = 60


class LiveFeed:
    """Produces until it is stopped or the workload ends, in a thread of its own.

    `speed`: seconds of event time per second. With `clocks` it writes the clock records of the workload,
    otherwise a worker's own ticker must. `completed_at[partition, end_s]` is when the first observation was
    sent after which the window of a minute that ends at `end_s` may be published (time.time()).
    """

    def __init__(self, bootstrap: str, workload: Workload, speed: float = 1.0, *, clocks: bool) -> None:
        self._workload, self._speed, self._clocks = workload, speed, clocks
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "linger.ms": 2,
                "queue.buffering.max.messages": 1_000_000,
                "log_level": 2,
            }
        )
        of_segment = partition_of_segments(workload)
        self._partition = [of_segment[i // workload.loops] for i in range(workload.sensors)]
        self._completed_s = [workload.begin_s] * workload.partitions
        self.completed_at: dict[tuple[int, int], float] = {}
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
        for offset_s, slice_of_second in self._slices():
            early_s = begun + offset_s - time.monotonic()
            self.late_s = max(self.late_s, -early_s)
            if self._stopping.wait(max(0.0, early_s)):
                break
            for partition, messages in slice_of_second.items():
                self._producer.produce_batch(OBSERVATIONS.name, messages, partition=partition)
            self._producer.poll(0)
        self._producer.flush(10)
        self._producer.close()

    def _slices(self) -> Iterator[tuple[float, dict[int, list[dict[str, bytes]]]]]:
        """When, in seconds from the begin, and what to send to each partition."""
        write = observation_writer(self._workload)
        second_s = 1.0 / self._speed
        steps = max(1, min(round(second_s / SLICE_S), CHUNK))
        for number, second in enumerate(reports(self._workload)):
            payloads, sensors = write(second), second.sensor.tolist()
            for step in range(steps):
                made: dict[int, list[dict[str, bytes]]] = {}
                if step == 0 and self._clocks and number % self._workload.clock_every_s == 0:
                    clock = {"value": clock_payload(second.end_s)}
                    made = {partition: [clock] for partition in range(self._workload.partitions)}
                for i in range(step * len(sensors) // steps, (step + 1) * len(sensors) // steps):
                    made.setdefault(self._partition[sensors[i]], []).append({"value": payloads[i]})
                    self.sent += 1
                yield (number + step / steps) * second_s, made
                self._note_completed(second.end_s, made)

    def _note_completed(self, end_s: int, made: dict[int, list[dict[str, bytes]]]) -> None:
        """Called after the slice was sent; a clock record alone completes nothing."""
        complete_s = (end_s - SETTLE_S) // WINDOW_S * WINDOW_S
        for partition, messages in made.items():
            if complete_s > self._completed_s[partition] and b"clock_time" not in messages[-1]["value"]:
                self._completed_s[partition] = complete_s
                self.completed_at[partition, complete_s] = time.time()
