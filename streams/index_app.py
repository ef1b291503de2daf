"""The index worker: a Faust app that turns observations into segment indices and area sums."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

import faust
import structlog
from faust.types import TP, StreamT, TopicT

from models.dead_letter import encode_dead_letter
from models.partition_index import PartitionIndex
from streams.batches import Batch, group_by_partition
from streams.broker import BrokerAddress
from streams.faust_app import assigned_partitions, batch_topic, declare_agent, new_app, raw_topic
from streams.index_partition import IndexPartition, Produce
from streams.resumption import log_time_before
from streams.topics import AREA_PARTIALS, DEAD_LETTERS, INDICES, OBSERVATIONS
from streams.transport import FetchedBatch, gathered, is_current

GROUP = "citybrain-index"
GATHER_S = 0.1
LARGEST_GATHERING = 20_000
"""Records; a worker that gets so many at once is behind."""
BEHIND_BYTES = 4_000_000
"""So is one that gets so much at once, as of blocks, of which there are few."""
TELL_WHEN_BEHIND_S = 0.5
MOST_IN_FLIGHT_BYTES = 8_000_000
"""The producer keeps several copies of what it sends."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class IndexWorker:
    """The running state, for health and metrics: one IndexPartition per partition that records came from."""

    app: faust.App
    broker: BrokerAddress
    start: Callable[[int], PartitionIndex]
    partitions: dict[int, IndexPartition] = field(default_factory=dict)
    failed_until: dict[int, int] = field(default_factory=dict)

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

    def failed_before(self, batch: Batch) -> bool:
        """Whether this is what `read_again` was asked for."""
        return batch.first_offset < self.failed_until.get(batch.partition, 0)

    async def read_again(self, batch: Batch, state: IndexPartition) -> None:
        """Our own code has failed on a batch: its partition begins anew, and is then careful up to there."""
        log.exception(
            "a batch failed, reading it again",
            partition=batch.partition,
            first_offset=batch.first_offset,
            next_offset=batch.next_offset,
        )
        self.failed_until[batch.partition] = batch.next_offset
        self.partitions.pop(batch.partition, None)
        await self.app.consumer.seek(TP(OBSERVATIONS.name, batch.partition), state.read_from(batch))

    def owned(self) -> set[int]:
        """The partitions of the observations that this worker has been given; none while it starts."""
        return {tp.partition for tp in assigned_partitions(self.app) if tp.topic == OBSERVATIONS.name}


def create_index_app(
    broker: BrokerAddress, partitions: int, start: Callable[[int], PartitionIndex]
) -> IndexWorker:
    """An app that indexes OBSERVATIONS. `start(partition)` makes the windows a partition begins with."""
    app = new_app(GROUP, broker, partitions)
    worker = IndexWorker(app, broker, start)
    observations = batch_topic(app, OBSERVATIONS, partitions)
    results = Results(
        raw_topic(app, INDICES, partitions),
        raw_topic(app, AREA_PARTIALS, partitions),
        raw_topic(app, DEAD_LETTERS, partitions),
    )

    async def index(stream: StreamT[FetchedBatch]) -> None:
        async for events in gathered(stream, LARGEST_GATHERING, GATHER_S):
            batches = group_by_partition(events)
            behind = sum(map(len, batches)) >= LARGEST_GATHERING
            behind = behind or sum(batch.payload_bytes for batch in batches) >= BEHIND_BYTES
            in_flight = InFlight()
            for batch in batches:
                if not is_current(batch.events[0]):
                    continue  # read again from before it
                state = await worker.state_for(batch)
                tell = not behind or monotonic() - state.told_at_s >= TELL_WHEN_BEHIND_S
                careful = worker.failed_before(batch)
                try:
                    produced = state.take(batch, tell=tell, provisional=not behind, careful=careful)
                except Exception:
                    if careful:
                        raise
                    await worker.read_again(batch, state)
                    continue
                if produced.segments:
                    state.told_at_s = monotonic()
                in_flight.add(state, produced, await results.send(produced, batch.partition))
                if in_flight.payload_bytes >= MOST_IN_FLIGHT_BYTES:
                    await in_flight.settle()
            await in_flight.settle()

    declare_agent(app, observations, "index", index)

    @app.on_partitions_revoked.connect
    async def forget(*_: object, **__: object) -> None:
        # Faust seeks every partition to its commit after a rebalance; windows are rebuilt from there.
        worker.partitions.clear()

    return worker


@dataclass(slots=True)
class InFlight:
    """What was handed to the producer and is not known to be with the broker."""

    payload_bytes: int = 0
    _sent: list[Awaitable[object]] = field(default_factory=list)
    _produced: list[tuple[IndexPartition, Produce]] = field(default_factory=list)

    def add(self, state: IndexPartition, produced: Produce, sent: list[Awaitable[object]]) -> None:
        """Wait for it at the next `settle`."""
        self._sent += sent
        self._produced.append((state, produced))
        self.payload_bytes += sum(map(len, produced.segments)) + sum(map(len, produced.partials))

    async def settle(self) -> None:
        """Acknowledge what led to it, once the broker has it: only then may it be."""
        for sent in self._sent:
            await sent
        for state, produced in self._produced:
            state.settle(produced)
        self._sent, self._produced, self.payload_bytes = [], [], 0


@dataclass(frozen=True, slots=True)
class Results:
    """Where results go."""

    indices: TopicT
    partials: TopicT
    dead_letters: TopicT

    async def send(self, produce: Produce, partition: int) -> list[Awaitable[object]]:
        """Hand everything to the producer; what it gives is done once the broker has it."""
        sent: list[Awaitable[object]] = []
        for letter in produce.dead_letters:
            key = f"{letter.topic}-{letter.partition}-{letter.offset}".encode()
            sent.append(await self.dead_letters.send(key=key, value=encode_dead_letter(letter)))
        for segments in produce.segments:
            sent.append(await self.indices.send(partition=partition, value=segments))
        for partials in produce.partials:
            sent.append(await self.partials.send(key=str(partition).encode(), value=partials))
        return sent
