"""The hub ticks, counts what it cannot read, and never waits for the history."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from kafka import KafkaProducer
from prometheus_client import CollectorRegistry

from dashboard import rhythm
from dashboard.fanout import Tick
from dashboard.hub import Hub
from dashboard.metrics import WebMetrics
from dashboard.snapshot import TypicalPlace
from models.index_columns import IndexRecord
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


def _with_column(name: str, column: bytes | list[str]) -> Callable[[IndexRecord], object]:
    return lambda record: record.columns.__setitem__(name, column)


def _with(**values: Any) -> Callable[[IndexRecord], object]:
    def change(record: IndexRecord) -> None:
        for name, value in values.items():
            setattr(record, name, value)

    return change


BREAKINGS: dict[str, Callable[[IndexRecord], object]] = {
    "a missing column": lambda record: record.columns.pop("level"),
    "one value too few": lambda record: record.columns.__setitem__("status", bytes(record.rows - 1)),
    "another width": _with_column("window_start", bytes(8 * 6)),
    "bytes in place of names": _with_column("segment_id", bytes(6)),
    "names in place of numbers": _with_column("level", ["1"] * 6),
    "a level that does not exist": _with_column("level", bytes([1, 2, 3, 4, 5, 6])),
    "a status that does not exist": _with_column("status", bytes([9] * 6)),
    "more rows than columns": _with(rows=7),
    "another city": _with(city_id="other"),
    "another kind": _with(kind="sensor"),
    "a clock beyond all calendars": _with(clock_ms=10**17),
    "data beyond all calendars": _with(data_ms=10**17),
    "a count below zero": _with(counts={"accepted": -1}),
}


@pytest.mark.parametrize("breaking", sorted(BREAKINGS))
def test_an_index_record_that_cannot_be_shown_is_counted_and_changes_nothing(breaking: str) -> None:
    metrics = WebMetrics(CollectorRegistry())
    hub = _hub(metrics=metrics)
    hub.take(encoded(segment_record(CITY, 4.0))[0])
    before = json.loads(hub.tick().payload)
    record = segment_record(CITY, 1.0, version=9)
    BREAKINGS[breaking](record)
    assert hub.take(encoded(record)[0]) == 0
    assert metrics.registry.get_sample_value("citybrain_foreign_records_total") == 1
    after = json.loads(hub.tick().payload)
    assert after["segments"] == before["segments"]
    assert after["lag"]["partitions"] == before["lag"]["partitions"]


def test_an_area_record_with_a_status_nobody_knows_is_counted_and_the_ticks_go_on() -> None:
    metrics = WebMetrics(CollectorRegistry())
    hub = _hub(metrics=metrics)
    record = area_record(CITY, every_area(CITY, 6.0))
    record.columns["status"] = bytes([7] * record.rows)
    assert hub.take(encoded(record)[0]) == 0
    assert metrics.registry.get_sample_value("citybrain_foreign_records_total") == 1
    assert json.loads(hub.tick().payload)["city"]["index"] is None


def test_a_record_without_a_value_is_counted_and_stops_nothing() -> None:
    metrics = WebMetrics(CollectorRegistry())
    hub = _hub(metrics=metrics)
    assert hub.take(None) == 0
    assert metrics.registry.get_sample_value("citybrain_undecodable_records_total") == 1


def test_a_foreign_record_on_the_topic_does_not_end_the_reading(embedded_broker: BrokerAddress) -> None:
    embedded_broker.create_topics(TOPICS)
    broken = segment_record(CITY, 4.0)
    del broken.columns["version"]
    good = encoded(segment_record(CITY, 1.0))
    _produce(embedded_broker, "indices", [*encoded(broken), b"no record", *good])
    hub = _hub(embedded_broker)
    hub.start()
    try:
        wait_until(lambda: hub.snapshot is not None and hub.snapshot.segments.levels == "AQEBAQEB", "levels")
    finally:
        hub.stop()


def test_a_tick_that_fails_unexpectedly_is_told_to_the_owner() -> None:
    told = threading.Event()
    hub = Hub(CITY, None, day_type_of=every_day_a_workday, on_failure=told.set)

    def break_(_tick: Tick) -> None:
        raise ZeroDivisionError

    hub.listen(break_)
    hub.start()
    try:
        assert told.wait(10)
    finally:
        hub.stop()


def test_following_that_fails_unexpectedly_is_told_to_the_owner(embedded_broker: BrokerAddress) -> None:
    embedded_broker.create_topics(TOPICS)
    told = threading.Event()
    hub = Hub(
        CITY,
        {**embedded_broker.consumer_arguments, "fetch_max_wait_ms": "soon"},
        day_type_of=every_day_a_workday,
        on_failure=told.set,
    )
    hub.start()
    try:
        assert told.wait(20)
        wait_until(lambda: hub.newest is not None, "the ticks go on")
    finally:
        hub.stop()


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


def test_what_the_workers_tell_is_shown_when_all_have_told_it_and_not_at_a_second_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SILENT_S", "LATE_S"):
        monkeypatch.setattr(rhythm, name, 1000.0)
    hub = _hub()
    hub.start()
    try:
        wait_until(lambda: hub.newest is not None, "the first tick")
        first = hub.newest
        hub.take(encoded(segment_record(CITY, 4.0, segment_ids=["s0", "s1"]))[0])
        wait_until(lambda: hub.newest is not first, "the first wave, of the only partition there is")
        hub.take(encoded(segment_record(CITY, 1.0, segment_ids=["s2"], partition=1))[0])
        moved = segment_record(CITY, 1.0, segment_ids=["s0"], version=9, clock_s=NOON_S + 71)
        hub.take(encoded(moved)[0])
        wait_until(lambda: hub.snapshot is not None and hub.snapshot.segments.levels == "AQUBAAAA", "both")
    finally:
        hub.stop()


def test_a_hub_that_waits_for_a_wave_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rhythm, "SILENT_S", 1000.0)
    before = set(threading.enumerate())
    hub = _hub()
    hub.start()
    wait_until(lambda: hub.newest is not None, "the first tick")
    hub.stop(timeout_s=20.0)
    assert set(threading.enumerate()) <= before


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
