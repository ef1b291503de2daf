"""Stages in one loop: a failure ends the process, an absent history does not."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
from kafka import KafkaProducer

from citybrain.stages import index_stage, run_stages
from config.settings import load_settings
from models.errors import StoreUnavailable
from models.window import PartitionWindows
from store.history import History, open_history
from store.migrate import migrate
from streams.archive_app import ArchiveWorker, create_archive_app
from streams.broker import BrokerAddress
from streams.index_partition import IndexPartition
from streams.topics import OBSERVATIONS, partition_counts
from tests.models.builders import a_city
from tests.streams.test_index_partition import a_batch, events

CITY = a_city()


# A crashed app ends the thread of its consumer in whatever it is doing.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_agent_that_fails_ends_the_stages(embedded_broker: BrokerAddress) -> None:
    settings = load_settings()
    embedded_broker.create_topics(partition_counts(settings.partitions))
    stage = index_stage(settings, embedded_broker, CITY, None)

    class Broken(dict[int, IndexPartition]):
        def get(self, *_: object) -> IndexPartition:
            raise RuntimeError("a fault in the code")

    stage.partitions = Broken()
    producer = KafkaProducer(**embedded_broker.kafka_arguments)
    producer.send(OBSERVATIONS.name, value=b"{}", partition=0).get(timeout=10)
    producer.close()
    assert run_stages([stage], threading.Event()) is False


async def test_the_archive_asks_again_until_the_history_is_there(
    embedded_broker: BrokerAddress, tmp_path: Path
) -> None:
    history = open_history(f"chdb:///{tmp_path}/history")
    migrate(history)

    class AwayTwice:
        """A history that cannot be reached at first; the real one after that."""

        refused = 0

        def insert(self, table: str, columns: dict[str, object]) -> int:
            if self.refused < 2:
                self.refused += 1
                raise StoreUnavailable("test", "not yet", retry_after_s=0.01)
            return history.insert(table, columns)  # type: ignore[arg-type]

    try:
        away = AwayTwice()
        worker = _archive(embedded_broker, away)  # type: ignore[arg-type]
        await worker.archive_observations([a_batch(events(b"{"))])
        assert away.refused == 2
        assert worker.stored_rows == {"accounting": 1}
        assert worker.unavailable_since is None
        assert int(history.query("select count() as n from accounting")["n"][0]) == 1
    finally:
        history.close()


def _archive(broker: BrokerAddress, history: History) -> ArchiveWorker:
    return create_archive_app(
        broker, history, CITY, 4, lambda _partition, _offset: PartitionWindows(len(CITY.segments))
    )


def test_what_the_archive_remembers_may_have_to_wait_too(embedded_broker: BrokerAddress) -> None:
    asked: list[int] = []

    def start(_partition: int, first_offset: int) -> PartitionWindows:
        asked.append(first_offset)
        if len(asked) < 3:
            raise StoreUnavailable("test", "not yet", retry_after_s=0.01)
        return PartitionWindows(len(CITY.segments))

    class Stored:
        def insert(self, _table: str, columns: dict[str, np.ndarray]) -> int:
            return len(next(iter(columns.values())))

    worker = create_archive_app(embedded_broker, Stored(), CITY, 4, start)  # type: ignore[arg-type]
    asyncio.run(worker.archive_observations([a_batch(events(b"{", first_offset=7))]))
    assert asked == [7, 7, 7]
