"""`citybrain feed demo` in a process of its own, on a real Kafka."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from citybrain.command import main
from models.partitioning import partition_of
from streams.broker import BrokerAddress
from streams.topics import OBSERVATIONS
from tests.waiting import wait_until


@pytest.mark.kafka
def test_the_demo_feed_fills_every_partition_and_stops_at_once_when_told(
    kafka_broker: BrokerAddress, tmp_path: Path
) -> None:
    environment = {"CITYBRAIN_BROKER": kafka_broker.bootstrap, "CITYBRAIN_PARTITIONS": "3"}
    with (tmp_path / "output").open("w+") as output:
        feed = subprocess.Popen(
            [Path(sys.executable).with_name("citybrain"), "feed", "demo"],
            env={**os.environ, **environment},
            stderr=output,
        )
        try:
            kafka_broker.create_topics({OBSERVATIONS.name: 3})
            records = read(kafka_broker, 3, 500)
            feed.send_signal(signal.SIGTERM)
            assert feed.wait(5) == 0
        finally:
            feed.kill()
            feed.wait()
        output.seek(0)
        summary = json.loads(output.read().splitlines()[-1])
    assert summary["produced"] >= 500
    assert {record.partition for record in records} == {0, 1, 2}
    for record in records[:50]:
        assert record.partition == partition_of(record.key, 3)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["feed", "demo", "--file", "x.ndjson"], "feed demo: takes no --file"),
        (["feed", "demo", "--print"], "feed demo: takes no --print"),
        (["feed", "demo"], "CITYBRAIN_BROKER: this process needs a Kafka"),
        (["feed", "ndjson"], "feed ndjson: needs --file FILE"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CITYBRAIN_BROKER", raising=False)
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert problem in line


def read(broker: BrokerAddress, partitions: int, count: int) -> list[Any]:
    consumer = KafkaConsumer(**broker.consumer_arguments, auto_offset_reset="earliest")
    records: list[Any] = []
    try:
        consumer.assign([TopicPartition(OBSERVATIONS.name, p) for p in range(partitions)])

        def enough() -> bool:
            for batch in consumer.poll(timeout_ms=200).values():
                records.extend(batch)
            return len(records) >= count

        wait_until(enough, f"{count} observations")
    finally:
        consumer.close()
    return records
