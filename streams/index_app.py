"""The index worker: a Faust app that turns observations into segment indices and area sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import faust
from faust.types import StreamT, TopicT

from models.dead_letter import encode_dead_letter
from models.partition_index import PartitionIndex
from streams.batches import batches
from streams.broker import BrokerAddress
from streams.faust_app import declare_agent, new_app, raw_topic
from streams.index_partition import IndexPartition, Produce
from streams.topics import AREA_PARTIALS, DEAD_LETTERS, INDICES, OBSERVATIONS

GROUP = "citybrain-index"
GATHER_S = 0.1


@dataclass(slots=True)
class IndexWorker:
    """The running state, for health and metrics: one IndexPartition per assigned partition."""

    app: faust.App
    partitions: dict[int, IndexPartition] = field(default_factory=dict)


def create_index_app(
    broker: BrokerAddress, partitions: int, start: Callable[[int], PartitionIndex]
) -> IndexWorker:
    """An app that indexes OBSERVATIONS. `start(partition)` makes the state a partition begins with."""
    app = new_app(GROUP, broker, partitions)
    worker = IndexWorker(app)
    observations = raw_topic(app, OBSERVATIONS, partitions)
    indices = raw_topic(app, INDICES, partitions)
    partials = raw_topic(app, AREA_PARTIALS, partitions)
    dead_letters = raw_topic(app, DEAD_LETTERS, partitions)

    async def index(stream: StreamT[bytes]) -> None:
        async for gathered in batches(stream, GATHER_S):
            for batch in gathered:
                state = worker.partitions.get(batch.partition)
                if state is None:
                    state = IndexPartition(batch.partition, broker.log_id, start)
                    worker.partitions[batch.partition] = state
                await _produce(state.take(batch), batch.partition, indices, partials, dead_letters)
                state.settle()

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
