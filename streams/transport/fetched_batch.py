"""What an agent gets: the records of one partition that one fetch brought, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Column = TypeVar("Column")


class PayloadsReleased(RuntimeError):
    """The payloads of a batch were asked for after `release()` or after its event was acknowledged."""


class FetchedBatch:
    """Consecutive records of one partition, in offset order; at least one.

    Attributes:
        topic: name of the topic.
        partition: number of the partition.
        first_offset: offset of the first record.
        next_offset: where reading goes on after this batch: behind the last record and behind what left
            no record.
    """

    __slots__ = (
        "_count",
        "_keys",
        "_offsets",
        "_timestamps_ms",
        "_values",
        "first_offset",
        "next_offset",
        "partition",
        "topic",
    )

    def __init__(
        self,
        topic: str,
        partition: int,
        offsets: Ints,
        timestamps_ms: Ints,
        values: Sequence[bytes],
        keys: Sequence[bytes | None],
        next_offset: int,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.first_offset = int(offsets[0])
        self.next_offset = next_offset
        self._count = len(offsets)
        self._offsets: Ints | None = offsets
        self._timestamps_ms: Ints | None = timestamps_ms
        self._values: Sequence[bytes] | None = values
        self._keys: Sequence[bytes | None] | None = keys

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        place = f"{self.topic}-{self.partition} {self.first_offset}..{self.next_offset - 1}"
        return f"<FetchedBatch {place}: {len(self)} records>"

    @property
    def offsets(self) -> Ints:
        """Offset of each record, ascending: int64, shape (records,). Log compaction and transactions leave
        holes. Raises PayloadsReleased after `release()`."""
        return self._held(self._offsets)

    @property
    def timestamps_ms(self) -> Ints:
        """Kafka's time of each record in ms since 1970: int64, shape (records,); -1 where it has none.
        Whether it is the producer's or the broker's says the topic's `message.timestamp.type`. Raises
        PayloadsReleased after `release()`."""
        return self._held(self._timestamps_ms)

    @property
    def values(self) -> Sequence[bytes]:
        """The value of each record, b"" where it is null. Raises PayloadsReleased after `release()`."""
        return self._held(self._values)

    @property
    def keys(self) -> Sequence[bytes | None]:
        """The key of each record. Raises PayloadsReleased after `release()`."""
        return self._held(self._keys)

    @property
    def payload_bytes(self) -> int:
        """Bytes of all values together. Raises PayloadsReleased after `release()`."""
        return sum(map(len, self.values))

    def joined(self, separator: bytes = b"\n") -> bytes:
        r"""`separator.join(values)`: with b"\n" JSON lines, with b"," the inside of a JSON array.

        Raises PayloadsReleased after `release()`.
        """
        return separator.join(self.values)

    def release(self) -> None:
        """Let go what there is of each record; its length and its place in the log stay. A second call does
        nothing."""
        self._offsets = self._timestamps_ms = self._values = self._keys = None

    def _held(self, column: Column | None) -> Column:
        if column is None:
            raise PayloadsReleased(repr(self))
        return column
