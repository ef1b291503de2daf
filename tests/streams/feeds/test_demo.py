"""The demo feed on a broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError

from models.demo_city import demo_city
from models.observation import ObservationColumns, decode
from streams.broker import BrokerAddress
from streams.feeds.demo import DemoFeedCounts, backfill_start_s, run_demo_feed
from tests.waiting import wait_until

CITY = demo_city()
TOPIC = "observations.traffic"
PARTITIONS = 2
MORNING_S = 1_795_392_000.0  # 2026-11-23T00:00:00Z


@contextmanager
def feeding(producer: Any, **options: Any) -> Iterator[DemoFeedCounts]:
    """The feed in a thread of its own; its failure is the test's failure."""
    stop, counts, failures = threading.Event(), DemoFeedCounts(), list[BaseException]()

    def run() -> None:
        try:
            run_demo_feed(CITY, producer, TOPIC, stop=stop, counts=counts, **options)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield counts
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    assert failures == []


def observations_on(broker: BrokerAddress, records: int) -> ObservationColumns:
    """At least so many records of the topic, decoded."""
    consumer = KafkaConsumer(**broker.consumer_arguments, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(TOPIC, number) for number in range(PARTITIONS)])
    values: list[bytes] = []

    def enough() -> bool:
        for polled in consumer.poll(timeout_ms=100).values():
            values.extend(record.value for record in polled)
        return len(values) >= records

    wait_until(enough, f"{records} records on {TOPIC}")
    consumer.close()
    return decode(values, list(range(len(values))), CITY)[0]


def test_the_last_minutes_are_on_the_broker_at_once_and_the_present_follows(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: PARTITIONS})
    producer = KafkaProducer(**broker.kafka_arguments, linger_ms=5)
    started_s = time.time()
    with feeding(producer) as counts:
        wait_until(lambda: counts.produced > 5000, "the backfill", 15)
        at_once = counts.produced
        wait_until(lambda: counts.produced > at_once + 20, "what follows", 15)
    producer.close()
    columns = observations_on(broker, counts.produced)
    first_s = columns.start_ms.min() / 1000
    assert first_s == pytest.approx(backfill_start_s(started_s), abs=5)
    assert columns.event_ms.max() / 1000 > started_s - 5
    assert len(set(columns.segment.tolist())) > 0.9 * CITY.instrumented.sum()


class Recorded:
    """A producer of kafka-python's shape that keeps what it is given, or refuses it as a full one does."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.values: list[bytes] = []

    def send(self, topic: str, *, key: bytes, value: bytes) -> None:
        if len(self.values) >= self.room:
            raise KafkaTimeoutError("no room")
        self.values.append(value)

    def columns(self) -> ObservationColumns:
        return decode(list(self.values), list(range(len(self.values))), CITY)[0]


def test_nothing_is_ahead_of_the_clock_when_the_day_runs_faster() -> None:
    recorded, started_s = Recorded(), time.time()
    with feeding(recorded, speed=60.0) as counts:
        wait_until(lambda: time.time() > started_s + 3.0 and counts.produced > 5000, "some observations")
    newest_ms = recorded.columns().event_ms.max()
    assert (started_s + 0.5) * 1000 < newest_ms <= time.time() * 1000


def test_a_backfill_begins_at_a_window_that_is_at_least_six_minutes_old() -> None:
    assert backfill_start_s(MORNING_S) == MORNING_S - 600
    assert backfill_start_s(MORNING_S + 59) == MORNING_S - 600
    assert backfill_start_s(MORNING_S + 60) == MORNING_S - 300


def test_the_longest_backfill_is_told_from_its_first_second() -> None:
    recorded = Recorded()
    with feeding(recorded, now=lambda: MORNING_S + 59) as counts:
        wait_until(lambda: counts.produced > 9000, "eleven minutes")
    assert recorded.columns().start_ms.min() == (MORNING_S - 600) * 1000


def test_nothing_that_began_before_is_told_after_a_stop() -> None:
    recorded, since_s = Recorded(), MORNING_S - 90
    with feeding(recorded, since_s=since_s, now=lambda: MORNING_S) as counts:
        wait_until(lambda: counts.produced > 500, "a minute and a half")
    assert recorded.columns().start_ms.min() >= since_s * 1000


def test_a_record_that_the_broker_does_not_take_is_sent_again() -> None:
    recorded, unhindered = Recorded(room=100), Recorded()
    with feeding(unhindered, now=lambda: MORNING_S) as counts:
        wait_until(lambda: counts.produced > 5000, "everything at once")
    with feeding(recorded, now=lambda: MORNING_S) as counts:
        wait_until(lambda: counts.failed_sends > 0, "a refusal")
        assert counts.produced == 100
        recorded.room = 1_000_000
        wait_until(lambda: counts.produced >= len(unhindered.values), "the rest")
    assert recorded.values == unhindered.values


def test_what_waits_too_long_for_the_broker_is_forgotten() -> None:
    recorded, moment = Recorded(room=0), [MORNING_S]
    with feeding(recorded, now=lambda: moment[0]) as counts:
        wait_until(lambda: counts.failed_sends > 0, "a refusal")
        moment[0] += 3600
        recorded.room = 1_000_000
        wait_until(lambda: counts.forgotten > 5000, "the old ones forgotten")
        wait_until(lambda: counts.produced > 5000, "the newer ones sent")
    # An hour away: only what was told in its last twelve minutes.
    assert recorded.columns().event_ms.min() >= (moment[0] - 720 - 60) * 1000
