"""The index worker: a Faust app that turns observations into segment indices and area sums."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import faust
import structlog
from faust.exceptions import ConsumerNotStarted
from faust.types import StreamT, TopicT

from models.dead_letter import encode_dead_letter
from models.partition_index import PartitionIndex
from streams.batches import Batch, batches
from streams.broker import BrokerAddress
from streams.faust_app import declare_agent, new_app, raw_topic
from streams.index_partition import IndexPartition, Produce
from streams.resumption import log_time_before
from streams.topics import AREA_PARTIALS, DEAD_LETTERS, INDICES, OBSERVATIONS

GROUP = "citybrain-index"
GATHER_S = 0.1

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class IndexWorker:
    """The running state, for health and metrics: one IndexPartition per partition that records came from."""

    app: faust.App
    broker: BrokerAddress
    start: Callable[[int], PartitionIndex]
    partitions: dict[int, IndexPartition] = field(default_factory=dict)

    async def state_for(self, batch: Batch) -> IndexPartition:
        """The state that a batch is folded into: a fresh one at the first batch and where offsets go
        backwards, which knows the time of the log before that record."""
        state = self.partitions.get(batch.partition)
        if state is None or batch.first_offset < (state.next_offset or 0):
            index = self.start(batch.partition)
            known = await asyncio.to_thread(log_time_before, self.broker, batch.partition, batch.first_offset)
            if known is not None:
                index.windows.resume(known.clock_ms, known.basis_ms)
                log.info("partition resumed", partition=batch.partition, offset=batch.first_offset)
            state = IndexPartition(index, batch.partition, self.broker.log_id)
            self.partitions[batch.partition] = state
        return state

    def owned(self) -> set[int]:
        """The partitions of the observations that this worker has been given; none while it starts."""
        if not self.app.started:
            return set()
        try:
            assigned = self.app.consumer.assignment()
        except ConsumerNotStarted:  # an app says it has started before its consumer's thread has
            return set()
        return {tp.partition for tp in assigned if tp.topic == OBSERVATIONS.name}


def create_index_app(
    broker: BrokerAddress, partitions: int, start: Callable[[int], PartitionIndex]
) -> IndexWorker:
    """An app that indexes OBSERVATIONS. `start(partition)` makes the windows a partition begins with."""
    app = new_app(GROUP, broker, partitions)
    worker = IndexWorker(app, broker, start)
    observations = raw_topic(app, OBSERVATIONS, partitions)
    indices = raw_topic(app, INDICES, partitions)
    partials = raw_topic(app, AREA_PARTIALS, partitions)
    dead_letters = raw_topic(app, DEAD_LETTERS, partitions)

    async def index(stream: StreamT[bytes]) -> None:
        async for gathered in batches(stream, GATHER_S):
            for batch in gathered:
                state = await worker.state_for(batch)
                produced = state.take(batch)
                await _produce(produced, batch.partition, indices, partials, dead_letters)
                state.settle(produced)

    declare_agent(app, observations, "index", index)

    @app.on_partitions_revoked.connect
    async def forget(*_: object, **__: object) -> None:
        # Faust seeks every partition to its commit after a rebalance; windows are rebuilt from there.
        worker.partitions.clear()

    return worker


async def _produce(
    produce: Produce, partition: int, indices: TopicT, partials: TopicT, dead_letters: TopicT
) -> None:
    """Send and wait until the broker has everything: only then may the batch be acknowledged."""
    sent = []
    for letter in produce.dead_letters:
        key = f"{letter.topic}-{letter.partition}-{letter.offset}".encode()
        sent.append(await dead_letters.send(key=key, value=encode_dead_letter(letter)))
    if produce.segments is not None:
        sent.append(await indices.send(partition=partition, value=produce.segments))
    if produce.partials is not None:
        sent.append(await partials.send(key=str(partition).encode(), value=produce.partials))
    for pending in sent:
        await pending
