"""Workers that come and go, seek, fail and finish in any order: nothing is committed that is not done."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import IllegalStateError
from faust.types import StreamT

from streams.transport import BatchSchema, gathered
from tests.streams.transport.a_worker import ATopic, AWorker

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTITIONS = 4
RECORDS = 12_000


class Done:
    """Which offsets of each partition some worker has finished with."""

    def __init__(self) -> None:
        self._offsets: list[set[int]] = [set() for _ in range(PARTITIONS)]
        self.before = [0] * PARTITIONS
        """All offsets below are done."""

    def add(self, partition: int, offsets: list[int]) -> None:
        done = self._offsets[partition]
        done.update(offsets)
        while self.before[partition] in done:
            self.before[partition] += 1


@pytest.mark.parametrize("fast_path", ["on", "off"])
async def test_the_commit_never_passes_what_is_done_and_everything_is_done_in_the_end(
    kafka_bootstrap: str, tmp_path: Path, fast_path: str
) -> None:
    chance, done, topic = random.Random(20261122), Done(), ATopic(kafka_bootstrap, PARTITIONS)
    careful = asyncio.Event()  # set: agents fail no more

    async def body(stream: StreamT[Any]) -> None:
        event: Any
        async for events in gathered(stream, chance.choice([10, 200]), 0.05):
            for event in events:
                asyncio.get_running_loop().call_later(chance.random() ** 3, finish, event)
            if chance.random() < 0.02 and not careful.is_set():
                raise ValueError("an agent fails")

    def finish(event: Any) -> None:
        partition, offsets = event.value.partition, event.value.offsets.tolist()
        done.add(partition, offsets)
        event.ack()

    def a_worker() -> AWorker:
        return AWorker(
            topic.bootstrap,
            topic.group,
            topic.name,
            tmp_path,
            body=body,
            buffer=4,
            schema=BatchSchema(largest_batch=chance.choice([7, 50, 1000])),
            options=f"?fast_path={fast_path}",
        )

    async def feed() -> None:
        for _ in range(RECORDS // 500):
            await topic.send(500)
            await asyncio.sleep(0.3)

    async def check_commits() -> dict[int, int]:
        committed = await topic.committed()
        assert all(offset <= done.before[partition] for partition, offset in committed.items())
        return committed

    feeding, stays = asyncio.create_task(feed()), a_worker()
    await stays.app.start()
    while not feeding.done():
        comes = a_worker()
        await comes.app.start()
        for _ in range(chance.randint(2, 8)):
            await asyncio.sleep(0.2)
            await check_commits()
            worker = chance.choice([stays, comes])
            if chance.random() < 0.3 and (partitions := sorted(worker.partitions())):
                partition = chance.choice(partitions)
                with contextlib.suppress(IllegalStateError):  # the partition has just gone
                    await worker.consumer.seek(topic.tp(partition), chance.randint(0, done.before[partition]))
        await comes.app.stop()
    await feeding
    careful.set()
    await stays.app.stop()  # what agents failed on is read again by the next worker
    last = a_worker()
    await last.app.start()
    try:
        deadline_s = asyncio.get_running_loop().time() + 30
        while await check_commits() != dict.fromkeys(range(PARTITIONS), RECORDS // PARTITIONS):
            assert asyncio.get_running_loop().time() < deadline_s
    finally:
        await last.app.stop()
