"""One fetch as one batch per partition: the seam between Faust's events and columns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import cast

from faust.streams import Stream
from faust.types import EventT, StreamT

LARGEST_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition in offset order."""

    partition: int
    events: Sequence[EventT[bytes]]
    payloads: Sequence[bytes]
    offsets: Sequence[int]
    recorded_ms: Sequence[int]  # Kafka's timestamps

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return self.offsets[0]

    @property
    def next_offset(self) -> int:
        """Offset after the last record."""
        return self.offsets[-1] + 1


async def batches(stream: StreamT[bytes], within_s: float) -> AsyncIterator[list[Batch]]:
    """Unacknowledged records of a raw topic, gathered for up to `within_s`, one batch per partition."""
    async for events in cast(Stream[bytes], stream).noack_take(LARGEST_BATCH, within=within_s):
        # noack_take gives events, not values, so that they can be acknowledged by hand.
        yield group_by_partition(cast(Sequence[EventT[bytes]], events))


def group_by_partition(events: Sequence[EventT[bytes]]) -> list[Batch]:
    """Events as batches; a new batch begins where a partition's offsets go backwards (a replay)."""
    runs: dict[int, list[list[EventT[bytes]]]] = {}
    for event in events:
        runs_of_partition = runs.setdefault(event.message.partition, [[]])
        run = runs_of_partition[-1]
        if run and event.message.offset <= run[-1].message.offset:
            run = []
            runs_of_partition.append(run)
        run.append(event)
    return [_batch(partition, run) for partition, found in sorted(runs.items()) for run in found]


def _batch(partition: int, events: Sequence[EventT[bytes]]) -> Batch:
    messages = [event.message for event in events]
    return Batch(
        partition,
        events,
        [message.value or b"" for message in messages],
        [message.offset for message in messages],
        [int((message.timestamp or 0) * 1000) for message in messages],
    )
