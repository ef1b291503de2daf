"""The speed of a driver alone on the road, where nobody states it: pick one way, store which.

`stated` by the source; `limit`, the posted limit; `class_default` by road class; `recording`, from
measured speeds by the rule of GB/T 33171-2016 7.2.1.2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CLASS_DEFAULT_KMH = {
    "freeway": 100.0,
    "expressway": 80.0,
    "arterial": 50.0,
    "collector": 40.0,
    "local": 30.0,
    "ramp": 40.0,
}
"""Typical values for Chinese cities; a posted limit or a recording says more."""

INTERVAL_S = 900
FIRST_SECOND = 6 * 3600
BEST_SHARE = 9
LEAST_INTERVALS = 4
LEAST_KMH = 5.0


def free_flow_of(road_class: str, stated_kmh: float | None, limit_kmh: float | None) -> tuple[float, str]:
    """The free-flow speed in km/h and its method: stated, else the limit, else the class default.

    Raises KeyError for a road class that is not in `models.city.ROAD_CLASSES`.
    """
    if stated_kmh is not None:
        return stated_kmh, "stated"
    if limit_kmh is not None:
        return limit_kmh, "limit"
    return CLASS_DEFAULT_KMH[road_class], "class_default"


def free_flow_of_recording(
    segment: Ints, second_of_day: Ints, speed_kmh: Floats, limit_kmh: Floats
) -> Floats:
    """Free flow per segment, km/h, from measured speeds; NaN where the recording says too little.

    The standard's rule: 06:00 to 24:00 local in intervals of 15 minutes, the mean speed of each over all
    days (harmonic: distance over time), the mean of the best ninth, at most the limit. It asks for 30
    days; a shorter recording gives the best ninth of what it has, at least `LEAST_INTERVALS` intervals.
    `segment` is the position per observation; `limit_kmh` has one value per segment, NaN if unknown.
    """
    intervals = (86400 - FIRST_SECOND) // INTERVAL_S
    slot = (second_of_day - FIRST_SECOND) // INTERVAL_S
    used = (second_of_day >= FIRST_SECOND) & np.isfinite(speed_kmh) & (speed_kmh > 0)
    cell = segment[used] * intervals + slot[used]
    size = len(limit_kmh) * intervals
    count = np.bincount(cell, minlength=size).astype(np.float64)
    slowness = np.bincount(cell, weights=1.0 / speed_kmh[used], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_kmh = (count / slowness).reshape(len(limit_kmh), intervals)
    best_first = -np.sort(-mean_kmh, axis=1)  # NaN last
    known = np.isfinite(mean_kmh).sum(axis=1)
    taken = np.ceil(known / BEST_SHARE).astype(np.int64)
    chosen = np.arange(intervals)[None, :] < taken[:, None]
    free_kmh: Floats = np.where(chosen, best_first, 0.0).sum(axis=1) / np.maximum(taken, 1)
    free_kmh = np.fmin(free_kmh, limit_kmh)
    free_kmh[(known < LEAST_INTERVALS) | (free_kmh < LEAST_KMH)] = np.nan
    return free_kmh
