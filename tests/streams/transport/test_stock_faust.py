"""What Faust 0.15.3 loses by itself. Where one of these fails, the transport may stop working around it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.transport.consumer import Consumer
from faust.types import TP, StreamT

from tests.streams.small_faust_app import small_faust_app
from tests.streams.transport.a_worker import ATopic, start_at_once
from tests.waiting import until


def an_app(bootstrap: str, group: str, directory: Path) -> faust.App:
    return small_faust_app(group, f"kafka://{bootstrap}", directory)


def a_consumer(app: faust.App) -> Consumer:
    app.finalize()
    consumer = app.consumer
    assert isinstance(consumer, Consumer)
    return consumer


async def test_the_size_of_a_topics_buffer_is_ignored(tmp_path: Path) -> None:
    assert an_app("nowhere", "group", tmp_path).topic("topic", maxsize=8).maxsize is None


@pytest.mark.parametrize("committed", [2585, None])
async def test_a_commit_passes_over_a_record_that_is_not_done(tmp_path: Path, committed: int | None) -> None:
    consumer, tp = a_consumer(an_app("nowhere", "group", tmp_path)), TP("topic", 0)
    consumer._committed_offset[tp] = committed
    consumer._acked[tp].extend([2586, 2587, 2588, 2589])  # 2585 is still being worked on
    assert consumer._new_offset(tp) == 2590


@pytest.mark.kafka
class TestOnKafka:
    """Records that no agent has finished with, and that nobody gets again."""

    @pytest.fixture
    def one(self, kafka_bootstrap: str) -> ATopic:
        return ATopic(kafka_bootstrap, partitions=1)

    def a_worker(
        self, topic: ATopic, directory: Path, body: Callable[[StreamT[Any]], Awaitable[None]]
    ) -> faust.App:
        app = an_app(topic.bootstrap, topic.group, directory)
        app.agent(app.topic(topic.name))(body)
        app.finalize()
        start_at_once(app)
        return app

    async def test_a_record_in_hand_when_the_worker_stops_is_committed(
        self, one: ATopic, tmp_path: Path
    ) -> None:
        in_hand = asyncio.Event()

        async def never_ends(stream: StreamT[Any]) -> None:
            async for _ in stream:
                in_hand.set()
                await asyncio.Event().wait()

        await one.send(1)
        app = self.a_worker(one, tmp_path, never_ends)
        await app.start()
        await asyncio.wait_for(in_hand.wait(), 20)
        await app.stop()
        assert await one.committed() == {0: 1}

    async def test_a_record_that_an_agent_failed_on_is_committed(self, one: ATopic, tmp_path: Path) -> None:
        failed = asyncio.Event()

        async def fails(stream: StreamT[Any]) -> None:
            async for _ in stream:
                failed.set()
                raise ValueError("this record")

        await one.send(1)
        app = self.a_worker(one, tmp_path, fails)
        await app.start()
        try:
            await asyncio.wait_for(failed.wait(), 20)
            await one.until_committed({0: 1})
        finally:
            await app.stop()

    async def test_a_failed_commit_is_taken_for_done_and_a_partition_without_one_does_not_go_back(
        self, one: ATopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[Any] = []

        async def keep(stream: Any) -> None:
            async for event in stream.noack().events():
                events.append(event)

        await one.send(10)
        app = self.a_worker(one, tmp_path, keep)
        await app.start()
        consumer = a_consumer(app)
        try:
            await until(lambda: len(events) == 10)
            await consumer.perform_seek()  # back to the last commit: there is none
            await one.send(1)
            await until(lambda: len(events) >= 11)
            assert [event.message.offset for event in events] == list(range(11)), "nothing is read again"

            async def no(_: object) -> bool:
                return False

            monkeypatch.setattr(consumer, "_commit", no)
            for event in events:
                event.ack()
            await until(lambda: consumer._committed_offset[one.tp()] == 11)
            monkeypatch.undo()
            await consumer.commit()
            assert await one.committed() == {}
        finally:
            await app.stop()
