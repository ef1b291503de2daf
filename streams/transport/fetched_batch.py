"""What an agent gets: the records of one partition that one fetch brought, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]


class PayloadsReleased(RuntimeError):
    """The payloads of a batch were asked for after `release()` or after its event was acknowledged."""


class FetchedBatch:
    """Consecutive records of one partition, in offset order; at least one.

    Attributes:
        topic: name of the topic.
        partition: number of the partition.
        offsets: offset of each record, ascending: int64, shape (records,). Log compaction and transactions
            leave holes.
        timestamps_ms: Kafka's time of each record in ms since 1970: int64, shape (records,); -1 where it has
            none. Whether it is the producer's or the broker's says the topic's `message.timestamp.type`.
        next_offset: where reading goes on after this batch: behind the last record and behind what left
            no record.
    """

    __slots__ = ("_keys", "_values", "next_offset", "offsets", "partition", "timestamps_ms", "topic")

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
        self.offsets = offsets
        self.timestamps_ms = timestamps_ms
        self.next_offset = next_offset
        self._values: Sequence[bytes] | None = values
        self._keys: Sequence[bytes | None] | None = keys

    def __len__(self) -> int:
        return len(self.offsets)

    def __repr__(self) -> str:
        place = f"{self.topic}-{self.partition} {self.first_offset}..{self.next_offset - 1}"
        return f"<FetchedBatch {place}: {len(self)} records>"

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return int(self.offsets[0])

    @property
    def values(self) -> Sequence[bytes]:
        """The value of each record, b"" where it is null. Raises PayloadsReleased after `release()`."""
        if self._values is None:
            raise PayloadsReleased(repr(self))
        return self._values

    @property
    def keys(self) -> Sequence[bytes | None]:
        """The key of each record. Raises PayloadsReleased after `release()`."""
        if self._keys is None:
            raise PayloadsReleased(repr(self))
        return self._keys

    def joined(self, separator: bytes = b"\n") -> bytes:
        r"""`separator.join(values)`: with b"\n" JSON lines, with b"," the inside of a JSON array.

        Raises PayloadsReleased after `release()`.
        """
        return separator.join(self.values)

    def release(self) -> None:
        """Let values and keys go; the rest stays, 16 bytes a record. A second call does nothing."""
        self._values = self._keys = None
