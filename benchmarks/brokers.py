"""The brokers that contenders read from: real Kafkas, and embedded brokers in the benchmark's process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.payloads import clock_payload
from models.errors import BrokerUnavailable
from streams.broker import embedded_address, kafka_address
from streams.embedded_broker import running_embedded_broker
from streams.index_app import GROUP
from streams.topics import AREA_PARTIALS, DEAD_LETTERS, INDICES, OBSERVATIONS, partition_counts
from tests.services.kafka_server import running_kafka

WRITTEN = (INDICES.name, AREA_PARTIALS.name, DEAD_LETTERS.name)
"""What the index job writes."""

DELETE_S = 30.0
TICK_S = 0.5


@contextlib.contextmanager
def kafka_with_topics(directory: Path, partitions: int, others: dict[str, int]) -> Iterator[str]:
    """A real Kafka with the product's topics and `others` (name -> partitions); its bootstrap address."""
    with running_kafka(directory) as bootstrap:
        kafka_address(bootstrap).create_topics(partition_counts(partitions) | others)
        yield bootstrap


@contextlib.contextmanager
def embedded_with_topics(partitions: int, others: dict[str, int]) -> Iterator[str]:
    """An embedded broker in this process with the product's topics and `others`; its bootstrap address."""
    with running_embedded_broker() as broker:
        embedded_address(broker).create_topics(partition_counts(partitions) | others)
        yield broker.bootstrap


def forget_index_job(bootstrap: str, partitions: int) -> None:
    """Make a Kafka as if the index job had never run on it: no results, no group."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    for deleted in admin.delete_topics(list(WRITTEN)).values():
        deleted.result(DELETE_S)
    _until(lambda: not set(WRITTEN) & set(admin.list_topics(timeout=DELETE_S).topics), "deleting topics")
    for left in admin.delete_consumer_groups([GROUP]).values():
        with contextlib.suppress(KafkaException):  # there is none before the first run
            left.result(DELETE_S)
    kafka_address(bootstrap).create_topics(partition_counts(partitions))


@contextlib.contextmanager
def ticking(bootstrap: str, partitions: int) -> Iterator[None]:
    """The time of now in every partition, as the product's ticker writes it, until the end of the block: what
    a worker that has caught up goes on with."""
    stopping = threading.Event()

    def tick() -> None:
        producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "log_level": 2})
        while not stopping.wait(TICK_S):
            value = clock_payload(int(time.time()))
            for partition in range(partitions):
                producer.produce(OBSERVATIONS.name, value=value, partition=partition)
            producer.poll(0)
        producer.flush(DELETE_S)
        producer.close()

    thread = threading.Thread(target=tick, name="ticker")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def committed_records(bootstrap: str, partitions: int) -> int:
    """Records of the observations that the index job's group committed."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP})
    try:
        places = [TopicPartition(OBSERVATIONS.name, i) for i in range(partitions)]
        return sum(max(0, place.offset) for place in consumer.committed(places, timeout=DELETE_S))
    finally:
        consumer.close()


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DELETE_S
    while not condition():
        if time.monotonic() > deadline:
            raise BrokerUnavailable("benchmark's Kafka", f"{what} did not end within {DELETE_S:g} s")
        time.sleep(0.05)
