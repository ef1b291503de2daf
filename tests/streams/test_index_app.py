"""The index worker, before it has anything to read, and what it waits for."""

from __future__ import annotations

import asyncio

import pytest

from models.partition_index import PartitionIndex
from streams.broker import BrokerAddress
from streams.index_app import InFlight, create_index_app
from tests.models.builders import NOON_MS, a_clock
from tests.streams.test_index_partition import SECOND, a_batch, a_partition, events


async def test_a_worker_that_is_still_starting_owns_no_partition() -> None:
    nowhere = BrokerAddress("127.0.0.1:1", "log", False, {}, {}, lambda _: None)

    def start(partition: int) -> PartitionIndex:
        raise AssertionError(partition)

    worker = create_index_app(nowhere, 4, start)
    assert worker.owned() == set()

    # The ticker asks while Faust's consumer thread is being made: the app says it has started before that.
    worker.app._started.set()
    assert worker.app.started
    assert worker.owned() == set()


async def test_nothing_is_acknowledged_before_the_broker_has_what_came_of_it() -> None:
    partition, records = a_partition(), events(a_clock(NOON_MS), a_clock(NOON_MS + 5000 * SECOND))
    produced = partition.take(a_batch(records))
    taken_by_broker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    in_flight = InFlight()
    in_flight.add(partition, produced, [taken_by_broker])
    assert in_flight.payload_bytes == sum(map(len, produced.segments + produced.partials)) > 0
    settled = asyncio.create_task(in_flight.settle())
    await asyncio.sleep(0)
    assert not any(record.acked for record in records)
    taken_by_broker.set_result(None)
    await settled
    assert all(record.acked for record in records)
    assert in_flight.payload_bytes == 0


async def test_what_the_broker_does_not_take_is_never_acknowledged() -> None:
    partition, records = a_partition(), events(a_clock(NOON_MS))
    refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    refused.set_exception(ConnectionError("gone"))
    in_flight = InFlight()
    in_flight.add(partition, partition.take(a_batch(records)), [refused])
    with pytest.raises(ConnectionError):
        await in_flight.settle()
    assert not any(record.acked for record in records)
