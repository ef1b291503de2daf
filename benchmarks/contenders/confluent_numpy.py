"""Bare confluent-kafka, tuned: consume(5000), msgspec for a batch, numpy windows; commits as by default."""

from __future__ import annotations

from confluent_kafka import Consumer, KafkaException

from benchmarks.contenders.numpy_means import NumpyMeans
from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.task import Task

BATCH = 5_000
POLL_S = 0.5
# Without these librdkafka pauses for a second whenever its queue of 100,000 messages is full.
TUNED: dict[str, str | int] = {"queued.min.messages": 1_000_000, "fetch.queue.backoff.ms": 5}


def run(task: Task, meter: Meter) -> WindowMeans:
    """Read the topic to its end."""
    means = NumpyMeans(task.workload)
    meter.start()
    consumer = Consumer(
        {
            "bootstrap.servers": task.bootstrap,
            "group.id": task.group,
            "auto.offset.reset": "earliest",
            **TUNED,
        }
    )
    consumer.subscribe([task.topic])
    try:
        seen = 0
        while seen < task.records:
            messages = consumer.consume(BATCH, POLL_S)
            if not messages:
                continue
            meter.first()
            failed = [error for message in messages if (error := message.error()) is not None]
            if failed:
                raise KafkaException(failed[0])
            means.add([message.value() or b"" for message in messages])
            seen += len(messages)
        consumer.commit(asynchronous=False)
        meter.stop()
    finally:
        consumer.close()
    return means.found
