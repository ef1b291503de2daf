"""Event-time windows of one partition: which window, when it is published, what is late.

Everything here is a pure function of the partition's log: records in order, clock records among them.
Decisions are made per record against the running watermark, never per batch, so that the same log cut
into other batches gives the same windows. Sums are integers, so that order does not matter either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.grouping import by_value
from models.index_columns import Status
from models.observation import ObservationColumns
from models.open_window import Window, WindowChange
from models.repetition import SeenObservations
from models.segment_slots import SegmentSlots
from models.sums import COLUMNS, LOOP_COLUMNS, Shares, amounts_of, shares_of

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WINDOW_LENGTHS_S = (60, 300)

MOST_AT_ONCE = 50_000
"""More records than that are taken in parts, so that what is needed meanwhile stays small."""


class Fate(IntEnum):
    """What became of one record."""

    CLOCK = 0
    COUNTED = 1
    DUPLICATE = 2
    LATE = 3
    AHEAD = 4


@dataclass(frozen=True, slots=True)
class TimeRules:
    """How long to wait. `settle_s`: publication waits this long after a window's end; `lateness_s`: a window
    takes late observations this long; `ahead_s`: an event further ahead of the log's clock is quarantined;
    `idle_s`: a silent partition's watermark follows the clock at this distance."""

    settle_s: int = 10
    lateness_s: int = 600
    ahead_s: int = 120
    idle_s: int = 30


@dataclass(frozen=True, slots=True)
class _Judged:
    """What became of a batch. `shares` and `found_ms` are over the rows in `row`."""

    fates: npt.NDArray[np.uint8]  # per record
    row: Ints  # of the observations that may count
    found_ms: Ints  # the watermark that each of them found
    shares: list[Shares]  # of those that count, one for each length of window


@dataclass(slots=True)
class PartitionWindows:
    """The open windows of one partition of a city of `segments`.

    Memory and time grow with the segments that the partition has seen, not with the city.
    """

    segments: int
    rules: TimeRules = field(default_factory=TimeRules)
    window_lengths_s: tuple[int, ...] = WINDOW_LENGTHS_S
    clock_ms: int = 0
    newest_event_ms: int = 0
    _basis_ms: int = 0
    _open: dict[tuple[int, int], Window] = field(default_factory=dict)
    _seen: SeenObservations = field(default_factory=SeenObservations)
    _slots: SegmentSlots = field(init=False)
    _width: int = LOOP_COLUMNS

    def __post_init__(self) -> None:
        self._slots = SegmentSlots(self.segments)

    @property
    def watermark_ms(self) -> int:
        """Every window that ends at or before this is published; 0 before any time is known."""
        return max(0, self._basis_ms - self.rules.settle_s * 1000) if self._basis_ms else 0

    @property
    def basis_ms(self) -> int:
        """What the watermark follows: the newest event, or the clock at a distance."""
        return self._basis_ms

    def resume(self, clock_ms: int, basis_ms: int) -> None:
        """Go on where other windows of this partition stood: what was late or ahead then is so again."""
        self.clock_ms, self._basis_ms = clock_ms, basis_ms

    def is_final(self, end_ms: int) -> bool:
        """Whether a window that ends then takes nothing more."""
        return end_ms + self.rules.lateness_s * 1000 <= self.watermark_ms

    def fold(self, columns: ObservationColumns) -> npt.NDArray[np.uint8]:
        """Take records in log order; returns the Fate of each, uint8 (records,)."""
        fates = [np.empty(0, dtype=np.uint8)]
        for part in _parts(columns):
            judged = self._judge(part)
            fates.append(judged.fates)
            if any(len(shares.ordinal) for shares in judged.shares):
                self._add(part, judged)
        return np.concatenate(fates)

    def judge(self, columns: ObservationColumns) -> npt.NDArray[np.uint8]:
        """As `fold`, for who needs only the fates: nothing is added up, so there is nothing to collect."""
        empty = np.empty(0, dtype=np.uint8)
        return np.concatenate([empty, *(self._judge(part).fates for part in _parts(columns))])

    def _judge(self, columns: ObservationColumns) -> _Judged:
        fates = np.full(len(columns), Fate.CLOCK, dtype=np.uint8)
        is_clock = columns.clock_ms > 0
        running_clock_ms = np.maximum.accumulate(np.maximum(columns.clock_ms, self.clock_ms))
        knows_time = running_clock_ms > 0
        ahead = columns.event_ms > running_clock_ms + self.rules.ahead_s * 1000
        ahead &= knows_time & ~is_clock
        moves_watermark = knows_time & ~is_clock & ~ahead
        moved_to_ms = np.where(moves_watermark, columns.event_ms, 0)
        basis_ms = np.where(is_clock, columns.clock_ms - self.rules.idle_s * 1000, moved_to_ms)
        running_basis_ms = np.maximum.accumulate(np.maximum(basis_ms, self._basis_ms))
        watermark_ms = running_basis_ms - self.rules.settle_s * 1000
        # A record does not come too late for the window that it lets be published itself.
        found_ms = np.concatenate([[self.watermark_ms], watermark_ms[:-1]])

        row = np.flatnonzero(~(is_clock | ahead))
        all_shares, in_time = self._in_time(columns.start_ms[row], columns.event_ms[row], watermark_ms[row])
        asked = np.flatnonzero(in_time)
        asked_row = row[asked]
        repeated = np.zeros(len(row), dtype=np.bool_)
        repeated[asked] = self._seen.repeated(
            columns.sensor[asked_row], columns.vehicle[asked_row], columns.event_ms[asked_row]
        )
        if repeated.any():
            for shares in all_shares:
                shares.keep(~shares.of_observations(repeated))

        fate = np.where(in_time, np.uint8(Fate.COUNTED), np.uint8(Fate.LATE))
        fate[repeated] = Fate.DUPLICATE
        fates[row] = fate
        fates[ahead] = Fate.AHEAD
        self.clock_ms = int(running_clock_ms[-1])
        self._basis_ms = int(running_basis_ms[-1])
        self.newest_event_ms = int(moved_to_ms.max(initial=self.newest_event_ms))
        self._seen.forget_before(self._final_before_ms())
        return _Judged(fates, row, found_ms[row], all_shares)

    def _in_time(self, start_ms: Ints, event_ms: Ints, watermark_ms: Ints) -> tuple[list[Shares], Mask]:
        """The shares of observations in windows that still take them, and which observations have any."""
        in_time = np.zeros(len(event_ms), dtype=np.bool_)
        all_shares = []
        for window_s in self.window_lengths_s:
            shares = shares_of(start_ms, event_ms, window_s)
            final_ms = shares.ordinal * (window_s * 1000) + (window_s + self.rules.lateness_s) * 1000
            takes = final_ms > shares.of_observations(watermark_ms)
            if not takes.all():
                shares.keep(takes)
            in_time[slice(None) if shares.observation is None else shares.observation] = True
            all_shares.append(shares)
        return all_shares, in_time

    def _final_before_ms(self) -> int:
        """No observation with an event time before this can count any more."""
        takes_from_ms = self.watermark_ms - self.rules.lateness_s * 1000
        return min(takes_from_ms // (s * 1000) * (s * 1000) for s in self.window_lengths_s)

    def _add(self, columns: ObservationColumns, judged: _Judged) -> None:
        """Add what counts to its windows, which are opened where needed."""
        row = judged.row
        slot = self._slots.slots_of(columns.segment[row])
        if self._width < COLUMNS and (columns.sensor[row] < 0).any():
            self._width = COLUMNS
        cell = slot[:, None] * self._width + np.arange(self._width)
        whole = amounts_of(columns, row, None, self._width)
        first_found_ms, last_found_ms = int(judged.found_ms[0]), int(judged.found_ms[-1])
        for shares in judged.shares:
            order, edges = by_value(shares.ordinal)
            entry = order if shares.observation is None else shares.observation[order]
            if shares.covered_ms is None:
                amounts = whole.take(entry, axis=0)
            else:
                amounts = amounts_of(columns, row[entry], shares.covered_ms[order], self._width)
            slots, cells = slot[entry], cell.take(entry, axis=0)
            for first, last in pairwise(edges):
                window = self._window(shares.window_s, int(shares.ordinal[order[first]]))
                here = slots[first:last], cells[first:last], amounts[first:last]
                if window.end_ms > last_found_ms:
                    window.add(*here)
                elif window.end_ms <= first_found_ms:
                    window.amend(*here)
                else:
                    amends = judged.found_ms[entry[first:last]] >= window.end_ms
                    window.add(*(part[~amends] for part in here))
                    if amends.any():
                        window.amend(*(part[amends] for part in here))

    def _window(self, window_s: int, ordinal: int) -> Window:
        start_ms = ordinal * window_s * 1000
        window = self._open.get((window_s, start_ms))
        if window is None:
            window = self._open[window_s, start_ms] = Window(window_s, start_ms, self._slots)
        return window

    def collect(self, provisional: bool) -> Iterator[WindowChange]:
        """What changed since the last call, oldest window first; windows that became final are dropped.

        A window is published when the watermark passes its end, as it was at that record however the log is
        cut, amended by what comes later, and final `lateness_s` after; each of these is told even where one
        collection finds several of them. The final change lists every measured segment, so that it stands
        alone. With `provisional`, open windows tell their changed segments too.
        """
        for key in self._oldest_first():
            window = self._open[key]
            passed = window.end_ms <= self.watermark_ms
            if passed and not window.published:
                first = window.publish()
                yield WindowChange(first, Status.PUBLISHED, first.measured(), None)
            if self.is_final(window.end_ms):
                del self._open[key]
                yield WindowChange(window, Status.FINAL, window.measured(), None)
            elif window.has_news and (passed or provisional):
                yield WindowChange(window, Status.AMENDED if passed else Status.PROVISIONAL, *window.tell())

    def finish(self) -> Iterator[WindowChange]:
        """Declare every open window final: a recording has ended and nothing more will come."""
        for key in self._oldest_first():
            window = self._open.pop(key)
            yield WindowChange(window, Status.FINAL, window.measured(), None)

    def _oldest_first(self) -> list[tuple[int, int]]:
        return sorted(self._open, key=lambda key: (key[1], key[0]))


def _parts(columns: ObservationColumns) -> Iterator[ObservationColumns]:
    """The records in parts that are not empty; where they are cut makes no difference."""
    if len(columns) > MOST_AT_ONCE:
        for first in range(0, len(columns), MOST_AT_ONCE):
            yield columns.take(np.arange(first, min(first + MOST_AT_ONCE, len(columns))))
    elif len(columns):
        yield columns
