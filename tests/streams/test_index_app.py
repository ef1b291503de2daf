"""The index worker, before it has anything to read."""

from __future__ import annotations

from models.partition_index import PartitionIndex
from streams.broker import BrokerAddress
from streams.index_app import create_index_app


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
