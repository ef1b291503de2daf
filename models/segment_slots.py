"""Slots: the segments that one partition has seen, numbered in the order of first sight.

What a partition keeps of every segment lies in arrays over slots, so that it grows with what the partition
sees and not with the city; only the number of the slot, four bytes, is kept for every segment of the city.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.grouping import distinct

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class SegmentSlots:
    """Numbers the segments of a city of `segments`; `segment` is the position of each slot's segment."""

    segments: int
    segment: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _slot_of_segment: npt.NDArray[np.int32] = field(init=False)
    _in_city_order: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        self._slot_of_segment = np.full(self.segments, -1, dtype=np.int32)

    def __len__(self) -> int:
        return len(self.segment)

    def slots_of(self, segment: Ints) -> Ints:
        """The slot of each segment position; a segment that was not seen before gets the next one."""
        slots = self._slot_of_segment[segment]
        if len(slots) and slots.min() < 0:
            unseen = distinct(segment[slots < 0])
            self._slot_of_segment[unseen] = np.arange(len(self), len(self) + len(unseen))
            self.segment = np.concatenate([self.segment, unseen])
            slots = self._slot_of_segment[segment]
        return slots.astype(np.int64)

    def in_city_order(self) -> Ints:
        """Every slot, by the position of its segment."""
        if len(self._in_city_order) != len(self):
            self._in_city_order = np.argsort(self.segment)
        return self._in_city_order
