"""The transport behind `batch+kafka://`: Faust's aiokafka driver, handing over whole fetches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from time import monotonic
from typing import Any

from faust.exceptions import ConsumerNotStarted, ImproperlyConfigured
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message
from faust.types.transports import TPorTopicSet
from mode import Service
from mode.utils.locks import Event

from streams.transport.batch_message import BatchMessage
from streams.transport.batch_schema import BatchSchema
from streams.transport.commit_ledger import PartitionLedger
from streams.transport.consumer_thread import ConsumerThread, Fetched
from streams.transport.stall_watch import ConsumerStalled, StallWatch, ask_ends
from streams.transport.url_options import read_options


class Consumer(driver.Consumer):
    """Faust's consumer, with batches for the topics that have a BatchSchema and no change for the others."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ledgers: dict[TP, PartitionLedger[BatchMessage]] = defaultdict(PartitionLedger)
        self._fetchable = Event()
        self._warned_of: set[str] = set()
        self._handing_over = False
        self._joining_since_s = monotonic()
        super().__init__(*args, **kwargs)
        self._watch = StallWatch(read_options(self.transport.url).stall_timeout_s)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Fetching

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 (so in Faust)
    ) -> Mapping[TP, list[Any]]:
        # A topic that was read in batches stays one, whatever becomes of its agents.
        self._thread.largest_batches = {**self._thread.largest_batches, **self._find_largest_batches()}
        records = await super()._getmany(active_partitions, timeout)
        self._watch.note_well((TP(*tp) for tp in records), monotonic())
        return records

    def _find_largest_batches(self) -> dict[str, int]:
        """Topic -> the largest batch that its schema allows, for topics that want batches."""
        largest: dict[str, int] = {}
        plain: set[str] = set()
        for channel in list(self.app.topics):
            for topic in channel.topics:
                if isinstance(channel.schema, BatchSchema):
                    largest[topic] = min(channel.schema.largest_batch, largest.get(topic, 1 << 31))
                else:
                    plain.add(topic)
        if both := plain & largest.keys():
            raise ImproperlyConfigured(f"read with a BatchSchema and without: {', '.join(sorted(both))}")
        return largest

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Fetched):
            return super()._to_message(tp, record)
        return BatchMessage(TP(*tp), record, self.app.consumer_generation_id)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109
        """What was fetched, as messages; a batch is in its partition's ledger before anybody sees it."""
        async for tp, message in super().getmany(timeout):
            if isinstance(message, BatchMessage):
                if not await self._hand_over(message):
                    continue
                # Faust compares with the last offset that it saw, to find holes and repetitions. The
                # ledger has done that, and knows of seeks while Faust was waiting for room in a queue.
                self._read_offset[tp] = None
            self._handing_over = True
            try:
                yield tp, message
            finally:
                self._handing_over = False

    async def _hand_over(self, message: BatchMessage) -> bool:
        """Whether the batch continues what its partition's agents got before; if not it is fetched again."""
        if not self.is_current(message):
            return False
        missing_from = self._ledgers[message.tp].hand_over(message, message.place, message.batch.next_offset)
        if missing_from is None:
            return True
        self.log.warning("%r: reading again from %s, a fetch was dropped", message.tp, missing_from)
        await self._seek(message.tp, missing_from)
        return False

    def is_current(self, message: BatchMessage) -> bool:
        """Whether the position is still where this batch led to: no seek, no new assignment since."""
        return message.place.reading == self._thread.reading_of(message.tp)

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109
        # Where nothing can be fetched, because all partitions wait for room in an agent's queue or for the
        # end of a rebalance, Faust sleeps for a second before it looks again.
        if self.flow_active and not self.app.client_only and not self._get_active_partitions():
            self._fetchable.clear()
            await self.wait_first(self._fetchable, self.suspend_flow, timeout=timeout)  # type: ignore[arg-type]
            if not self._get_active_partitions():
                return {}, self._get_active_partitions()
        return await super()._wait_next_records(timeout)

    def on_buffer_drop(self, tp: TP) -> None:
        """Called when an agent's queue has room again."""
        super().on_buffer_drop(tp)
        self._fetchable.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Called when the partitions of a new assignment may be fetched."""
        super().resume_partitions(tps)
        self._fetchable.set()

    # Positions

    async def _seek(self, partition: TP, offset: int) -> None:
        await self._thread.seek_in_thread(partition, offset)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Called when partitions go: what is in hand of them is read again by whoever gets them."""
        for tp in revoked:
            self._ledgers.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    # Commits

    def _filter_tps_with_pending_acks(self, topics: TPorTopicSet | None = None) -> Iterator[TP]:
        yield from super()._filter_tps_with_pending_acks(topics)
        for tp in list(self._ledgers):
            if tp not in self._acked and (topics is None or tp in topics or tp.topic in topics):
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic not in self._thread.largest_batches:
            return super()._new_offset(tp)
        # Faust's own lists hold the first offsets of batches, in whatever reading, acknowledged or skipped.
        self._acked.pop(tp, None)
        self._acked_index.pop(tp, None)
        if tp not in self._ledgers:
            return None
        ledger = self._ledgers[tp]
        offset = ledger.committable(self._thread.reading_of(tp))
        oldest = ledger.oldest()
        if oldest is not None and oldest.acked and self.flow_active and tp.topic not in self._warned_of:
            self._warned_of.add(tp.topic)
            self.log.warning("%s: not committed, as no agent calls event.ack(); see batches()", tp.topic)
        return offset

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        before = {tp: self._committed_offset[tp] for tp in offsets}
        did_commit = await super()._commit_offsets(offsets, start_new_transaction)
        if not did_commit:
            # Faust takes a failed commit for done. The ledger still has its offset: it is sent again.
            for tp, offset in offsets.items():
                if tp.topic in self._thread.largest_batches and self._committed_offset[tp] == offset:
                    self._committed_offset[tp] = before[tp]
        return did_commit

    # Stalls

    @Service.task
    async def _watch_for_stalls(self) -> None:
        patience_s = self._watch.patience_s
        while patience_s and not self.should_stop:
            await self.sleep(patience_s / 9)
            try:
                await self._look_for_stall()
            except ConsumerNotStarted:
                continue
            except ConsumerStalled as stall:
                await self.crash(stall)

    async def _look_for_stall(self) -> None:
        """Raises ConsumerStalled when nothing goes on any more although the broker is there."""
        if self.should_stop:
            return
        if ended := self._thread.ended_part():
            raise ConsumerStalled(f"{ended} has ended")
        watch, assigned = self._watch, self.assignment()
        joining = self._thread.is_joining()
        if not joining or monotonic() - self._joining_since_s < self._longest_join_s():
            watch.note_well(["the group"], monotonic())
        if not joining:
            self._joining_since_s = monotonic()
        if self._thread.commits.fail_since_s is None:
            watch.note_well(["commits"], monotonic())
        if joining or self._handing_over or self._buffered_partitions:
            watch.note_well(assigned, monotonic())  # it is the group or an agent that takes time
        questionable = watch.questionable([*assigned, "the group", "commits"], monotonic())
        if not questionable:
            return
        partitions = [concern for concern in questionable if isinstance(concern, TP)]
        ends = await ask_ends(self.app, self.transport.url, partitions)
        if ends is None:  # nobody gets anything
            self._joining_since_s = monotonic()
            watch.note_well(questionable, monotonic())
            return
        positions = self._thread.positions(partitions)
        watch.note_well((tp for tp in partitions if ends[tp] <= positions.get(tp, -1)), monotonic())
        if stalled := watch.stalled(monotonic()):
            raise ConsumerStalled(f"for {watch.patience_s:g} s nothing has come of {stalled}")

    def _longest_join_s(self) -> float:
        """How long a group may wait for its members: one that was killed is waited for a whole session."""
        return float(self.app.conf.broker_rebalance_timeout + self.app.conf.broker_session_timeout)


class Transport(driver.Transport):
    """The driver that the entry point `batch+kafka` of the group `faust.transports` names."""

    Consumer = Consumer
