"""A recording onto the topic: the same log on the embedded broker and on a real one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from models.partitioning import partition_of
from streams.broker import BrokerAddress
from streams.feeds.ordering import LogEntry, log_order
from streams.feeds.recordings import read_recording
from streams.feeds.records import FeedRecord, only_records
from streams.feeds.replay import clock_payload, replay
from streams.topics import OBSERVATIONS
from tests.config.a_city import a_city

PARTITIONS = 3


def a_log(folder: Path) -> list[LogEntry]:
    lines = [
        {
            "sensor_id": f"S{i % 2 + 1}",
            "event_time": f"2026-03-01T00:00:{i:02d}Z",
            "interval_s": 1,
            "flow_veh": i,
        }
        for i in range(20)
    ]
    path = folder / "recording.ndjson"
    path.write_text("\n".join(map(json.dumps, lines)))
    return list(log_order(only_records(read_recording(path, a_city()), Counter())))


def on_the_topic(broker: BrokerAddress) -> list[list[tuple[bytes | None, bytes]]]:
    """Key and value of every record, per partition."""
    consumer = KafkaConsumer(**broker.consumer_arguments, auto_offset_reset="earliest")
    parts = [TopicPartition(OBSERVATIONS.name, p) for p in range(PARTITIONS)]
    try:
        consumer.assign(parts)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(parts)
        found: list[list[tuple[bytes | None, bytes]]] = [[] for _ in parts]
        while any(consumer.position(part) < ends[part] for part in parts):
            for part, records in consumer.poll(timeout_ms=500).items():
                found[part.partition] += [(record.key, record.value) for record in records]
        return found
    finally:
        consumer.close()


def test_each_partition_holds_its_records_between_the_ticks_of_all(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    log = a_log(tmp_path)
    expected: list[list[tuple[bytes | None, bytes]]] = [[] for _ in range(PARTITIONS)]
    for entry in log:
        if entry[0] == "clock":
            for partition in expected:
                partition.append((None, clock_payload(entry[1])))
        else:
            key = entry[1].key
            expected[partition_of(key, PARTITIONS)].append((key.encode(), entry[1].payload))
    broker.create_topics({OBSERVATIONS.name: PARTITIONS})
    done = replay(log, broker.kafka_arguments, with_clock=True)
    assert (done.observations, done.clock_records, done.unconfirmed) == (20, 60, 0)
    assert on_the_topic(broker) == expected


def test_without_a_clock_only_observations_are_produced(
    embedded_broker: BrokerAddress, tmp_path: Path
) -> None:
    log = a_log(tmp_path)
    embedded_broker.create_topics({OBSERVATIONS.name: PARTITIONS})
    assert replay(log, embedded_broker.kafka_arguments, with_clock=False).clock_records == 0
    values = [value for partition in on_the_topic(embedded_broker) for _, value in partition]
    produced = [entry[1].payload for entry in log if isinstance(entry[1], FeedRecord)]
    assert sorted(values) == sorted(produced)
