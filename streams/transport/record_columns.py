"""aiokafka's records as columns. It is the only loop per record in this package.

Lists of bytes and of numbers are nothing to Python's garbage collector. Lists of aiokafka's records are:
it walks them again and again, for more than what it takes to decode them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from aiokafka.structs import ConsumerRecord

from streams.transport.fetched_batch import Ints


@dataclass(slots=True)
class RecordColumns:
    """Consecutive records of one partition; equally long lists."""

    offsets: list[int] = field(default_factory=list)
    timestamps_ms: list[int | None] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)

    def append(self, records: Iterable[ConsumerRecord[bytes, bytes]]) -> None:
        """Add aiokafka's records; an absent value becomes an empty one."""
        add_offset, add_time = self.offsets.append, self.timestamps_ms.append
        add_value, add_key = self.values.append, self.keys.append
        for record in records:
            add_offset(record.offset)
            add_time(record.timestamp)
            add_value(record.value or b"")
            add_key(record.key)

    def take(self, largest: int) -> RecordColumns:
        """Remove and return the first records, `largest` of them or all that there are."""
        if len(self) <= largest:
            taken = RecordColumns(self.offsets, self.timestamps_ms, self.values, self.keys)
            self.offsets, self.timestamps_ms, self.values, self.keys = [], [], [], []
            return taken
        taken = RecordColumns(
            self.offsets[:largest], self.timestamps_ms[:largest], self.values[:largest], self.keys[:largest]
        )
        for column in (self.offsets, self.timestamps_ms, self.values, self.keys):
            del column[:largest]
        return taken

    def offset_column(self) -> Ints:
        """The offsets: int64."""
        return np.array(self.offsets, np.int64)

    def time_column(self) -> Ints:
        """Times in ms since 1970: int64; -1 for records in the oldest message format, which has none."""
        try:
            return np.array(self.timestamps_ms, np.int64)
        except TypeError:
            return np.array([-1 if time is None else time for time in self.timestamps_ms], np.int64)

    def __len__(self) -> int:
        return len(self.offsets)
