"""The index job of one partition: records in, segment indices and area sums out.

The live worker, the backtest and the making of history all run exactly this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.area import Areas, area_sums
from models.city import City
from models.index_columns import SEGMENT_DTYPES, Columns, Status
from models.observation import ObservationColumns
from models.segment_index import segment_columns, segment_values
from models.window import WINDOW_LENGTHS_S, PartitionWindows, TimeRules, WindowChange

Ints = npt.NDArray[np.int64]


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
        for change in changes:
            window = change.window
            measured = np.flatnonzero(window.sums[:, 0])
            values = segment_values(window.sums, measured, window.window_s, self.city)
            chosen = np.searchsorted(measured, change.segments)
            amendments = window.amendments[measured]
            told.append(segment_columns(values, chosen, amendments[chosen], window, change.status, self.city))
            sums = area_sums(values, amendments, self.city, self.areas)
            partials.append(AreaPartial(window.window_s, window.start_ms, change.status, sums))
        return PartitionOutput(concatenate(told, SEGMENT_DTYPES), partials)


def concatenate(parts: list[Columns], dtypes: dict[str, str]) -> Columns:
    """Column tables one after the other; of no parts, empty columns."""
    joined: Columns = {}
    for name, dtype in dtypes.items():
        if dtype == "str":
            joined[name] = [value for part in parts for value in part[name]]
        elif parts:
            joined[name] = np.concatenate([np.asarray(part[name]).astype(dtype) for part in parts])
        else:
            joined[name] = np.empty(0, dtype=dtype)
    return joined
