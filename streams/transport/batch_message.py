"""The Faust message that carries a batch, and when it counts as done."""

from __future__ import annotations

from typing import Any

from faust.types import TP, ConsumerMessage
from faust.types.tuples import ack_lock

from streams.transport.commit_ledger import Place
from streams.transport.consumer_thread import Fetched
from streams.transport.fetched_batch import FetchedBatch


class BatchMessage(ConsumerMessage):
    """A batch on its way to the agents of its topic; its offset is that of the first record.

    It is `done` when every agent that it was delivered to has acknowledged it by hand. Faust's own
    acknowledgement does not count, because Faust also acknowledges what was never worked on: when an agent
    is cancelled, when it raises, when a stream skips an event because the worker is stopping. Some of it is
    written in Cython and calls no method that could be overridden, so both are told apart by the counts.
    """

    __slots__ = ("_answers", "_deliveries", "_waiting", "done", "place")

    def __init__(self, tp: TP, fetched: Fetched, generation_id: int) -> None:
        self._waiting = self._deliveries = self._answers = 0
        self.done = False
        self.place: Place = fetched.place
        batch = fetched.batch
        super().__init__(
            batch.topic,
            batch.partition,
            batch.first_offset,
            int(batch.timestamps_ms[0]) / 1000.0,
            timestamp_type=0,
            headers=None,
            key=None,
            value=batch,  # type: ignore[arg-type]
            checksum=None,
            tp=tp,
            generation_id=generation_id,
        )

    @property
    def batch(self) -> FetchedBatch:
        """What the message carries."""
        return self.value  # type: ignore[return-value]

    @property
    def refcount(self) -> int:
        """How many deliveries Faust waits for."""
        return self._waiting

    @refcount.setter
    def refcount(self, waiting: int) -> None:
        self._deliveries += max(waiting - self._waiting, 0)
        self._waiting = waiting

    def ack(self, consumer: Any, n: int = 1) -> bool:
        """What `Event.ack` calls: `n` deliveries are finished."""
        with ack_lock:
            self._answers += n
            if not self.done and self._answers >= self._deliveries:
                self.done = True
                self.batch.release()
            return super().ack(consumer, n)
