"""Areas over several partitions: when a merged window is published, and what it then says.

A merged window is published when every partition has passed it, or `wait_s` of log time after the first
one did, with the coverage that is there; later partials amend it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models import area as a
from models.area import Areas, area_columns
from models.index_columns import AREA_DTYPES, Columns, Status
from models.partition_index import AreaPartial, concatenate

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class _MergedWindow:
    window_s: int
    start_ms: int
    sums: Ints  # (partitions, areas, columns)
    first_passed_ms: int | None = None
    published: bool = False
    changed: bool = True

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.window_s * 1000


@dataclass(slots=True)
class AreaMerger:
    """Adds the partitions' sums of each window and tells the areas' indices."""

    areas: Areas
    partitions: int
    lateness_s: int = 600
    wait_s: int = 15
    clock_ms: int = 0
    data_ms: int = 0
    watermark_ms: Ints = field(init=False)
    _open: dict[tuple[int, int], _MergedWindow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watermark_ms = np.zeros(self.partitions, dtype=np.int64)

    def take(
        self, partition: int, partials: list[AreaPartial], watermark_ms: int, clock_ms: int, data_ms: int
    ) -> None:
        """Replace what a partition said of the windows in `partials`, and note how far it has come."""
        self.watermark_ms[partition] = max(int(self.watermark_ms[partition]), watermark_ms)
        self.clock_ms, self.data_ms = max(self.clock_ms, clock_ms), max(self.data_ms, data_ms)
        for partial in partials:
            key = (partial.window_s, partial.start_ms)
            window = self._open.get(key)
            if window is None:
                shape = (self.partitions, len(self.areas), a.COLUMNS)
                window = _MergedWindow(*key, np.zeros(shape, dtype=np.int64))
                self._open[key] = window
            before, now = window.sums[partition], partial.sums
            if now[0, a.OBSERVATIONS] >= before[0, a.OBSERVATIONS]:
                window.changed = window.changed or not np.array_equal(before, now)
                window.sums[partition] = now

    def collect(self, provisional: bool = True) -> Columns:
        """Indices of every area of the windows that changed or moved on, as one table, oldest first."""
        told = []
        for key in sorted(self._open, key=lambda key: (key[1], key[0])):
            window = self._open[key]
            status = self._decide(window)
            if status is None or (status == Status.PROVISIONAL and not provisional):
                continue
            window.published = status != Status.PROVISIONAL
            window.changed = False
            told.append(self._columns(window, status))
            if status == Status.FINAL:
                del self._open[key]
        return concatenate(told, AREA_DTYPES)

    def finish(self) -> Columns:
        """Every open window as final: a recording has ended."""
        keys = sorted(self._open, key=lambda key: (key[1], key[0]))
        return concatenate([self._columns(self._open.pop(key), Status.FINAL) for key in keys], AREA_DTYPES)

    def _decide(self, window: _MergedWindow) -> Status | None:
        """What to tell of a window now; None for nothing new."""
        passed = self.watermark_ms >= window.end_ms
        if passed.any() and window.first_passed_ms is None:
            window.first_passed_ms = self.clock_ms
        if (self.watermark_ms >= window.end_ms + self.lateness_s * 1000).all():
            return Status.FINAL
        waited_ms = 0 if window.first_passed_ms is None else self.clock_ms - window.first_passed_ms
        if not window.published and (passed.all() or (passed.any() and waited_ms >= self.wait_s * 1000)):
            return Status.PUBLISHED
        if not window.changed:
            return None
        return Status.AMENDED if window.published else Status.PROVISIONAL

    def _columns(self, window: _MergedWindow, status: Status) -> Columns:
        sums = window.sums.sum(axis=0)
        area = np.flatnonzero(sums[:, a.OBSERVATIONS])
        return area_columns(sums, area, window.window_s, window.start_ms // 1000, status, self.areas)
