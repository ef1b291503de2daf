"""Which observations were seen before: a repeated (sensor, event_time) counts in no window."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.grouping import by_value, distinct

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Seconds = npt.NDArray[np.uint32]

_BUCKET_MS = 60_000
_TIME_BITS = 31
"""Within a bucket event times are told apart modulo 2**31 ms."""
_LOOP = -(1 << 32)
"""Keys of loops lie below zero, those of probes, whose pseudonyms have 32 bits, above."""
_PROBE_PLACES = 1 << 15
"""Probes share so many places for their newest time: one that another shadows is looked up."""
_RUN_RATIO = 8
"""A run is merged with the one before it when that is at most so many times longer."""


@dataclass(slots=True)
class SeenObservations:
    """Keys of what was counted, in buckets of a minute of event time, each a few sorted runs.

    Hardly any observation is looked up there: one that is newer than all of its sensor is no repetition.
    """

    _runs: dict[int, list[Ints]] = field(default_factory=dict)
    _newest_of_sensor_s: Seconds = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    _newest_of_probe_s: Seconds = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))

    def repeated(self, sensor: Ints, vehicle: Ints, event_ms: Ints) -> Mask:
        """True for each observation whose (sensor or vehicle, event_time) came before; `sensor` -1: a probe.

        The first in log order is the one that counts, and is remembered. bool (observations,).
        """
        repeated = np.zeros(len(event_ms), dtype=np.bool_)
        if not len(event_ms):
            return repeated
        is_probe = sensor < 0
        probes = bool(is_probe.any())
        owner = np.where(is_probe, vehicle, sensor + _LOOP) if probes else sensor + _LOOP
        key = (owner << _TIME_BITS) | (event_ms & ((1 << _TIME_BITS) - 1))
        bucket = event_ms // _BUCKET_MS
        _mark_within(repeated, key, bucket)
        doubtful = self._not_newer(sensor, vehicle, event_ms, is_probe if probes else None)
        order, edges = by_value(bucket)
        for first, last in pairwise(edges):
            inside = order[first:last]
            runs = self._runs.setdefault(int(bucket[inside[0]]), [])
            if runs:
                asked = inside[doubtful[inside]]
                repeated[asked] |= _in_any(key[asked], runs)
            _remember(key[inside[~repeated[inside]]], runs)
        return repeated

    def forget_before(self, event_ms: int) -> None:
        """Drop what is older: nobody will ask for it."""
        for bucket in [b for b in self._runs if (b + 1) * _BUCKET_MS <= event_ms]:
            del self._runs[bucket]

    def _not_newer(self, sensor: Ints, vehicle: Ints, event_ms: Ints, is_probe: Mask | None) -> Mask:
        """True where the sensor or probe may have been seen at that second or later; notes the newest."""
        event_s = (event_ms // 1000).astype(np.uint32)
        if is_probe is None:
            return self._not_newer_of_sensors(sensor, event_s)
        if not len(self._newest_of_probe_s):
            self._newest_of_probe_s = np.zeros(_PROBE_PLACES, dtype=np.uint32)
        not_newer = np.empty(len(event_s), dtype=np.bool_)
        probes, loops = np.flatnonzero(is_probe), np.flatnonzero(~is_probe)
        places = vehicle[probes] & (_PROBE_PLACES - 1)
        not_newer[probes] = _not_after(self._newest_of_probe_s, places, event_s[probes])
        not_newer[loops] = self._not_newer_of_sensors(sensor[loops], event_s[loops])
        return not_newer

    def _not_newer_of_sensors(self, sensor: Ints, event_s: Seconds) -> Mask:
        missing = int(sensor.max(initial=-1)) + 1 - len(self._newest_of_sensor_s)
        if missing > 0:
            more = np.zeros(missing, dtype=np.uint32)
            self._newest_of_sensor_s = np.concatenate([self._newest_of_sensor_s, more])
        return _not_after(self._newest_of_sensor_s, sensor, event_s)


def _not_after(newest_s: Seconds, place: Ints, event_s: Seconds) -> Mask:
    not_after = event_s <= newest_s[place]
    np.maximum.at(newest_s, place, event_s)
    return not_after


def _mark_within(repeated: Mask, key: Ints, bucket: Ints) -> None:
    """Mark every observation that another of the same batch precedes."""
    ordered = np.sort(key)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    order = np.argsort(key)
    twice = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    rows = order[distinct(np.concatenate([twice, twice + 1]))]
    rows = rows[np.lexsort((rows, bucket[rows], key[rows]))]
    same = (key[rows[1:]] == key[rows[:-1]]) & (bucket[rows[1:]] == bucket[rows[:-1]])
    repeated[rows[1:][same]] = True


def _in_any(key: Ints, runs: list[Ints]) -> Mask:
    found = np.zeros(len(key), dtype=np.bool_)
    for run in runs:
        place = np.searchsorted(run, key)
        place[place == len(run)] = 0
        found |= run[place] == key
    return found


def _remember(key: Ints, runs: list[Ints]) -> None:
    """Add keys as a sorted run; runs of like size become one, so that there are few."""
    if not len(key):
        return
    run = np.sort(key)
    while runs and len(runs[-1]) <= _RUN_RATIO * len(run):
        # A stable sort finds the two sorted halves and only merges them.
        run = np.sort(np.concatenate([runs.pop(), run]), kind="stable")
    runs.append(run)
