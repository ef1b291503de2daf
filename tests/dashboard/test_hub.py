"""The hub ticks, counts what it cannot read, and never waits for the history."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from kafka import KafkaProducer
from prometheus_client import CollectorRegistry

from dashboard.fanout import Tick
from dashboard.hub import Hub
from dashboard.metrics import WebMetrics
from dashboard.snapshot import TypicalPlace
from streams.broker import BrokerAddress
from tests.dashboard.a_picture import (
    NOON_S,
    a_city,
    area_record,
    encoded,
    every_area,
    every_day_a_workday,
    segment_record,
)
from tests.waiting import wait_until

CITY = a_city()
TOPICS = {"indices": 2, "area-indices": 1}


def _hub(broker: BrokerAddress | None = None, metrics: WebMetrics | None = None) -> Hub:
    consumer = broker.consumer_arguments if broker else None
    return Hub(
        CITY,
        consumer,
        day_type_of=every_day_a_workday,
        metrics=metrics,
        now_ms=lambda: (NOON_S + 70) * 1000,
    )


def _produce(broker: BrokerAddress, topic: str, payloads: list[bytes], partition: int = 0) -> None:
    producer = KafkaProducer(**broker.kafka_arguments)
    for payload in payloads:
        producer.send(topic, payload, partition=partition)
    producer.flush(20)
    producer.close()


def test_ids_grow_by_one_and_begin_at_the_time_of_the_start() -> None:
    hub = _hub()
    first, second = hub.tick(), hub.tick()
    assert first.id == NOON_S + 71
    assert second.id == first.id + 1


def test_every_listener_gets_the_same_bytes() -> None:
    hub = _hub()
    one: list[Tick] = []
    other: list[Tick] = []
    hub.listen(one.append)
    hub.listen(other.append)
    tick = hub.tick()
    assert one == other == [tick]
    assert one[0].payload is other[0].payload


def test_bytes_that_are_no_index_record_are_counted_and_stop_nothing() -> None:
    metrics = WebMetrics(CollectorRegistry())
    hub = _hub(metrics=metrics)
    for nonsense in (b"", b"{}", b"\xff" * 40, b"\x93\x01\x02\x03"):
        assert hub.take(nonsense) == 0
    assert metrics.registry.get_sample_value("citybrain_undecodable_records_total") == 4
    assert hub.take(encoded(segment_record(CITY, 4.0))[0]) == 6


def test_typical_values_and_the_state_of_the_history_are_shown_from_the_next_tick_on() -> None:
    hub = _hub()
    hub.set_typical({("city", "tiny"): TypicalPlace(1.0, 2.0, 3.0)})
    hub.set_history("building", 0.5)
    body = json.loads(hub.tick().payload)
    assert body["city"]["typical"] == {"p10": 1.0, "p50": 2.0, "p90": 3.0}
    assert body["history"] == {"state": "building", "share": 0.5}


def test_ticks_go_on_while_the_broker_does_not_answer() -> None:
    hub = Hub(
        CITY,
        {"bootstrap_servers": ["127.0.0.1:1"], "api_version": (2, 3)},
        day_type_of=every_day_a_workday,
    )
    ticks: list[float] = []
    hub.listen(lambda _tick: ticks.append(time.monotonic()))
    hub.start()
    try:
        wait_until(lambda: hub.snapshot is not None and hub.snapshot.lag.problem, "the problem is told", 20)
        wait_until(lambda: len(ticks) >= 4, "four ticks")
    finally:
        hub.stop()
    assert hub.snapshot is not None
    assert "127.0.0.1:1" in hub.snapshot.lag.problem
    assert hub.snapshot.state == "starting"
    assert max(b - a for a, b in pairwise(ticks)) < 1.6


def test_what_was_published_before_the_start_is_on_the_first_picture(broker: BrokerAddress) -> None:
    broker.create_topics(TOPICS)
    _produce(broker, "indices", encoded(segment_record(CITY, 4.0, segment_ids=["s0", "s1"])), 0)
    _produce(broker, "indices", encoded(segment_record(CITY, 1.0, segment_ids=["s2"], partition=1)), 1)
    _produce(broker, "area-indices", encoded(area_record(CITY, every_area(CITY, 6.0))))
    hub = _hub(broker)
    hub.start()
    try:
        wait_until(
            lambda: hub.snapshot is not None and len(hub.snapshot.lag.partitions) == 2, "both partitions"
        )
        wait_until(lambda: hub.snapshot is not None and hub.snapshot.city.index == 6.0, "the city index")
        _produce(broker, "indices", encoded(segment_record(CITY, 1.0, window_start=NOON_S + 60)))
        wait_until(
            lambda: hub.snapshot is not None and hub.snapshot.segments.levels == "AQEBAQEB", "new levels"
        )
    finally:
        hub.stop()


def test_topics_that_appear_after_the_start_are_followed(embedded_broker: BrokerAddress) -> None:
    hub = _hub(embedded_broker)
    hub.start()
    try:
        wait_until(lambda: hub.newest is not None, "a tick")
        embedded_broker.create_topics(TOPICS)
        _produce(embedded_broker, "indices", encoded(segment_record(CITY, 1.0)))
        wait_until(lambda: hub.snapshot is not None and hub.snapshot.state == "live", "live", 40)
    finally:
        hub.stop()


@pytest.mark.parametrize("records", [1, 450])
def test_a_long_log_is_read_from_a_little_before_its_end(
    embedded_broker: BrokerAddress, records: int
) -> None:
    embedded_broker.create_topics(TOPICS)
    payloads = encoded(*(segment_record(CITY, 1.0, version=i + 1) for i in range(records)))
    _produce(embedded_broker, "indices", payloads)
    seen: list[int] = []
    hub = _hub(embedded_broker)
    take = hub.take
    hub.take = lambda payload: seen.append(1) or take(payload)  # type: ignore[method-assign,func-returns-value]
    hub.start()
    try:
        wait_until(lambda: hub.snapshot is not None and hub.snapshot.state == "live", "live")
        wait_until(lambda: len(seen) >= min(records, 200), "all that is left")
    finally:
        hub.stop()
    assert len(seen) == min(records, 200)
