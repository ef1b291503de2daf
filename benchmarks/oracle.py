"""What every contender must find, computed from the workload itself and not from its JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.workload import INVALID_SPEED_TENTHS, Reports, Workload, reports

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SLOWEST_KMH = 2.0
"""The least speed that the index job reckons with (models.congestion.MINIMUM_SPEED_KMH)."""


class Disagreement(Exception):
    """A contender's result is not that of the oracle: its figures mean nothing."""


@dataclass(frozen=True)
class WindowMeans:
    """Valid observations per window and segment, and the sum of their speeds; arrays (windows, segments)."""

    count: Ints
    total_kmh: Floats

    @classmethod
    def empty(cls, windows: int, segments: int) -> WindowMeans:
        """Windows that nothing was added to."""
        return cls(np.zeros((windows, segments), dtype=np.int64), np.zeros((windows, segments)))


@dataclass(frozen=True)
class IndexWindows:
    """What the index job publishes of windows of one length: observations and space-mean speed per segment;
    arrays (windows, segments), NaN where nothing was counted."""

    observations: Ints
    speed_kmh: Floats


def minute_means(workload: Workload) -> WindowMeans:
    """The mean of speed_kmh per segment and minute in which the observation's interval begins."""
    found = WindowMeans.empty(workload.minutes, workload.segments)
    for second in reports(workload):
        valid = second.speed_tenths != INVALID_SPEED_TENTHS
        minute = _window_of(second, workload, 60)
        segment = second.sensor[valid] // workload.loops
        np.add.at(found.count[minute], segment, 1)
        np.add.at(found.total_kmh[minute], segment, second.speed_tenths[valid] / 10)
    return found


def index_windows(workload: Workload, window_s: int) -> IndexWindows:
    """Space-mean speeds: vehicles over the sum of their travel times, the harmonic mean of a sensor before
    its arithmetic one."""
    windows = (workload.seconds + window_s - 1) // window_s
    shape = (windows, workload.segments)
    observations = np.zeros(shape, dtype=np.int64)
    vehicles, hours_per_km = np.zeros(shape), np.zeros(shape)
    for second in reports(workload):
        valid = second.speed_tenths != INVALID_SPEED_TENTHS
        window = _window_of(second, workload, window_s)
        segment = second.sensor[valid] // workload.loops
        if workload.form == "full":
            speed_kmh, weight = second.harmonic_tenths[valid] / 10, second.flow_veh[valid].astype(float)
        else:
            speed_kmh, weight = second.speed_tenths[valid] / 10, np.ones(len(segment))
        np.add.at(observations[window], segment, 1)
        np.add.at(vehicles[window], segment, weight)
        np.add.at(hours_per_km[window], segment, weight / np.maximum(speed_kmh, SLOWEST_KMH))
    speed = np.where(observations > 0, vehicles / np.where(observations > 0, hours_per_km, 1.0), np.nan)
    return IndexWindows(observations, speed)


def _window_of(second: Reports, workload: Workload, window_s: int) -> int:
    return (second.end_s - workload.period_s - workload.begin_s) // window_s


def compare_means(found: WindowMeans, expected: WindowMeans, newest_missing: bool = False) -> int:
    """Counts equal, sums close; the number of observations counted.

    `newest_missing`: the newest window of a segment may be missing altogether, because the contender tells
    only closed windows and nothing came to close it. Raises Disagreement.
    """
    count, total_kmh = expected.count, expected.total_kmh
    if newest_missing:
        newest = count.shape[0] - 1 - np.argmax(count[::-1] > 0, axis=0)
        window = np.arange(count.shape[0])[:, None]
        left_out = (window == newest[None, :]) & (found.count == 0)
        count, total_kmh = np.where(left_out, 0, count), np.where(left_out, 0.0, total_kmh)
    wrong = int((found.count != count).sum())
    if wrong:
        raise Disagreement(f"{wrong} of {count.size} windows count something else: {_first(found, count)}")
    if not np.allclose(found.total_kmh, total_kmh, rtol=1e-9, atol=1e-6):
        raise Disagreement("the sums of speeds differ")
    return int(found.count.sum())


def compare_index(found: IndexWindows, expected: IndexWindows) -> int:
    """Observations equal, speeds as close as float32 is; the number of observations counted."""
    wrong = int((found.observations != expected.observations).sum())
    if wrong:
        raise Disagreement(f"{wrong} of {expected.observations.size} windows count something else")
    if not np.allclose(found.speed_kmh, expected.speed_kmh, rtol=1e-5, equal_nan=True):
        raise Disagreement("speeds differ")
    return int(found.observations.sum())


def _first(found: WindowMeans, count: Ints) -> str:
    window, segment = (int(axis[0]) for axis in np.nonzero(found.count != count))
    return f"window {window}, segment {segment}: {found.count[window, segment]}, not {count[window, segment]}"
