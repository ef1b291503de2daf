"""Faust's consumer thread, cutting what it fetches into batches and counting every change of position."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from streams.transport.commit_attempts import CommitAttempts
from streams.transport.commit_ledger import Place
from streams.transport.fetched_batch import FetchedBatch
from streams.transport.record_columns import RecordColumns
from streams.transport.unwrapped_records import Run, UnwrappedFetches, why_not_unwrapped
from streams.transport.url_options import read_options

STOP_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch as it comes out of the thread: what Faust's scheduler takes for a record."""

    batch: FetchedBatch
    place: Place


@dataclass(slots=True)
class _Reading:
    number: int = 0
    batches: int = 0
    starts_at: int = 0


class ConsumerThread(AIOKafkaConsumerThread):
    """The thread that talks to Kafka. All that changes a position runs in it, beside the fetches.

    `largest_batches` (topic -> records) names the topics to be read in batches; it is set from outside.
    """

    largest_batches: Mapping[str, int]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.largest_batches = {}
        self._readings: dict[TP, _Reading] = {}
        self._unwrapped: UnwrappedFetches | None = None
        self.commits = CommitAttempts()
        self._options = read_options(self.transport.url)

    def reading_of(self, tp: TP) -> int:
        """Number of the partition's present reading (commit_ledger.Place); to be asked from any thread."""
        reading = self._readings.get(tp)
        return reading.number if reading else 0

    def _create_consumer(self, loop: asyncio.AbstractEventLoop) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_consumer(loop)
        # Faust's arguments are fixed; aiokafka reads these attributes when the consumer starts.
        consumer._fetch_max_wait_ms = min(consumer._fetch_max_wait_ms, self._options.fetch_max_wait_ms)
        consumer._fetch_max_bytes = self._options.fetch_max_bytes
        return consumer

    async def on_start(self) -> None:
        """Called in the thread when it starts."""
        await super().on_start()
        consumer = self._ensure_consumer()
        if obstacle := self._options.fast_path and why_not_unwrapped(consumer):
            self.log.info("Batches are made record by record: %s", obstacle)
        elif self._options.fast_path:
            self._unwrapped = UnwrappedFetches(consumer, lambda topic: self.largest_batches.get(topic))

    async def on_thread_stop(self) -> None:
        """Called in the thread when it ends; it ends in any case."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await super().on_thread_stop()
        except (TimeoutError, asyncio.CancelledError) as failure:
            # Without a broker aiokafka raises the cancellation of its own tasks, or waits for an answer.
            this = asyncio.current_task()
            if this is not None and this.cancelling():
                raise
            self.log.warning("The consumer could not be closed properly: %r", failure)
            await self._ensure_consumer()._client.close()

    async def _fetch_records(
        self, consumer: aiokafka.AIOKafkaConsumer, active_partitions: set[TP], *args: Any, **kwargs: Any
    ) -> Mapping[TP, list[Any]]:
        if self._unwrapped:
            self._unwrapped.begin_poll()
        fetched = await super()._fetch_records(consumer, active_partitions, *args, **kwargs)
        # Nothing is awaited that could let a seek in between the fetch and its place in the reading.
        return {
            tp: [self._placed(TP(*tp), run) for run in self._runs(consumer, tp, found)]
            if tp.topic in self.largest_batches
            else found
            for tp, found in fetched.items()
        }

    def _runs(
        self, consumer: aiokafka.AIOKafkaConsumer, tp: TopicPartition, found: Sequence[Any]
    ) -> Sequence[Run]:
        """What a poll found in a partition, cut into batches."""
        if isinstance(found[0], Run):
            return found
        columns = RecordColumns()
        columns.append(found)
        position = consumer._subscription.subscription.assignment.state_value(tp).position
        runs = []
        while columns:
            records = columns.take(self.largest_batches[tp.topic])
            runs.append(Run(records, columns.offsets[0] if columns else position))
        return runs

    def _placed(self, tp: TP, run: Run) -> Fetched:
        reading = self._readings.setdefault(tp, _Reading())
        records = run.records
        batch = FetchedBatch(
            tp.topic,
            tp.partition,
            records.offset_column(),
            records.time_column(),
            records.values,
            records.keys,
            run.next_offset,
        )
        if reading.batches == 0:
            reading.starts_at = batch.first_offset
        place = Place(reading.number, reading.batches, reading.starts_at)
        reading.batches += 1
        return Fetched(batch, place)

    def _begin_readings(self, tps: Iterable[Any]) -> None:
        for tp in tps:
            reading = self._readings.setdefault(TP(tp.topic, tp.partition), _Reading())
            reading.number += 1
            reading.batches = 0

    # What changes positions

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Called by aiokafka in this thread when a rebalance begins."""
        self._begin_readings(revoked)
        self.commits.abandon()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Called by aiokafka in this thread when the positions of a new assignment are not known yet."""
        self._begin_readings(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go back to the commit in every partition; where there is none, to the reading's first record.

        Faust leaves a partition without a commit where it is, behind records that it then drops.
        """
        committed: Mapping[TP, int] = await self.call_thread(self._seek_to_committed, self._ensure_consumer())
        return committed

    async def _seek_to_committed(self, consumer: aiokafka.AIOKafkaConsumer) -> Mapping[TopicPartition, int]:
        committed = {}
        for tp in consumer.assignment():
            committed[tp] = offset = await consumer.committed(tp)
            reading = self._readings.get(TP(*tp))
            if offset:
                self._seek(consumer, tp, offset)
            elif reading and reading.batches:
                self._seek(consumer, tp, reading.starts_at)
        return committed

    async def seek_in_thread(self, tp: TP, offset: int) -> None:
        """Go to `offset`. Faust's own `seek` changes aiokafka's state from outside its thread."""

        async def seek() -> None:
            self._seek(self._ensure_consumer(), TopicPartition(*tp), offset)

        await self.call_thread(seek)

    def _seek(self, consumer: aiokafka.AIOKafkaConsumer, tp: TopicPartition, offset: int) -> None:
        self._begin_readings([tp])
        consumer.seek(tp, offset)

    async def seek_to_beginning(self, *partitions: Any) -> None:
        """Go to the first offsets that the log still has."""

        async def seek() -> None:
            self._begin_readings(partitions)
            await self._ensure_consumer().seek_to_beginning(*partitions)

        await self.call_thread(seek)

    async def _seek_wait(self, consumer: aiokafka.AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        self._begin_readings(partitions)
        await super()._seek_wait(consumer, partitions)

    # Commits

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Whether Kafka has the offsets now."""
        try:
            return await self.commits.attempt(self._ensure_consumer(), offsets)
        except KafkaError as error:
            await self.crash(error)
            return False

    # What the stall watch asks, from outside the thread

    def ended_part(self) -> str | None:
        """What has ended of that which fetches and commits; None while all of it runs."""
        consumer = self._ensure_consumer()
        if self._thread is not None and not self._thread.is_alive():
            return "the consumer's thread"
        if consumer._fetcher._fetch_task.done():
            return "aiokafka's fetch task"
        coordination = getattr(consumer._coordinator, "_coordination_task", None)  # none without a group
        if coordination is not None and coordination.done():
            return "aiokafka's coordination task"
        return None

    def is_joining(self) -> bool:
        """Whether the group is being rebalanced, which may wait for other members."""
        return bool(self._ensure_consumer()._subscription.reassignment_in_progress)

    def positions(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Where the next fetches begin; -1 where that is not known yet, nothing for what is not assigned."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment
        states = {tp: assignment.state_value(TopicPartition(*tp)) for tp in tps}
        return {
            tp: state.position if state.has_valid_position else -1 for tp, state in states.items() if state
        }
