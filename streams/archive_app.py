"""The archive worker: a Faust app that writes the log, the indices and the dead letters into the history.

Rows first, then the accounting of what they came from, then the acknowledgement. While the history is
unavailable nothing is acknowledged and Kafka keeps the records; nobody else waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import time
from typing import ParamSpec, TypeVar

import faust
import structlog
from faust.types import StreamT

from models.alert_event import decode_alert_event
from models.city import City
from models.dead_letter import decode_dead_letter
from models.errors import StoreUnavailable
from models.index_columns import Columns, decode_record, unpack_columns
from models.window import PartitionWindows
from store.history import History
from streams.archive_partition import ArchivePartition
from streams.archive_rows import alert_rows, dead_letter_rows, joined, settled_rows, understood
from streams.batches import Batch, group_by_partition
from streams.broker import BrokerAddress
from streams.faust_app import batch_topic, declare_agent, new_app
from streams.topics import ALERTS, AREA_INDICES, DEAD_LETTERS, INDICES, OBSERVATIONS, Topic
from streams.transport import FetchedBatch, gathered

GROUP = "citybrain-archive"
GATHER_S = 1.0
LARGEST_GATHERING = 50_000
"""Records: a block of ten thousand rows or more is what a column store takes cheaply."""
LONGEST_RETRY_S = 30.0

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ArchiveWorker:
    """The running state. `unavailable_since` is a time while the history cannot be reached, else None."""

    app: faust.App
    history: History
    city: City
    log_id: str
    start: Callable[[int, int], PartitionWindows]
    partitions: dict[int, ArchivePartition] = field(default_factory=dict)
    stored_rows: dict[str, int] = field(default_factory=dict)
    last_insert_at: float | None = None
    unavailable_since: float | None = None

    async def archive_observations(self, found: Sequence[Batch]) -> None:
        """Store a gathering of batches of the observations topic."""
        rows, accounting = [], []
        for batch in found:
            state = self.partitions.get(batch.partition)
            if state is None:
                state = ArchivePartition(batch.partition, self.log_id, self.city, self.start)
                self.partitions[batch.partition] = state
            stored, counted = await self.when_available(state.take, batch)
            rows.append(stored)
            accounting.append(counted)
        await self.insert("observations", rows)
        await self.insert("accounting", accounting)

    async def archive_indices(self, found: Sequence[Batch]) -> None:
        """Store index records; provisional values are only for the wall."""
        tables: dict[str, list[Columns]] = {"segment_indices": [], "area_indices": []}
        for kind, rows in understood(found, self._index_rows):
            tables["segment_indices" if kind == "segment" else "area_indices"].append(rows)
        for table, parts in tables.items():
            await self.insert(table, parts)

    def _index_rows(self, payload: bytes) -> tuple[str, Columns]:
        record = decode_record(payload)
        if record.city_id != self.city.city_id:
            raise ValueError(f"of another city: {record.city_id!r}")
        return record.kind, settled_rows(unpack_columns(record), record.kind, self.city.synthetic)

    async def archive_dead_letters(self, found: Sequence[Batch]) -> None:
        """Store refused records."""
        await self.insert("dead_letters", [dead_letter_rows(understood(found, decode_dead_letter))])

    async def archive_alerts(self, found: Sequence[Batch]) -> None:
        """Store what happened to alerts."""
        await self.insert("alert_events", [alert_rows(understood(found, decode_alert_event))])

    async def insert(self, table: str, parts: Sequence[Columns]) -> None:
        """One block of all parts; waits and tries again for as long as the history is unavailable."""
        filled = [part for part in parts if len(next(iter(part.values())))]
        if not filled:
            return
        rows = await self.when_available(self.history.insert, table, joined(filled))
        self.last_insert_at = time()
        self.stored_rows[table] = self.stored_rows.get(table, 0) + rows

    async def when_available(
        self, ask: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Answer:
        """The answer of `ask`, in a thread; asked again for as long as the history is unavailable."""
        while True:
            try:
                answer = await asyncio.to_thread(ask, *args, **kwargs)
            except StoreUnavailable as error:
                if self.unavailable_since is None:
                    self.unavailable_since = time()
                    log.warning("history unavailable, waiting", problem=str(error))
                await asyncio.sleep(min(error.retry_after_s, LONGEST_RETRY_S))
                continue
            if self.unavailable_since is not None:
                log.info("history available again", after_s=round(time() - self.unavailable_since, 1))
                self.unavailable_since = None
            return answer


def create_archive_app(
    broker: BrokerAddress,
    history: History,
    city: City,
    partitions: int,
    start: Callable[[int, int], PartitionWindows],
) -> ArchiveWorker:
    """An app that archives every topic. `start(partition, first_offset)`: see ArchivePartition."""
    app = new_app(GROUP, broker, partitions)
    worker = ArchiveWorker(app, history, city, broker.log_id, start)

    def archive(topic: Topic, store: Callable[[Sequence[Batch]], Awaitable[None]]) -> None:
        name = "archive_" + topic.name.replace(".", "_").replace("-", "_")

        async def run(stream: StreamT[FetchedBatch]) -> None:
            async for events in gathered(stream, LARGEST_GATHERING, GATHER_S):
                await store(group_by_partition(events))
                for event in events:
                    event.ack()

        declare_agent(app, batch_topic(app, topic, partitions), name, run)

    archive(OBSERVATIONS, worker.archive_observations)
    archive(INDICES, worker.archive_indices)
    archive(AREA_INDICES, worker.archive_indices)
    archive(ALERTS, worker.archive_alerts)
    archive(DEAD_LETTERS, worker.archive_dead_letters)

    @app.on_partitions_revoked.connect
    async def forget(*_: object, **__: object) -> None:
        worker.partitions.clear()

    return worker
