"""Time enters the log here: one clock record per second into every partition of the observations."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from streams.broker import BrokerAddress
from streams.feeds.replay import clock_payload
from streams.topics import OBSERVATIONS

log = structlog.get_logger()

PERIOD_S = 1.0


def run_ticker(broker: BrokerAddress, partitions: Callable[[], Iterable[int]], stop: threading.Event) -> None:
    """Produce clock records until `stop` is set, into the partitions that are ours at that second: a
    partition has one clock, that of the worker which reads it. A second that the broker did not take is
    skipped, never made up: the next record carries the time."""
    producer = KafkaProducer(**broker.kafka_arguments, acks=1, linger_ms=0)
    try:
        due_s = time.monotonic()
        while not stop.is_set():
            value = clock_payload(time.time_ns() // 1_000_000)
            for partition in partitions():
                try:
                    producer.send(OBSERVATIONS.name, value=value, partition=partition)
                except KafkaError as error:
                    log.warning("clock record not sent", partition=partition, problem=str(error))
            due_s = max(due_s + PERIOD_S, time.monotonic())
            stop.wait(max(0.0, due_s - time.monotonic()))
    finally:
        producer.close(timeout=1)
