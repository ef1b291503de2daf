"""Stock Faust on a real Kafka 4: what `docs/decisions/0001-kafka-4.md` rests on."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import faust
import pytest
from kafka import KafkaAdminClient, KafkaProducer

from tests.streams.small_faust_app import small_faust_app
from tests.waiting import until, wait_until

pytestmark = pytest.mark.kafka


@dataclass
class Counted:
    """One Faust worker and what it has been given: (partition, offset) in order."""

    app: faust.App
    seen: list[tuple[int, int]] = field(default_factory=list)

    def partitions(self, topic: str) -> set[int]:
        return {tp.partition for tp in self.app.consumer.assignment() if tp.topic == topic}


def a_worker(bootstrap: str, group: str, topic: str, directory: Path) -> Counted:
    app = small_faust_app(
        group,
        f"kafka://{bootstrap}",
        directory,
        topic_allow_declare=True,
        topic_disable_leader=False,
        broker_heartbeat_interval=1.0,
        broker_session_timeout=6.0,
    )
    counted = Counted(app)
    # `internal` is what makes Faust declare a topic rather than expect it.
    source = app.topic(topic, partitions=4, internal=True, key_serializer="raw", value_serializer="raw")

    async def count(stream: faust.StreamT[bytes]) -> AsyncIterator[None]:
        async for event in stream.events():
            counted.seen.append((event.message.partition, event.message.offset))
            yield

    app.agent(source)(count)
    app.finalize()
    return counted


async def send(bootstrap: str, topic: str, count: int) -> None:
    def produce() -> None:
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        for i in range(count):
            producer.send(topic, key=f"segment-{i}".encode(), value=b"{}")
        producer.flush()
        producer.close()

    await asyncio.to_thread(produce)


def committed(bootstrap: str, group: str, topic: str) -> int:
    """How many records of `topic` the group has committed, over all partitions."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        offsets = admin.list_group_offsets(group)[group]
        return sum(int(offset.offset) for tp, offset in offsets.items() if tp.topic == topic)
    finally:
        admin.close()


async def until_committed(bootstrap: str, group: str, topic: str, count: int) -> None:
    await asyncio.to_thread(wait_until, lambda: committed(bootstrap, group, topic) >= count, "the commit")


@pytest.fixture
def names() -> tuple[str, str]:
    """A group and a topic that no other test uses."""
    unique = uuid.uuid4().hex
    return f"group-{unique}", f"topic-{unique}"


async def test_faust_declares_its_topic_and_consumes_every_record(
    kafka_bootstrap: str, names: tuple[str, str], tmp_path: Path
) -> None:
    group, topic = names
    worker = a_worker(kafka_bootstrap, group, topic, tmp_path)
    await worker.app.start()
    try:
        await until(lambda: worker.partitions(topic) == {0, 1, 2, 3})
        await send(kafka_bootstrap, topic, 200)
        await until(lambda: len(worker.seen) >= 200)
    finally:
        await worker.app.stop()
    assert len(set(worker.seen)) == len(worker.seen) == 200


async def test_two_workers_share_the_partitions_and_the_one_that_stays_takes_over_all(
    kafka_bootstrap: str, names: tuple[str, str], tmp_path: Path
) -> None:
    group, topic = names
    first = a_worker(kafka_bootstrap, group, topic, tmp_path)
    second = a_worker(kafka_bootstrap, group, topic, tmp_path)
    await first.app.start()
    try:
        await until(lambda: len(first.partitions(topic)) == 4)
        await second.app.start()
        try:
            await until(lambda: len(first.partitions(topic)) == len(second.partitions(topic)) == 2)
            assert first.partitions(topic) | second.partitions(topic) == {0, 1, 2, 3}
            await send(kafka_bootstrap, topic, 200)
            await until(lambda: len({*first.seen, *second.seen}) == 200)
            assert first.seen
            assert second.seen
        finally:
            await first.app.stop()
        await until(lambda: second.partitions(topic) == {0, 1, 2, 3})
        await send(kafka_bootstrap, topic, 200)
        await until(lambda: len({*first.seen, *second.seen}) == 400)
    finally:
        await second.app.stop()


async def test_a_restarted_worker_goes_on_after_the_last_commit(
    kafka_bootstrap: str, names: tuple[str, str], tmp_path: Path
) -> None:
    group, topic = names
    before = a_worker(kafka_bootstrap, group, topic, tmp_path)
    await before.app.start()
    try:
        await until(lambda: len(before.partitions(topic)) == 4)
        await send(kafka_bootstrap, topic, 100)
        await until_committed(kafka_bootstrap, group, topic, 100)
    finally:
        await before.app.stop()

    await send(kafka_bootstrap, topic, 40)
    after = a_worker(kafka_bootstrap, group, topic, tmp_path)
    await after.app.start()
    try:
        await until(lambda: len(after.seen) >= 40)
        await until_committed(kafka_bootstrap, group, topic, 140)
    finally:
        await after.app.stop()
    assert len(after.seen) == 40
    assert not {*before.seen} & {*after.seen}
