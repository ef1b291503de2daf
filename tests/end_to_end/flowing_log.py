"""Many observations that flow onto a real Kafka while something happens to the workers."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from confluent_kafka import Producer

from models.city import City
from models.partitioning import partition_of
from streams.feeds.ordering import log_order
from streams.feeds.records import FeedRecord
from streams.feeds.replay import clock_payload
from streams.topics import OBSERVATIONS
from tests.models.builders import NOON_MS, iso

Ints = npt.NDArray[np.int64]

INTERVAL_S = 30
RACING_KMH = 900.0
"""A speed that is refused."""
TRAILING_S = 1000
"""Enough ticks after the last record for every window to become final."""
FLUSH_S = 60.0
STEP_RECORDS = 200


class ManyObservations:
    """Half-minute observations of every sensor, `rounds` times: some a minute or ten late, some repeated,
    some bad. Their intervals begin at any second, so that most touch two windows."""

    def __init__(self, city: City, rounds: int, seed: int = 11) -> None:
        self.city = city
        random = np.random.default_rng(seed)
        shape = (rounds, len(city.sensors))
        phase_ms = random.integers(0, INTERVAL_S, shape[1]) * 1000
        self.event_ms: Ints = (
            NOON_MS + (1 + np.arange(rounds)[:, None]) * INTERVAL_S * 1000 + phase_ms
        ).ravel()
        delays_ms = [200, 300, 400, 900, 20_000, 90_000, 700_000]
        delay_ms = random.choice(delays_ms, shape, p=[0.3, 0.3, 0.2, 0.15, 0.03, 0.019, 0.001])
        self.sent_ms: Ints = self.event_ms + delay_ms.ravel()
        self.speed_kmh = random.uniform(3, 80, self.event_ms.size).round(2)
        self.speed_kmh[random.random(self.event_ms.size) < 0.001] = RACING_KMH
        self.flow_veh = random.integers(0, 25, self.event_ms.size)
        self.repeated = random.random(self.event_ms.size) < 0.02

    def __len__(self) -> int:
        return len(self.event_ms)

    def segment_of(self, number: int) -> int:
        """Position of the segment that observation `number` speaks of; every segment has one sensor."""
        return number % len(self.city.sensors)

    def records(self) -> Iterator[FeedRecord]:
        """In the order of their arrival; `line` is the number of the observation."""
        speeds, flows, repeated = self.speed_kmh.tolist(), self.flow_veh.tolist(), self.repeated.tolist()
        events_ms, sents_ms = self.event_ms.tolist(), self.sent_ms.tolist()
        texts = {each: iso(each) for each in {*events_ms, *sents_ms}}
        for number in np.argsort(self.sent_ms, kind="stable").tolist():
            sensor = self.city.sensors[self.segment_of(number)]
            payload = (
                f'{{"sensor_id":"{sensor.sensor_id}","event_time":"{texts[events_ms[number]]}",'
                f'"interval_s":{INTERVAL_S},"speed_kmh":{speeds[number]},"flow_veh":{flows[number]},'
                f'"occupancy_pct":12.0,"sent_time":"{texts[sents_ms[number]]}"}}'
            ).encode()
            record = FeedRecord(sensor.segment_id, sents_ms[number], payload, "made", number)
            yield record
            if repeated[number]:
                yield record


@dataclass(slots=True)
class WrittenPartition:
    """How long the log of a partition is, and where which observation stands in it."""

    records: int = 0  # clock records too
    offsets: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[int] = field(default_factory=lambda: array("q"))


class FlowingLog:
    """Writes observations, and a clock record a second, at a rate; knows which got which offset."""

    def __init__(self, bootstrap: str, made: ManyObservations, partitions: int) -> None:
        self.made = made
        self.written = [WrittenPartition() for _ in range(partitions)]
        self.observations = 0
        self.complete = False
        self._hurry = threading.Event()
        self._give_up = threading.Event()
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 20}
        )

    @contextmanager
    def flowing(self, for_s: float) -> Iterator[None]:
        """Write it beside the block, for so long."""
        thread = threading.Thread(target=self._write, args=(len(self.made) / for_s,), name="flowing-log")
        thread.start()
        try:
            yield
        finally:
            self._give_up.set()
            self._hurry.set()
            thread.join()

    def hurry(self) -> None:
        """Write what is left at once."""
        self._hurry.set()

    def _write(self, records_per_s: float) -> None:
        started = time.monotonic()
        for entry in log_order(self.made.records(), trailing_s=TRAILING_S):
            if self._give_up.is_set():
                return
            if entry[0] == "clock":
                for partition in range(len(self.written)):
                    self._send(partition, clock_payload(entry[1]))
                continue
            record = entry[1]
            partition = partition_of(record.key, len(self.written))
            self.written[partition].offsets.append(self.written[partition].records)
            self.written[partition].numbers.append(record.line)
            self._send(partition, record.payload)
            self.observations += 1
            if self.observations % STEP_RECORDS == 0:
                early_s = self.observations / records_per_s - (time.monotonic() - started)
                self._producer.poll(0)
                self._hurry.wait(max(early_s, 0))
        self.complete = self._producer.flush(FLUSH_S) == 0

    def _send(self, partition: int, payload: bytes) -> None:
        self.written[partition].records += 1
        while True:
            try:
                self._producer.produce(OBSERVATIONS.name, payload, partition=partition)
                return
            except BufferError:  # its queue is full
                self._producer.poll(0.1)
