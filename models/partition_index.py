"""The index job of one partition: records in, segment indices and area sums out.

The live worker, the backtest and the making of history all run exactly this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.area import Areas, added_up, segment_amounts
from models.city import City
from models.index_columns import SEGMENT_DTYPES, Columns, Status
from models.observation import ObservationColumns
from models.open_window import WindowChange
from models.segment_index import segment_columns, values_of_sums
from models.window import WINDOW_LENGTHS_S, PartitionWindows, TimeRules

Ints = npt.NDArray[np.int64]

ROWS_AT_ONCE = 4_096
"""So many values at a time keep the arrays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class AreaPartial:
    """What one partition knows of every area in one window; replaces what it said of it before."""

    window_s: int
    start_ms: int
    status: Status
    sums: Ints  # (areas, models.area columns)


@dataclass(frozen=True, slots=True)
class PartitionOutput:
    """What a collection has to tell."""

    segments: Columns
    partials: list[AreaPartial]

    def __bool__(self) -> bool:
        return bool(self.partials)


@dataclass(slots=True)
class PartitionIndex:
    """Windows of one partition, told as indices."""

    city: City
    areas: Areas
    rules: TimeRules = field(default_factory=TimeRules)
    window_lengths_s: tuple[int, ...] = WINDOW_LENGTHS_S
    windows: PartitionWindows = field(init=False)
    _area_sums: dict[tuple[int, int], Ints] = field(default_factory=dict)
    """Of each open window that was told, as it was told: (areas, models.area columns)."""

    def __post_init__(self) -> None:
        self.windows = PartitionWindows(len(self.city.segments), self.rules, self.window_lengths_s)

    def fold(self, columns: ObservationColumns) -> npt.NDArray[np.uint8]:
        """See PartitionWindows.fold."""
        return self.windows.fold(columns)

    def collect(self, provisional: bool = True) -> PartitionOutput:
        """Indices of everything that changed since the last collection."""
        return self._tell(self.windows.collect(provisional))

    def finish(self) -> PartitionOutput:
        """Indices of everything still open, as final."""
        return self._tell(self.windows.finish())

    def _tell(self, changes: Iterable[WindowChange]) -> PartitionOutput:
        told: list[Columns] = []
        partials: list[AreaPartial] = []
        for some in _by_rows(changes):
            columns, area_sums = self._indices(some)
            told.append(columns)
            partials += [self._partial(change, sums) for change, sums in zip(some, area_sums, strict=True)]
        return PartitionOutput(concatenate(told, SEGMENT_DTYPES), partials)

    def _indices(self, changes: list[WindowChange]) -> tuple[Columns, Ints]:
        """Rows of what is told, and what it adds to the areas' sums, int64 (changes, areas, columns)."""
        parts = [change.told for change in changes]
        rows = [len(part.segment) for part in parts]
        replaces = np.repeat([change.before is not None for change in changes], rows)
        parts += [change.before for change in changes if change.before is not None]
        of_part = [*range(len(changes)), *(i for i, c in enumerate(changes) if c.before is not None)]
        of_change = np.repeat(of_part, [len(part.segment) for part in parts])
        segment = np.concatenate([part.segment for part in parts])
        amendments = np.concatenate([part.amendments for part in parts])
        windows = [(change.window.window_s, change.window.start_ms, change.status) for change in changes]
        window_s, start_ms, status = np.array(windows)[of_change].T
        values = values_of_sums(np.concatenate([part.sums for part in parts]), segment, window_s, self.city)
        amounts = segment_amounts(values, amendments, self.city)
        told = slice(sum(rows))
        # What changed counts as it is, less as it was told before.
        amounts[told][replaces] -= amounts[told.stop :]
        area_sums = added_up(amounts[told], segment[told], of_change[told], len(changes), self.areas)
        columns = segment_columns(
            values.first(told.stop), amendments[told], window_s[told], start_ms[told], status[told], self.city
        )
        return columns, area_sums

    def _partial(self, change: WindowChange, sums: Ints) -> AreaPartial:
        window = change.window
        key = (window.window_s, window.start_ms)
        if change.before is not None:
            sums = self._area_sums[key] + sums
        self._area_sums[key] = sums
        if change.status == Status.FINAL:
            del self._area_sums[key]
        return AreaPartial(*key, change.status, sums)


def _by_rows(changes: Iterable[WindowChange]) -> Iterator[list[WindowChange]]:
    """Changes in lists of not many more than ROWS_AT_ONCE rows together."""
    some: list[WindowChange] = []
    rows = 0
    for change in changes:
        some.append(change)
        rows += len(change.told.segment)
        if rows >= ROWS_AT_ONCE:
            yield some
            some, rows = [], 0
    if some:
        yield some


def concatenate(parts: list[Columns], dtypes: dict[str, str]) -> Columns:
    """Column tables one after the other; of no parts, empty columns."""
    joined: Columns = {}
    for name, dtype in dtypes.items():
        if dtype == "str":
            joined[name] = [value for part in parts for value in part[name]]
        elif parts:
            joined[name] = np.concatenate(
                [np.asarray(part[name]).astype(dtype, copy=False) for part in parts]
            )
        else:
            joined[name] = np.empty(0, dtype=dtype)
    return joined
