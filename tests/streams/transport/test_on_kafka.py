"""The transport on a real Kafka: what is read, what is committed, what is read again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import CommitFailedError, RequestTimedOutError
from faust.types import StreamT

from streams.transport import BatchSchema, batches, gathered, is_current
from tests.streams.transport.a_worker import ATopic, AWorker, running
from tests.waiting import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka_bootstrap: str) -> ATopic:
    return ATopic(kafka_bootstrap, partitions=3)


@pytest.fixture
def one(kafka_bootstrap: str) -> ATopic:
    """A topic of one partition."""
    return ATopic(kafka_bootstrap, partitions=1)


def a_worker(topic: ATopic, directory: Path, **arguments: Any) -> AWorker:
    return AWorker(topic.bootstrap, topic.group, topic.name, directory, **arguments)


def records_of(worker: AWorker) -> dict[tuple[int, int], tuple[Any, ...]]:
    return {
        (batch.partition, offset): (time_ms, key, value)
        for batch in worker.batches
        for offset, time_ms, key, value in zip(
            batch.offsets.tolist(), batch.timestamps_ms.tolist(), batch.keys, batch.values, strict=True
        )
    }


@pytest.mark.parametrize("fast_path", ["on", "off"])
async def test_everything_is_read_as_another_client_reads_it_and_all_of_it_is_committed(
    topic: ATopic, tmp_path: Path, fast_path: str
) -> None:
    await topic.send(600)
    await topic.send(900, compression_type="gzip")
    worker = a_worker(
        topic, tmp_path, options=f"?fast_path={fast_path}", schema=BatchSchema(largest_batch=70)
    )
    async with running(worker):
        await until(lambda: len(worker.seen()) >= 1500)
        assert bool(worker.consumer._thread._unwrapped) == (fast_path == "on")
        assert records_of(worker) == await topic.read_by_kafka_python()
        assert len(worker.seen()) == 1500
        assert max(map(len, worker.batches)) == 70
        for partition in range(3):
            of_partition = [batch for batch in worker.batches if batch.partition == partition]
            edges = [(batch.first_offset, batch.next_offset) for batch in of_partition]
            assert [first for first, _ in edges[1:]] == [after for _, after in edges[:-1]]
        assert await topic.committed() == {}
        for event in worker.events:
            event.ack()
        await topic.until_committed({0: 500, 1: 500, 2: 500})


async def test_a_topic_without_the_schema_is_read_event_by_event(
    topic: ATopic, one: ATopic, tmp_path: Path
) -> None:
    worker = a_worker(topic, tmp_path, auto=True)
    plain = worker.app.topic(one.name, value_serializer="raw", key_serializer="raw")
    values: list[bytes] = []

    async def keep(stream: StreamT[Any]) -> None:
        async for value in stream:
            values.append(value)

    worker.app.agent(plain)(keep)
    await topic.send(30)
    await one.send(20)
    async with running(worker):
        await until(lambda: len(worker.seen()) == 30 and len(values) == 20)
    assert values.count(b'{"number":5}') == 1


async def test_batches_done_out_of_order_are_committed_up_to_the_first_that_is_not(
    one: ATopic, tmp_path: Path
) -> None:
    await one.send(50)
    first = a_worker(one, tmp_path, schema=BatchSchema(largest_batch=10))
    async with running(first):
        await until(lambda: len(first.events) == 5)
        for number in (4, 1, 0, 3):
            first.events[number].ack()
        await one.until_committed({0: 20})
        with pytest.raises(RuntimeError):
            first.batches[3].values  # noqa: B018 (payloads are let go with the acknowledgement)
        assert len(first.batches[2].values) == 10
    second = a_worker(one, tmp_path, auto=True)
    async with running(second):
        await until(lambda: second.seen()[-1:] == [(0, 49)])
        assert second.seen()[0] == (0, 20)
        await one.until_committed({0: 50})


async def test_a_worker_stopped_with_a_batch_in_hand_leaves_it_to_the_next(
    one: ATopic, tmp_path: Path
) -> None:
    in_hand = asyncio.Event()

    async def never_ends(stream: StreamT[Any]) -> None:
        async for _ in batches(stream):
            in_hand.set()
            await asyncio.Event().wait()

    await one.send(20)
    async with running(a_worker(one, tmp_path, body=never_ends)):
        await asyncio.wait_for(in_hand.wait(), 20)
    assert await one.committed() == {}
    second = a_worker(one, tmp_path, auto=True)
    async with running(second):
        await until(lambda: len(second.seen()) == 20)


async def test_a_batch_that_an_agent_failed_on_is_not_committed(one: ATopic, tmp_path: Path) -> None:
    failed = asyncio.Event()
    later: list[Any] = []

    async def fails_once(stream: StreamT[Any]) -> None:
        async for event in batches(stream):
            if not failed.is_set():
                failed.set()
                raise ValueError("the first batch")
            later.append(event.value)
            event.ack()

    await one.send(20)
    worker = a_worker(one, tmp_path, body=fails_once)
    async with running(worker):
        await asyncio.wait_for(failed.wait(), 20)
        await one.send(20)
        await until(lambda: sum(map(len, later)) == 20, "the agent to go on behind the failure")
        await worker.consumer.commit()
    assert await one.committed() == {}
    second = a_worker(one, tmp_path)
    async with running(second):
        await until(lambda: len(second.seen()) == 40)


async def test_faust_acknowledging_by_itself_commits_nothing(
    one: ATopic, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[Any] = []

    async def takes(stream: StreamT[Any]) -> None:
        async for batch in stream:
            taken.append(batch)

    await one.send(20)
    worker = a_worker(one, tmp_path, body=takes)
    async with running(worker):
        await until(lambda: sum(map(len, taken)) == 20)
        await one.send(1)
        await until(lambda: sum(map(len, taken)) == 21)
        await until(lambda: "no agent calls event.ack()" in caplog.text)
    assert await one.committed() == {}


async def test_two_agents_of_a_topic_must_both_be_done(one: ATopic, tmp_path: Path) -> None:
    worker = a_worker(one, tmp_path)
    others: list[Any] = []

    async def keep(stream: StreamT[Any]) -> None:
        async for event in batches(stream):
            others.append(event)

    worker.app.agent(worker.app.topic(one.name, schema=BatchSchema()), name="other")(keep)
    await one.send(20)
    async with running(worker):
        await until(lambda: others and worker.events)
        worker.events[0].ack()
        await worker.consumer.commit()
        assert await one.committed() == {}
        others[0].ack()
        await one.until_committed({0: 20})


async def test_a_seek_reads_again_and_forgets_what_was_in_hand(one: ATopic, tmp_path: Path) -> None:
    await one.send(30)
    worker = a_worker(one, tmp_path, schema=BatchSchema(largest_batch=10))
    async with running(worker):
        await until(lambda: len(worker.events) == 3)
        before = list(worker.events)
        await worker.consumer.seek(one.tp(), 5)
        await until(lambda: len(worker.seen()) == 55)
        assert worker.seen()[30:] == [(0, offset) for offset in range(5, 30)]
        assert [is_current(event) for event in worker.events] == [False] * 3 + [True] * 3
        for event in before:
            event.ack()
        await worker.consumer.commit()
        assert await one.committed() == {}
        for event in worker.events[3:]:
            event.ack()
        await one.until_committed({0: 30})


async def test_an_acknowledgement_after_the_partition_was_taken_away_commits_nothing(
    one: ATopic, tmp_path: Path
) -> None:
    await one.send(30)
    worker = a_worker(one, tmp_path, schema=BatchSchema(largest_batch=10))
    async with running(worker):
        await until(lambda: len(worker.events) == 3)
        await worker.consumer.on_partitions_revoked({one.tp()})
        for event in worker.events[1:]:
            event.ack()
        await worker.consumer.commit()
        assert await one.committed() == {}


async def test_a_partition_without_a_commit_goes_back_to_where_it_began(one: ATopic, tmp_path: Path) -> None:
    await one.send(30)
    worker = a_worker(one, tmp_path)
    async with running(worker):
        await until(lambda: len(worker.seen()) == 30)
        await worker.consumer.perform_seek()
        await until(lambda: len(worker.seen()) == 60)
        assert worker.seen()[30] == (0, 0)


async def test_a_fetch_that_was_dropped_on_the_way_is_fetched_again(
    one: ATopic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = a_worker(one, tmp_path, auto=True)
    async with running(worker):
        await until(lambda: worker.partitions() == {0})
        getmany = worker.consumer._thread.getmany
        dropped: list[Any] = []

        async def drop_once(*arguments: Any) -> Any:
            records = await getmany(*arguments)
            if records and not dropped:
                dropped.append(records)
                return {}
            return records

        monkeypatch.setattr(worker.consumer._thread, "getmany", drop_once)
        await one.send(10)
        await until(lambda: dropped)
        await one.send(10)
        await until(lambda: len({*worker.seen()}) == 20)
        await one.until_committed({0: 20})


async def test_a_commit_that_fails_is_tried_again_without_another_batch(one: ATopic, tmp_path: Path) -> None:
    await one.send(20)
    worker = a_worker(one, tmp_path)
    async with running(worker):
        await until(lambda: worker.events)
        client = worker.consumer._thread._ensure_consumer()
        commit = client.commit
        failures = [RequestTimedOutError(), CommitFailedError("already rebalanced"), CommitFailedError("why")]

        async def fail_first(offsets: Any) -> None:
            if failures:
                raise failures.pop()
            await commit(offsets)

        client.commit = fail_first
        worker.events[0].ack()
        await until(lambda: not failures)
        await one.until_committed({0: 20})
        assert not worker.app.crashed


async def test_a_member_that_joins_and_leaves_loses_nothing(topic: ATopic, tmp_path: Path) -> None:
    stays, goes = a_worker(topic, tmp_path, auto=True), a_worker(topic, tmp_path, auto=True)
    async with running(stays):
        await until(lambda: stays.partitions() == {0, 1, 2})
        await topic.send(300)
        async with running(goes):
            await until(lambda: goes.partitions() and stays.partitions() | goes.partitions() == {0, 1, 2})
            await topic.send(300)
            await until(lambda: len({*stays.seen(), *goes.seen()}) == 600)
        await topic.send(300)
        await until(lambda: len({*stays.seen(), *goes.seen()}) == 900)
        await topic.until_committed({0: 300, 1: 300, 2: 300})
    assert goes.seen()


async def test_batches_are_gathered_until_there_are_enough_records_or_time_is_up(
    one: ATopic, tmp_path: Path
) -> None:
    lists: list[list[int]] = []

    async def gather(stream: StreamT[Any]) -> None:
        async for events in gathered(stream, 25, 1.0):
            lists.append([len(event.value) for event in events])
            for event in events:
                event.ack()

    await one.send(52)
    async with running(a_worker(one, tmp_path, body=gather, schema=BatchSchema(largest_batch=10))):
        await until(lambda: sum(map(sum, lists)) == 52)
        await one.until_committed({0: 52})
    assert lists == [[10, 10, 10], [10, 10, 2]]


def a_slow_agent(seen: list[tuple[int, int]], permits: asyncio.Semaphore) -> Callable[..., Awaitable[None]]:
    """An agent that needs a permit for each batch, and tells (partition, offset) of what it is done with."""

    async def body(stream: StreamT[Any]) -> None:
        event: Any
        async for event in batches(stream):
            await permits.acquire()
            seen.extend((event.value.partition, offset) for offset in event.value.offsets.tolist())
            event.ack()

    return body


def permit(permits: asyncio.Semaphore, count: int) -> None:
    for _ in range(count):
        permits.release()


async def test_an_agent_that_is_slow_holds_up_the_fetches_and_loses_no_time_afterwards(
    one: ATopic, tmp_path: Path
) -> None:
    permits = asyncio.Semaphore(0)
    seen: list[tuple[int, int]] = []
    await one.send(1000)
    worker = a_worker(
        one, tmp_path, body=a_slow_agent(seen, permits), buffer=2, schema=BatchSchema(largest_batch=10)
    )
    async with running(worker):
        await until(lambda: worker.consumer._buffered_partitions, "a full buffer")
        assert len(worker.consumer._ledgers[one.tp()]) <= 2 + 1
        permit(permits, 1000)
        began_s = asyncio.get_running_loop().time()
        await until(lambda: len(seen) == 1000)
        # Where all partitions wait for room, Faust sleeps for a second before it looks again.
        assert asyncio.get_running_loop().time() - began_s < 0.9
    assert seen == [(0, offset) for offset in range(1000)]


async def test_a_seek_while_a_batch_waits_for_room_hands_over_nothing_from_before(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    topic = ATopic(kafka_bootstrap, partitions=6)
    permits = asyncio.Semaphore(18)
    seen: list[tuple[int, int]] = []
    await topic.send(600)
    worker = a_worker(
        topic, tmp_path, body=a_slow_agent(seen, permits), buffer=2, schema=BatchSchema(largest_batch=10)
    )
    async with running(worker):
        await until(lambda: len(seen) == 180 and worker.consumer._handing_over, "a batch waiting for room")
        for partition in range(6):
            await worker.consumer.seek(topic.tp(partition), 0)
        permit(permits, 1000)
        await topic.until_committed(dict.fromkeys(range(6), 100))
    for partition in range(6):
        offsets = [offset for of, offset in seen if of == partition]
        assert offsets[-100:] == list(range(100))
    assert len(seen) - 600 <= 180 + 40, "one at the agent, two in the buffer, one that waited for room"
