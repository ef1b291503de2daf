"""A worker that consumes no more must end; one that has nothing to do must not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from streams.transport.stall_watch import ConsumerStalled, StallWatch
from tests.streams.transport.a_worker import ATopic, AWorker, running
from tests.waiting import until

ONE, OTHER = TP("topic", 0), TP("topic", 1)


def test_what_is_not_well_is_questionable_after_a_third_of_the_patience_and_stalled_after_all_of_it() -> None:
    watch = StallWatch(30.0)
    assert watch.questionable([ONE, OTHER], 100.0) == []
    watch.note_well([OTHER], 105.0)
    assert watch.questionable([ONE, OTHER], 110.0) == [ONE]
    watch.note_well([OTHER], 129.0)
    assert watch.stalled(129.0) == []
    assert watch.stalled(130.0) == [ONE]


def test_a_partition_that_went_and_came_back_begins_anew() -> None:
    watch = StallWatch(30.0)
    watch.questionable([ONE], 0.0)
    watch.questionable([], 10.0)
    assert watch.questionable([ONE], 40.0) == []
    assert watch.stalled(69.0) == []


@pytest.mark.kafka
class TestOnKafka:
    """With a patience of some tenths of a second."""

    @pytest.fixture
    def one(self, kafka_bootstrap: str) -> ATopic:
        return ATopic(kafka_bootstrap, partitions=1)

    def a_worker(self, topic: ATopic, directory: Path, patience_s: float) -> AWorker:
        options = f"?stall_timeout_s={patience_s}"
        return AWorker(topic.bootstrap, topic.group, topic.name, directory, options=options)

    async def test_a_worker_whose_fetches_bring_nothing_although_there_is_something_crashes(
        self, one: ATopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        worker = self.a_worker(one, tmp_path, 0.5)
        async with running(worker):
            await until(lambda: worker.partitions() == {0})

            async def nothing(*_: Any) -> Any:
                await asyncio.sleep(0.1)
                return {}

            monkeypatch.setattr(worker.consumer._thread, "getmany", nothing)
            await one.send(10)
            await until(lambda: worker.app.crashed, "the crash", 10)
            assert isinstance(worker.consumer.crash_reason, ConsumerStalled)

    async def test_a_worker_whose_fetch_task_has_ended_crashes(self, one: ATopic, tmp_path: Path) -> None:
        worker = self.a_worker(one, tmp_path, 9.0)
        async with running(worker):
            await until(lambda: worker.partitions() == {0})
            thread = worker.consumer._thread
            thread.thread_loop.call_soon_threadsafe(thread._ensure_consumer()._fetcher._fetch_task.cancel)
            await until(lambda: worker.app.crashed, "the crash", 10)
            assert "fetch task" in str(worker.consumer.crash_reason)

    async def test_a_worker_that_has_read_all_waits_as_long_as_it_takes(
        self, one: ATopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await one.send(10)
        worker = self.a_worker(one, tmp_path, 0.2)
        async with running(worker):
            await until(lambda: len(worker.seen()) == 10)
            asked: list[object] = []
            questionable = worker.consumer._watch.questionable

            def remember(*arguments: Any) -> Any:
                asked.extend(found := questionable(*arguments))
                return found

            monkeypatch.setattr(worker.consumer._watch, "questionable", remember)
            await until(lambda: len(asked) >= 5, "five questions to the broker")
            assert not worker.app.crashed
            await one.send(10)
            await until(lambda: len(worker.seen()) == 20)
