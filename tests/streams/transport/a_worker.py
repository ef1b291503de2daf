"""A Faust worker that reads one topic in batches, on a real Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import faust
from faust.types import TP, StreamT
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from streams.transport import BatchSchema, FetchedBatch, batches, limit_buffer
from streams.transport.consumer import Consumer
from tests.streams.small_faust_app import small_faust_app

Body = Callable[[StreamT[Any]], Awaitable[None]]


class AWorker:
    """One worker of `group`. Its agent keeps every event; `auto` acknowledges them at once."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topic: str,
        directory: Path,
        *,
        body: Body | None = None,
        auto: bool = False,
        schema: BatchSchema | None = None,
        buffer: int = 8,
        options: str = "",
        **settings: Any,
    ) -> None:
        self.topic, self.auto = topic, auto
        self.events: list[Any] = []
        usual = {
            "broker_heartbeat_interval": 0.3,
            "broker_session_timeout": 6.0,
            "broker_rebalance_timeout": 10.0,
        }
        url = f"batch+kafka://{bootstrap}{options}"
        self.app = small_faust_app(group, url, directory, **usual | settings)
        source = self.app.topic(topic, schema=schema or BatchSchema())
        limit_buffer(source, buffer)
        self.app.agent(source)(body or self._keep)
        self.app.finalize()
        start_at_once(self.app)

    async def _keep(self, stream: StreamT[Any]) -> None:
        async for event in batches(stream):
            self.events.append(event)
            if self.auto:
                event.ack()

    @property
    def consumer(self) -> Consumer:
        consumer = self.app.consumer
        assert isinstance(consumer, Consumer)
        return consumer

    @property
    def batches(self) -> list[FetchedBatch]:
        return [event.value for event in self.events]

    def seen(self) -> list[tuple[int, int]]:
        """(partition, offset) of every record of a log without holes, in the order in which they came."""
        return [
            (batch.partition, batch.first_offset + i) for batch in self.batches for i in range(len(batch))
        ]

    def partitions(self) -> set[int]:
        return {tp.partition for tp in self.consumer.assignment()} if self.app.started else set()


def start_at_once(app: faust.App) -> None:
    """Leave out the second that Faust waits for tables to be declared: these apps have none."""

    async def no_wait(*_: object) -> None:
        await asyncio.sleep(0)

    tables: Any = app.tables
    tables.sleep = no_wait


@contextlib.asynccontextmanager
async def running(*workers: AWorker) -> AsyncIterator[None]:
    """The workers run until the end of the block."""
    try:
        for worker in workers:
            await worker.app.start()
        yield
    finally:
        for worker in workers:
            await worker.app.stop()


class ATopic:
    """A topic of its own, with a group that reads it."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.bootstrap, self.partitions = bootstrap, partitions
        self.name, self.group = f"topic-{uuid.uuid4().hex}", f"group-{uuid.uuid4().hex}"
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.create_topics({self.name: {"num_partitions": partitions}}, wait_for_metadata=True)
        admin.close()

    def tp(self, partition: int = 0) -> TP:
        return TP(self.name, partition)

    async def send(self, count: int, **arguments: Any) -> None:
        """Send `count` records, one after the other to each partition."""

        def produce() -> None:
            producer = KafkaProducer(bootstrap_servers=self.bootstrap, **arguments)
            for number in range(count):
                producer.send(
                    self.name,
                    key=b"key-%d" % number if number % 3 else None,
                    value=b'{"number":%d}' % number if number % 7 or not number % 3 else None,
                    headers=[("trace", b"%d" % number)] if number % 5 == 0 else [],
                    partition=number % self.partitions,
                )
            producer.flush()
            producer.close()

        await asyncio.to_thread(produce)

    async def committed(self) -> dict[int, int]:
        """What the group has committed, by partition."""
        return await asyncio.to_thread(self._committed)

    def _committed(self) -> dict[int, int]:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            offsets: Mapping[Any, Any] = admin.list_group_offsets(self.group)[self.group]
            return {tp.partition: offset.offset for tp, offset in offsets.items() if offset.offset >= 0}
        finally:
            admin.close()

    async def until_committed(self, expected: dict[int, int]) -> None:
        deadline = asyncio.get_running_loop().time() + 15
        while (found := await self.committed()) != expected:
            assert asyncio.get_running_loop().time() < deadline, f"committed: {found}, not {expected}"

    async def read_by_kafka_python(self) -> dict[tuple[int, int], tuple[Any, ...]]:
        """(partition, offset) -> (timestamp, key, value) of all that is in the topic."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> dict[tuple[int, int], tuple[Any, ...]]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
        )
        tps = [TopicPartition(self.name, partition) for partition in range(self.partitions)]
        consumer.assign(tps)
        ends = consumer.end_offsets(tps)
        found = {}
        while any(consumer.position(tp) < ends[tp] for tp in tps):
            for records in consumer.poll(timeout_ms=200).values():
                for r in records:
                    found[r.partition, r.offset] = (r.timestamp, r.key, r.value or b"")
        consumer.close()
        return found
