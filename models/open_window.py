"""One open window of one partition: sums of the segments seen, and what of them has not been told yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from models import sums as s
from models.grouping import distinct
from models.index_columns import Status
from models.segment_slots import SegmentSlots

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SegmentSums:
    """Some segments of a window in the order of the city, arrays of one length.

    `segment` holds positions, `sums` is int64 (segments, models.sums columns), `amendments` counts
    observations that came after publication.
    """

    segment: Ints
    sums: Ints
    amendments: Ints


@dataclass(slots=True)
class Window:
    """One open window. Its arrays are over slots (models.segment_slots), as many as it needed so far."""

    window_s: int
    start_ms: int
    slots: SegmentSlots
    published: bool = False
    _sums: Ints = field(default_factory=lambda: np.zeros((0, s.LOOP_COLUMNS), dtype=np.int64))
    _amendments: npt.NDArray[np.int32] | None = None  # None: of nobody
    _first_sums: Ints | None = None  # as the watermark passed the end, once anything came after that
    _told: bool = False
    _changed: Mask = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))  # since told
    _as_told: list[tuple[Ints, Ints, Ints]] = field(default_factory=list)
    """Slots, sums and amendments of what changed since the window was told, as they were told."""

    @property
    def end_ms(self) -> int:
        """The first moment after the window."""
        return self.start_ms + self.window_s * 1000

    @property
    def sums(self) -> Ints:
        """A copy laid out over the whole city, int64 (segments, models.sums columns)."""
        laid_out = np.zeros((self.slots.segments, s.COLUMNS), dtype=np.int64)
        laid_out[self.slots.segment] = _rows(self._sums, np.arange(len(self.slots)))
        return laid_out

    @property
    def amendments(self) -> Ints:
        """Per segment of the whole city, observations that came after publication; a copy."""
        laid_out = np.zeros(self.slots.segments, dtype=np.int64)
        laid_out[self.slots.segment] = self._amendments_of(np.arange(len(self.slots)))
        return laid_out

    @property
    def has_news(self) -> bool:
        """Whether anything has changed since the window was told."""
        return bool(self._as_told) or not self._told

    def add(self, slot: Ints, cell: Ints, amounts: Ints) -> None:
        """Add entries: `amounts` int64 (entries, width) to the segments of `slot`.

        `cell` has the same shape: slot x width + column.
        """
        self._reserve(amounts.shape[1])
        if self._told:
            fresh = slot[~self._changed[slot]]
            if len(fresh):
                fresh = distinct(fresh)
                self._as_told.append((fresh, _rows(self._sums, fresh), self._amendments_of(fresh)))
                self._changed[fresh] = True
        np.add.at(self._sums.reshape(-1), cell.reshape(-1), amounts.reshape(-1))

    def amend(self, slot: Ints, cell: Ints, amounts: Ints) -> None:
        """Add entries that come after the watermark has passed the end."""
        if not self.published and self._first_sums is None:
            self._first_sums = self._sums.copy()
        self.add(slot, cell, amounts)
        if self._amendments is None:
            self._amendments = np.zeros(len(self._sums), dtype=np.int32)
        # Ones of that type: a plain 1 takes a way that is forty times slower.
        np.add.at(self._amendments, slot, np.ones(len(slot), dtype=np.int32))

    def publish(self) -> Window:
        """Tell all that was measured when the watermark passed the end: the window as it was then."""
        self.published = self._told = True
        if self._first_sums is None or self._amendments is None:
            self._as_told.clear()
            self._changed[:] = False
            return self
        first = replace(self, _sums=self._first_sums, _amendments=None, _as_told=[])
        amended = np.flatnonzero(self._amendments)
        self._first_sums, self._changed = None, self._amendments > 0
        self._as_told = [(amended, _rows(first._sums, amended), np.zeros_like(amended))]
        return first

    def tell(self) -> tuple[SegmentSums, SegmentSums | None]:
        """What changed since the window was told: as it is, and as it was told.

        The first time every measured segment, and None.
        """
        if not self._told:
            self._told = True
            return self.measured(), None
        slot, sums, amendments = (np.concatenate(part) for part in zip(*self._as_told, strict=True))
        self._as_told.clear()
        self._changed[slot] = False
        order = np.argsort(self.slots.segment[slot])
        slot = slot[order]
        segment = self.slots.segment[slot]
        now = SegmentSums(segment, _rows(self._sums, slot), self._amendments_of(slot))
        return now, SegmentSums(segment, sums[order], amendments[order])

    def measured(self) -> SegmentSums:
        """Every measured segment."""
        slot = self.slots.in_city_order()
        if len(self._sums) < len(slot):
            slot = slot[slot < len(self._sums)]
        slot = slot[self._sums[slot, s.OBSERVATIONS] > 0]
        return SegmentSums(self.slots.segment[slot], _rows(self._sums, slot), self._amendments_of(slot))

    def _amendments_of(self, slot: Ints) -> Ints:
        amendments = np.zeros(len(slot), dtype=np.int64)
        if self._amendments is not None:
            known = slot < len(self._amendments)
            amendments[known] = self._amendments[slot[known]]
        return amendments

    def _reserve(self, width: int) -> None:
        """Make the arrays long and wide enough for every slot that there is."""
        length, known_width = self._sums.shape
        width = max(width, known_width)
        if length >= len(self.slots) and width == known_width:
            return
        # The first time exactly what is needed: most windows begin when the partition has seen everything.
        longer = max(len(self.slots), min(2 * length, self.slots.segments))
        sums = np.zeros((longer, width), dtype=np.int64)
        sums[:length, :known_width] = self._sums
        self._sums = sums
        changed = np.zeros(longer, dtype=np.bool_)
        changed[:length] = self._changed
        self._changed = changed
        if self._amendments is not None:
            amendments = np.zeros(longer, dtype=np.int32)
            amendments[:length] = self._amendments
            self._amendments = amendments


@dataclass(frozen=True, slots=True)
class WindowChange:
    """What one window has to say at a collection.

    `told` are the segments that changed. `before` has them as they were told the last time; None where
    `told` is every measured segment.
    """

    window: Window
    status: Status
    told: SegmentSums
    before: SegmentSums | None

    @property
    def segments(self) -> Ints:
        """Positions of the segments that are told."""
        return self.told.segment


def _rows(sums: Ints, slot: Ints) -> Ints:
    """Rows of all columns; a slot that the window does not know yet has nothing."""
    rows = np.zeros((len(slot), s.COLUMNS), dtype=np.int64)
    width = sums.shape[1]
    if len(slot) and int(slot.max()) < len(sums):
        rows[:, :width] = sums.take(slot, axis=0)
    else:
        known = slot < len(sums)
        rows[known, :width] = sums[slot[known]]
    return rows
