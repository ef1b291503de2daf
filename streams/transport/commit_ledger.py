"""What may be committed: the end of the longest run of batches that are done, from the oldest on."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Work(Protocol):
    """A batch that was handed over."""

    @property
    def done(self) -> bool:
        """Whether everybody who got it has finished with it."""
        ...


WorkT = TypeVar("WorkT", bound=Work)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch stands in the reading of its partition.

    A reading is what is fetched between two changes of the position (a seek, a new assignment); positions
    after a change have nothing to do with those before it. Readings of a partition are numbered upwards.
    """

    reading: int
    number: int
    """Which batch of the reading it is, from 0."""
    reading_starts_at: int
    """Offset of the reading's first record."""


@dataclass(slots=True)
class PartitionLedger(Generic[WorkT]):
    """The batches of one partition that were handed over, in order."""

    _reading: int = -1
    _handed_over: int = 0
    _next_offset: int = 0
    _waiting: deque[tuple[WorkT, int]] = field(default_factory=deque)
    _ready: int | None = None

    def hand_over(self, work: WorkT, place: Place, next_offset: int) -> int | None:
        """Remember a batch that ends before `next_offset`, before anybody gets it.

        Returns None when it follows the one before it. Else something between them was fetched and lost on
        the way; the batch is not remembered and must not be handed over: returns the offset to read on from.
        """
        if place.reading != self._reading:
            self._begin(place.reading)
        if place.number != self._handed_over:
            return self._next_offset if self._handed_over else place.reading_starts_at
        self._waiting.append((work, next_offset))
        self._handed_over += 1
        self._next_offset = next_offset
        return None

    def committable(self, reading: int) -> int | None:
        """The offset to commit, if the partition's reading is still `reading`; None when nothing is done.

        The same offset again and again until later batches are done: it is on the caller to skip what Kafka
        has. What was handed over in an earlier reading is forgotten: it is read again, and counts then.
        """
        if reading != self._reading:
            self._begin(reading)
        while self._waiting and self._waiting[0][0].done:
            self._ready = self._waiting.popleft()[1]
        return self._ready

    def oldest(self) -> WorkT | None:
        """The batch that the next commit waits for."""
        return self._waiting[0][0] if self._waiting else None

    def __len__(self) -> int:
        return len(self._waiting)

    def _begin(self, reading: int) -> None:
        self._reading = reading
        self._handed_over = 0
        self._waiting.clear()
        self._ready = None
