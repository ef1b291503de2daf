"""Which observations were seen before: a repeated (sensor, event_time) counts in no window."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.observation import ObservationColumns

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BUCKET_MS = 60_000
_TIME_BITS = 31
"""Event times are told apart modulo 2**31 ms (24 days), far longer than anything is remembered."""


@dataclass(slots=True)
class SeenObservations:
    """Sorted keys of what was counted, in buckets of a minute of event time."""

    _buckets: dict[int, Ints] = field(default_factory=dict)

    def repeated(self, columns: ObservationColumns, considered: Mask) -> Mask:
        """True for each considered record whose (sensor or vehicle, event_time) came before.

        The first in log order is the one that counts, and is remembered. bool (records,).
        """
        repeated = np.zeros(len(columns), dtype=np.bool_)
        rows = np.flatnonzero(considered)
        keys = _keys(columns)[rows]
        bucket_of_row = columns.event_ms[rows] // _BUCKET_MS
        for bucket in np.unique(bucket_of_row):
            inside = np.flatnonzero(bucket_of_row == bucket)
            known = self._buckets.get(int(bucket), np.empty(0, dtype=np.int64))
            unique, first = np.unique(keys[inside], return_index=True)
            is_first = np.zeros(len(inside), dtype=np.bool_)
            is_first[first] = True
            repeated[rows[inside]] = ~is_first | np.isin(keys[inside], known)
            self._buckets[int(bucket)] = np.union1d(known, unique)
        return repeated

    def forget_before(self, event_ms: int) -> None:
        """Drop what is older: it would be late anyway."""
        for bucket in [b for b in self._buckets if (b + 1) * _BUCKET_MS <= event_ms]:
            del self._buckets[bucket]


def _keys(columns: ObservationColumns) -> Ints:
    """One int64 per record: probes above zero, sensors below."""
    moment = columns.event_ms & ((1 << _TIME_BITS) - 1)
    probe = (columns.vehicle << _TIME_BITS) | moment
    loop = -1 - ((columns.sensor << _TIME_BITS) | moment)
    return np.where(columns.sensor >= 0, loop, probe)
