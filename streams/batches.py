"""What one gathering brought of one partition: the seam between the transport's fetches and our jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from faust.types import EventT

from streams.transport import FetchedBatch

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition in offset order, from one or more fetches."""

    partition: int
    events: list[EventT[Any]]
    fetched: list[FetchedBatch]

    def __len__(self) -> int:
        return sum(len(each) for each in self.fetched)

    def in_parts(self, part_bytes: int) -> Iterator[Batch]:
        """The same in order, so many whole fetches at a time as make `part_bytes`."""
        first, gathered_bytes = 0, 0
        for last, fetched in enumerate(self.fetched, 1):
            gathered_bytes += fetched.payload_bytes
            if gathered_bytes >= part_bytes or last == len(self.fetched):
                yield Batch(self.partition, self.events[first:last], self.fetched[first:last])
                first, gathered_bytes = last, 0

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return self.fetched[0].first_offset

    @property
    def next_offset(self) -> int:
        """Offset after the last record."""
        return self.fetched[-1].next_offset

    @property
    def offsets(self) -> Ints:
        """Offset of each record, int64."""
        return np.concatenate([each.offsets for each in self.fetched])

    @property
    def recorded_ms(self) -> Ints:
        """Kafka's time of each record, int64, ms since 1970."""
        return np.concatenate([each.timestamps_ms for each in self.fetched])

    @property
    def payloads(self) -> list[bytes]:
        """The value of each record, b"" where it is null."""
        return [payload for each in self.fetched for payload in each.values]

    @property
    def payload_bytes(self) -> int:
        """Bytes of all values together."""
        return sum(each.payload_bytes for each in self.fetched)

    def lines(self) -> bytes:
        r"""The values with b"\n" between them."""
        return b"\n".join([each.joined(b"\n") for each in self.fetched])


def group_by_partition(events: Iterable[EventT[Any]]) -> list[Batch]:
    """Events of a gathering as batches; a new one where a partition's offsets go backwards (a replay)."""
    runs: dict[int, list[Batch]] = {}
    for event in events:
        fetched = cast(FetchedBatch, event.value)
        runs_of_partition = runs.setdefault(fetched.partition, [])
        if not runs_of_partition or fetched.first_offset < runs_of_partition[-1].next_offset:
            runs_of_partition.append(Batch(fetched.partition, [], []))
        runs_of_partition[-1].events.append(event)
        runs_of_partition[-1].fetched.append(fetched)
    return [batch for _, found in sorted(runs.items()) for batch in found]
