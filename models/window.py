"""Event-time windows of one partition: which window, when it is published, what is late.

Everything here is a pure function of the partition's log: records in order, clock records among them.
Decisions are made per record against the running watermark, never per batch, so that the same log cut
into other batches gives the same windows. Sums are integers, so that order does not matter either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from models.index_columns import Status
from models.observation import ObservationColumns
from models.repetition import SeenObservations
from models.sums import Contribution, contributions, empty_sums

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

WINDOW_LENGTHS_S = (60, 300)


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


@dataclass(slots=True)
class Window:
    """One open window of one partition. `sums` is int64 (segments, models.sums columns)."""

    window_s: int
    start_ms: int
    sums: Ints
    amendments: Ints  # per segment, observations that came after publication
    changed: Mask  # segments touched since the last collection
    published: bool = False
    first_sums: Ints | None = None  # as the watermark passed the end, once anything came after that

    @property
    def end_ms(self) -> int:
        """The first moment after the window."""
        return self.start_ms + self.window_s * 1000


@dataclass(frozen=True, slots=True)
class WindowChange:
    """What one window has to say at a collection: `segments` are the positions that changed."""

    window: Window
    status: Status
    segments: Ints


@dataclass(slots=True)
class PartitionWindows:
    """The open windows of one partition."""

    segments: int
    rules: TimeRules = field(default_factory=TimeRules)
    window_lengths_s: tuple[int, ...] = WINDOW_LENGTHS_S
    clock_ms: int = 0
    newest_event_ms: int = 0
    _basis_ms: int = 0
    _open: dict[tuple[int, int], Window] = field(default_factory=dict)
    _seen: SeenObservations = field(default_factory=SeenObservations)

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
        fates = np.full(len(columns), Fate.CLOCK, dtype=np.uint8)
        if not len(columns):
            return fates
        is_clock = columns.clock_ms > 0
        running_clock_ms = np.maximum.accumulate(np.maximum(columns.clock_ms, self.clock_ms))
        ahead = ~is_clock & (running_clock_ms > 0)
        ahead &= columns.event_ms > running_clock_ms + self.rules.ahead_s * 1000
        moves_watermark = ~is_clock & ~ahead & (running_clock_ms > 0)
        basis_ms = np.where(moves_watermark, columns.event_ms, 0)
        basis_ms = np.where(is_clock, columns.clock_ms - self.rules.idle_s * 1000, basis_ms)
        running_basis_ms = np.maximum.accumulate(np.maximum(basis_ms, self._basis_ms))
        watermark_ms = running_basis_ms - self.rules.settle_s * 1000
        # A record does not come too late for the window that it lets be published itself.
        before_ms = np.concatenate([[self.watermark_ms], watermark_ms[:-1]])

        candidates = ~is_clock & ~ahead
        pieces = [contributions(columns, candidates, window_s) for window_s in self.window_lengths_s]
        in_time = np.zeros(len(columns), dtype=np.bool_)
        for piece in pieces:
            final = piece.end_ms + self.rules.lateness_s * 1000 <= watermark_ms[piece.row]
            piece.drop(final)
            in_time[piece.row] = True
        repeated = self._seen.repeated(columns, in_time)
        for piece in pieces:
            piece.drop(repeated[piece.row])
            self._add(piece, before_ms)

        fates[candidates] = Fate.LATE
        fates[in_time] = Fate.COUNTED
        fates[repeated] = Fate.DUPLICATE
        fates[ahead] = Fate.AHEAD
        self.clock_ms = int(running_clock_ms[-1])
        self._basis_ms = int(running_basis_ms[-1])
        if moves_watermark.any():
            self.newest_event_ms = max(self.newest_event_ms, int(columns.event_ms[moves_watermark].max()))
        longest_ms = max(self.window_lengths_s) * 1000
        self._seen.forget_before(self.watermark_ms - self.rules.lateness_s * 1000 - longest_ms)
        return fates

    def _add(self, piece: Contribution, before_ms: Ints) -> None:
        """Add entries to their windows; `before_ms` is the watermark that each record of the batch found."""
        for start_ms in np.unique(piece.start_ms):
            key = (piece.window_s, int(start_ms))
            window = self._open.get(key)
            if window is None:
                window = self._open[key] = Window(
                    piece.window_s,
                    int(start_ms),
                    empty_sums(self.segments),
                    np.zeros(self.segments, dtype=np.int64),
                    np.zeros(self.segments, dtype=np.bool_),
                )
            chosen = np.flatnonzero(piece.start_ms == start_ms)
            # The watermark never falls, so what amends comes behind what does not.
            in_time = int(np.searchsorted(before_ms[piece.row[chosen]], window.end_ms))
            before, after = chosen[:in_time], chosen[in_time:]
            np.add.at(window.sums, piece.segment[before], piece.amounts[before])
            if len(after):
                if not window.published and window.first_sums is None:
                    window.first_sums = window.sums.copy()
                np.add.at(window.sums, piece.segment[after], piece.amounts[after])
                np.add.at(window.amendments, piece.segment[after], 1)
            window.changed[piece.segment[chosen]] = True

    def collect(self, provisional: bool) -> Iterator[WindowChange]:
        """What changed since the last call, oldest window first; windows that became final are dropped.

        A window is published when the watermark passes its end, as it was at that record however the log is
        cut, amended by what comes later, and final `lateness_s` after; each of these is told even where one
        collection finds several of them. The final change lists every measured segment, so that it stands
        alone. With `provisional`, open windows tell their changed segments too.
        """
        for key in sorted(self._open, key=lambda key: (key[1], key[0])):
            window = self._open[key]
            if window.end_ms <= self.watermark_ms and not window.published:
                window.published = True
                first = _as_first_published(window)
                yield WindowChange(first, Status.PUBLISHED, _measured(first))
                window.changed = window.amendments > 0
                window.first_sums = None
            if self.is_final(window.end_ms):
                del self._open[key]
                yield WindowChange(window, Status.FINAL, _measured(window))
            elif window.end_ms <= self.watermark_ms:
                if window.changed.any():
                    yield WindowChange(window, Status.AMENDED, np.flatnonzero(window.changed))
                    window.changed[:] = False
            elif provisional and window.changed.any():
                yield WindowChange(window, Status.PROVISIONAL, np.flatnonzero(window.changed))
                window.changed[:] = False

    def finish(self) -> Iterator[WindowChange]:
        """Declare every open window final: a recording has ended and nothing more will come."""
        for key in sorted(self._open, key=lambda key: (key[1], key[0])):
            window = self._open.pop(key)
            yield WindowChange(window, Status.FINAL, _measured(window))


def _as_first_published(window: Window) -> Window:
    """The window as it was when the watermark passed its end."""
    if window.first_sums is None:
        return window
    return replace(window, sums=window.first_sums, amendments=np.zeros_like(window.amendments))


def _measured(window: Window) -> Ints:
    return np.flatnonzero(window.sums[:, 0])
