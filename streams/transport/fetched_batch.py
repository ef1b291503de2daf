"""What an agent gets: all records of one partition that one fetch brought, as one value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]


class RecordSpan(Protocol):
    """Consecutive records of one partition, in whatever form they were fetched."""

    def __len__(self) -> int:
        """How many records."""
        ...

    def offsets(self) -> Ints:
        """Their offsets, ascending."""
        ...

    def timestamps_ms(self) -> Ints:
        """Kafka's time of each record in milliseconds since 1970."""
        ...

    def values(self) -> list[bytes]:
        """One `bytes` per record, empty where the record's value is null."""
        ...

    def keys(self) -> list[bytes | None]:
        """The key of each record."""
        ...

    def joined(self, separator: bytes) -> bytes:
        """All values with `separator` between them."""
        ...


class PayloadsReleased(RuntimeError):
    """The payloads of a batch were asked for after `release()` or after its event was acknowledged."""


class FetchedBatch:
    """Consecutive records of one partition, in offset order.

    Offsets and times stay when the payloads are released; they are 16 bytes a record.

    Attributes:
        topic: name of the topic.
        partition: number of the partition.
        first_offset: offset of the first record.
        next_offset: where reading goes on after this batch: behind the last record and behind what
            log compaction, transactions or control records left no record for.
    """

    __slots__ = (
        "_count",
        "_offsets",
        "_spans",
        "_timestamps_ms",
        "_values",
        "first_offset",
        "next_offset",
        "partition",
        "topic",
    )

    def __init__(self, topic: str, partition: int, spans: Sequence[RecordSpan], next_offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.next_offset = next_offset
        self._spans: Sequence[RecordSpan] | None = spans
        self._count = sum(map(len, spans))
        self._offsets: Ints | None = None
        self._timestamps_ms: Ints | None = None
        self._values: list[bytes] | None = None
        self.first_offset = int(spans[0].offsets()[0])

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        place = f"{self.topic}-{self.partition} {self.first_offset}..{self.next_offset - 1}"
        return f"<FetchedBatch {place}: {self._count} records>"

    @property
    def offsets(self) -> Ints:
        """Offset of each record, ascending: int64, shape (records,)."""
        if self._offsets is None:
            self._offsets = _concatenated(span.offsets() for span in self._held())
        return self._offsets

    @property
    def timestamps_ms(self) -> Ints:
        """Kafka's time of each record, in ms since 1970: int64, shape (records,). Which time it is, the
        producer's or the broker's, is the topic's `message.timestamp.type`."""
        if self._timestamps_ms is None:
            self._timestamps_ms = _concatenated(span.timestamps_ms() for span in self._held())
        return self._timestamps_ms

    @property
    def values(self) -> Sequence[bytes]:
        """The value of each record, b"" where it is null; cut on first use.

        Raises PayloadsReleased after `release()`.
        """
        if self._values is None:
            self._values = [value for span in self._held() for value in span.values()]
        return self._values

    @property
    def keys(self) -> Sequence[bytes | None]:
        """The key of each record; cut on every use. Raises PayloadsReleased after `release()`."""
        return [key for span in self._held() for key in span.keys()]  # noqa: SIM118

    def joined(self, separator: bytes = b"\n") -> bytes:
        r"""All values in one buffer with `separator` between them, as `separator.join(values)` is.

        With b"\n" or b"," it makes JSON lines or the inside of a JSON array. Raises PayloadsReleased after
        `release()`.
        """
        return separator.join([span.joined(separator) for span in self._held()])

    def release(self) -> None:
        """Let the payloads go; `len`, offsets and times stay. A second call does nothing."""
        if self._spans is not None:
            self.offsets, self.timestamps_ms  # noqa: B018 (made now, while there is something to make them of)
            self._spans = self._values = None

    def _held(self) -> Sequence[RecordSpan]:
        if self._spans is None:
            raise PayloadsReleased(repr(self))
        return self._spans


class ConsumerRecords:
    """A span of aiokafka's ConsumerRecord objects."""

    __slots__ = ("_records",)

    def __init__(self, records: Sequence[Any]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def offsets(self) -> Ints:
        """See RecordSpan."""
        return self._column(lambda record: record.offset)

    def timestamps_ms(self) -> Ints:
        """See RecordSpan; -1 where the message format has no time."""
        return self._column(lambda record: -1 if record.timestamp is None else record.timestamp)

    def values(self) -> list[bytes]:
        """See RecordSpan."""
        return [record.value or b"" for record in self._records]

    def keys(self) -> list[bytes | None]:
        """See RecordSpan."""
        return [record.key for record in self._records]

    def joined(self, separator: bytes) -> bytes:
        """See RecordSpan."""
        return separator.join(self.values())

    def _column(self, field: Callable[[Any], int]) -> Ints:
        return np.fromiter(map(field, self._records), np.int64, len(self._records))


def _concatenated(columns: Iterable[Ints]) -> Ints:
    found = list(columns)
    return found[0] if len(found) == 1 else np.concatenate(found)
