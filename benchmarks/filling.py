"""Writing a log onto a topic as fast as one core can; nobody measures this."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.log_records import LogRecord

CHUNK = 20_000
MOST_WAITING = 200_000
FLUSH_S = 120.0
# About 1,000 records in a batch, as a busy producer makes them; never two in flight that could swap.
FAST: dict[str, str | int | bool] = {
    "linger.ms": 50,
    "batch.num.messages": 1_000,
    "queue.buffering.max.messages": 2_000_000,
    "enable.idempotence": "false",
    "max.in.flight": 1,
    "acks": 1,
    "delivery.report.only.error": True,
    "log_level": 2,
}


def fast_producer(bootstrap: str) -> Producer:
    """A producer for whole logs."""
    return Producer({"bootstrap.servers": bootstrap, **FAST})


def fill(bootstrap: str, topic: str, records: Iterable[LogRecord]) -> list[int]:
    """Produce `records`, in their order within each partition; the number of records per partition.

    Raises RuntimeError where the broker did not take every one.
    """
    producer = fast_producer(bootstrap)
    written: dict[int, int] = {}
    waiting = iter(records)
    while chunk := list(islice(waiting, CHUNK)):
        by_partition: dict[int, list[dict[str, bytes | None]]] = {}
        for partition, key, payload in chunk:
            by_partition.setdefault(partition, []).append({"key": key, "value": payload})
        for partition, messages in by_partition.items():
            queued = producer.produce_batch(topic, messages, partition=partition)
            if queued != len(messages):
                raise RuntimeError(f"{topic}: only {queued} of {len(messages)} records could be queued")
            written[partition] = written.get(partition, 0) + queued
        while len(producer) > MOST_WAITING:
            producer.poll(0.01)
    if producer.flush(FLUSH_S):
        raise RuntimeError(f"{topic}: the broker did not take everything within {FLUSH_S:g} s")
    producer.close()
    counts = [written.get(partition, 0) for partition in range(max(written) + 1)]
    found = [high - low for low, high in watermarks(bootstrap, topic, len(counts))]
    if found != counts:
        raise RuntimeError(f"{topic}: {sum(found)} of {sum(counts)} records are there")
    return counts


def watermarks(bootstrap: str, topic: str, partitions: int) -> list[tuple[int, int]]:
    """First offset and offset after the last record of every partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-watermarks"})
    try:
        deadline = time.monotonic() + FLUSH_S
        marks = []
        for partition in range(partitions):
            found = consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=deadline - time.monotonic()
            )
            if found is None:
                raise RuntimeError(f"{topic}: nobody tells the offsets of partition {partition}")
            marks.append(found)
        return marks
    finally:
        consumer.close()
