"""Follow topics of Kafka without a consumer group: every partition, from a little before its end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

START_BEFORE_END = 200
POLL_MS = 200
RETRY_S = 1.0
NEW_PARTITIONS_EVERY_POLLS = 150
CONNECT_S = 2.0
_DEFAULTS: dict[str, Any] = {
    "fetch_max_wait_ms": POLL_MS,
    "bootstrap_timeout_ms": 5000,
    "request_timeout_ms": 10_000,
    "reconnect_backoff_max_ms": 1000,
    "allow_auto_create_topics": False,
}


def follow(
    settings: Mapping[str, Any],
    topics: Sequence[str],
    take: Callable[[bytes | None], object],
    report: Callable[[str], None],
    stopping: threading.Event,
) -> None:
    """Give every record's value to `take` until `stopping`; connects again for as long as it takes.

    A value is None where the record is a tombstone. `report` gets what is wrong in words, and "" once
    reading works. Each new connection starts again a little before the end: what was seen already changes
    nothing when it is folded a second time.
    """
    arguments = {**_DEFAULTS, **settings, "group_id": None, "enable_auto_commit": False}
    while not stopping.is_set():
        try:
            _connect_to_any(settings["bootstrap_servers"])
            with closing(KafkaConsumer(**arguments)) as consumer:
                _read(consumer, topics, take, report, stopping)
        except (KafkaError, OSError, AssertionError) as error:  # kafka-python asserts on a vanished broker
            report(f"{settings['bootstrap_servers']}: {type(error).__name__}: {error}")
            stopping.wait(RETRY_S)


def _connect_to_any(servers: str | Sequence[str]) -> None:
    """Raise OSError unless one server accepts a connection.

    Asked first because a consumer that cannot connect waits long and leaves its sockets open.
    """
    problem = OSError("no server is named")
    for server in servers.split(",") if isinstance(servers, str) else servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host, int(port)), CONNECT_S).close()
        except OSError as error:
            problem = error
        else:
            return
    raise problem


def _read(
    consumer: KafkaConsumer,
    topics: Sequence[str],
    take: Callable[[bytes | None], object],
    report: Callable[[str], None],
    stopping: threading.Event,
) -> None:
    assigned: set[TopicPartition] = set()
    polls = 0
    while not stopping.is_set():
        if polls % NEW_PARTITIONS_EVERY_POLLS == 0 or not assigned:
            assigned = _assign_new(consumer, topics, assigned)
        polls += 1
        if not assigned:
            report(f"topics {', '.join(topics)} do not exist yet")
            stopping.wait(POLL_MS / 1000)
            continue
        for records in consumer.poll(timeout_ms=POLL_MS).values():
            for record in records:
                take(record.value)
        report("")


def _assign_new(
    consumer: KafkaConsumer, topics: Sequence[str], assigned: set[TopicPartition]
) -> set[TopicPartition]:
    """Assign partitions that appeared, and place the new ones a little before their end."""
    present = {
        TopicPartition(topic, partition)
        for topic in topics
        for partition in consumer.partitions_for_topic(topic) or ()
    }
    fresh = present - assigned
    if not fresh:
        return assigned
    positions = {partition: consumer.position(partition) for partition in assigned}
    consumer.assign(sorted(present | assigned))
    for partition, position in positions.items():
        consumer.seek(partition, position)
    first, end = consumer.beginning_offsets(list(fresh)), consumer.end_offsets(list(fresh))
    for partition in fresh:
        consumer.seek(partition, max(first[partition], end[partition] - START_BEFORE_END))
    return present | assigned
