"""What citybrain needs of a broker, promised by the embedded one and by a real Kafka alike."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import faust
import pytest
from faust.streams import Stream
from faust.types import EventT
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from models.errors import ConfigurationError
from models.partitioning import partition_of
from streams.broker import BrokerAddress
from tests.waiting import until, wait_until

TOPIC = "observations.traffic"


def send(broker: BrokerAddress, records: list[tuple[str | None, bytes]], **details: Any) -> list[Any]:
    """Produce (key, value) records; gives the broker's answers: topic, partition, offset."""
    producer = KafkaProducer(**broker.kafka_arguments)
    try:
        futures = [
            producer.send(TOPIC, key=None if key is None else key.encode(), value=value, **details)
            for key, value in records
        ]
        producer.flush()
        return [future.get(timeout=10) for future in futures]
    finally:
        producer.close()


def read(broker: BrokerAddress, count: int, **arguments: Any) -> list[Any]:
    """Read `count` records of every partition from the beginning, by a consumer without a group."""
    consumer = KafkaConsumer(**broker.consumer_arguments, auto_offset_reset="earliest", **arguments)
    try:
        # Assigned, not subscribed: kafka-python now and then assigns nothing to a subscriber without a group.
        consumer.assign([TopicPartition(TOPIC, p) for p in sorted(consumer.partitions_for_topic(TOPIC))])
        records: list[Any] = []

        def all_there() -> bool:
            for batch in consumer.poll(timeout_ms=200).values():
                records.extend(batch)
            return len(records) >= count

        wait_until(all_there, f"reading {count} records")
        return records
    finally:
        consumer.close()


def test_topics_have_the_partitions_that_were_chosen_and_making_them_twice_changes_nothing(
    broker: BrokerAddress,
) -> None:
    for _ in range(2):
        broker.create_topics({TOPIC: 3, "area-indices": 1})
    consumer = KafkaConsumer(**broker.consumer_arguments)
    try:
        assert consumer.partitions_for_topic(TOPIC) == {0, 1, 2}
        assert consumer.partitions_for_topic("area-indices") == {0}
    finally:
        consumer.close()


def test_a_topic_with_another_number_of_partitions_is_refused_by_name(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: 3})
    with pytest.raises(ConfigurationError, match=r"observations\.traffic: has 3 partitions, not 4"):
        broker.create_topics({TOPIC: 4})


def test_a_keyed_record_goes_to_the_partition_that_our_own_rule_names(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: 4})
    keys = [f"g{row:02d}-g{column:02d}" for row in range(5) for column in range(5)]
    answers = send(broker, [(key, b"{}") for key in keys])
    assert [answer.partition for answer in answers] == [partition_of(key, 4) for key in keys]
    assert len({answer.partition for answer in answers}) == 4


def test_every_record_is_read_once_in_order_with_offsets_without_a_hole(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: 4})
    send(broker, [(f"segment-{i % 97}", str(i).encode()) for i in range(2000)])
    records = read(broker, 2000)
    assert sorted(int(record.value) for record in records) == list(range(2000))
    for partition in range(4):
        mine = [record for record in records if record.partition == partition]
        assert [record.offset for record in mine] == list(range(len(mine)))
        assert [int(record.value) for record in mine] == sorted(int(record.value) for record in mine)


def test_a_consumer_learns_the_first_and_the_next_offset_of_a_partition(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: 1})
    send(broker, [("a", b"{}")] * 5)
    place = TopicPartition(TOPIC, 0)
    consumer = KafkaConsumer(**broker.consumer_arguments)
    try:
        assert consumer.beginning_offsets([place])[place] == 0
        assert consumer.end_offsets([place])[place] == 5
    finally:
        consumer.close()


def test_keys_values_headers_and_timestamps_arrive_as_they_were_sent(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: 1})
    value = bytes(range(256))
    headers = [("feed", b"demo"), ("empty", b"")]
    send(broker, [("环城北路", value), (None, b"")], headers=headers, timestamp_ms=1_772_323_200_123)
    first, second = read(broker, 2)
    assert (first.key.decode(), first.value, first.timestamp) == ("环城北路", value, 1_772_323_200_123)
    assert [tuple(header) for header in first.headers] == headers
    assert (second.key, second.value) == (None, b"")


def test_a_record_of_nearly_a_megabyte_passes(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: 1})
    value = bytes(1_000_000)
    send(broker, [("large", value), ("small", b"after")])
    assert [record.value for record in read(broker, 2)] == [value, b"after"]


def test_a_group_goes_on_after_its_commit(broker: BrokerAddress) -> None:
    broker.create_topics({TOPIC: 1})
    send(broker, [("a", str(i).encode()) for i in range(10)])
    group = f"group-{uuid.uuid4().hex}"
    consumer = KafkaConsumer(
        **broker.consumer_arguments, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    consumer.subscribe([TOPIC])
    taken: list[bytes] = []

    def four_taken() -> bool:
        for batch in consumer.poll(timeout_ms=200, max_records=4 - len(taken)).values():
            taken.extend(record.value for record in batch)
        return len(taken) == 4

    try:
        wait_until(four_taken, "reading four records")
        consumer.commit()
    finally:
        consumer.close()
    rest = read(broker, 6, group_id=group, enable_auto_commit=False)
    assert [int(record.value) for record in rest] == list(range(4, 10))


async def test_a_faust_agent_that_acknowledges_by_hand_is_given_again_what_it_did_not_acknowledge(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    broker.create_topics({TOPIC: 1})
    await asyncio.to_thread(send, broker, [("a", str(i).encode()) for i in range(20)])
    group = f"group-{uuid.uuid4().hex}"

    async def run(acknowledge_below: int, expect: int) -> list[int]:
        """Take records until `expect` came, acknowledging those below a value; gives all values seen."""
        seen: list[int] = []
        app = faust.App(
            group,
            broker=broker.faust_url,
            store="memory://",
            datadir=str(tmp_path / uuid.uuid4().hex),
            web_enabled=False,
            autodiscover=False,
            set_as_current=False,
            broker_commit_interval=0.1,
            stream_wait_empty=False,
            key_serializer="raw",
            value_serializer="raw",
            **broker.faust_arguments,
        )
        source = app.topic(TOPIC, key_serializer="raw", value_serializer="raw")

        async def take(stream: faust.StreamT[bytes]) -> None:
            async for events in cast(Stream[bytes], stream).noack_take(100, within=0.1):
                for event in cast(Sequence[EventT[bytes]], events):
                    seen.append(int(cast(bytes, event.value)))
                    if seen[-1] < acknowledge_below:
                        event.ack()

        app.agent(source)(take)
        app.finalize()
        await app.start()
        try:
            await until(lambda: len(seen) >= expect, f"taking {expect} records")
        finally:
            await app.stop()
        return seen

    assert await run(acknowledge_below=12, expect=20) == list(range(20))
    assert await run(acknowledge_below=20, expect=8) == list(range(12, 20))


async def test_faust_is_given_a_record_soon_after_it_was_sent(broker: BrokerAddress, tmp_path: Path) -> None:
    """Faust's own wait for records is 1.5 s, which the embedded broker would use up every time."""
    broker.create_topics({TOPIC: 1})
    delays_s: list[float] = []
    app = faust.App(
        f"group-{uuid.uuid4().hex}",
        broker=broker.faust_url,
        store="memory://",
        datadir=str(tmp_path),
        web_enabled=False,
        autodiscover=False,
        set_as_current=False,
        value_serializer="raw",
        **broker.faust_arguments,
    )
    source = app.topic(TOPIC, value_serializer="raw")

    async def take(stream: faust.StreamT[bytes]) -> AsyncIterator[None]:
        async for value in stream:
            delays_s.append(time.monotonic() - float(value))
            yield

    app.agent(source)(take)
    app.finalize()
    await app.start()
    producer = KafkaProducer(**broker.kafka_arguments)
    try:
        for count in range(1, 11):
            producer.send(TOPIC, str(time.monotonic()).encode())
            await until(lambda count=count: len(delays_s) == count, "the record")  # type: ignore[misc]
    finally:
        producer.close()
        await app.stop()
    assert sorted(delays_s)[5] < 0.5, f"median of {delays_s}"


def test_two_embedded_brokers_have_logs_of_their_own_and_two_clients_of_one_kafka_share_one(
    broker: BrokerAddress,
) -> None:
    from streams.broker import kafka_address, open_broker

    if broker.embedded:
        with open_broker("embedded") as other:
            assert other.bootstrap != broker.bootstrap
            assert other.log_id != broker.log_id
    else:
        assert kafka_address(broker.bootstrap).log_id == broker.log_id
