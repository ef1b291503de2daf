"""How many want to drive: demand over capacity per segment and time, and the weather of the day.

Every curve is a function of the local day and the second of the day; nothing is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from models.demo_calendar import MATCH_END_S, MATCH_START_S, day_type, special_day
from models.stateless_random import normal, uniform

Floats = npt.NDArray[np.float64]

EPOCH = date(1970, 1, 1)
RAIN_SHARE_OF_DAYS = 0.2


@dataclass(frozen=True)
class Habits:
    """What distinguishes the segments, float64 (segments,): `scale` demand over capacity on a full day;
    `inbound` -1..1, towards the centre; `near_stadium` 0..1."""

    scale: Floats
    inbound: Floats
    near_stadium: Floats


def _hump(hour: Floats, centre_h: float, before_h: float, after_h: float) -> Floats:
    width = np.where(hour < centre_h, before_h, after_h)
    hump: Floats = np.exp(-0.5 * ((hour - centre_h) / width) ** 2)
    return hump


def _awake(hour: Floats, from_h: float, to_h: float) -> Floats:
    """0 at night, 1 by day, with soft edges of about an hour."""
    rising = 1.0 / (1.0 + np.exp(-(hour - from_h) / 0.45))
    falling = 1.0 / (1.0 + np.exp((hour - to_h) / 0.65))
    both: Floats = rising * falling
    return both


NIGHT_LEVEL = 0.10
_DAY_LEVEL = {"workday": 0.82, "saturday": 0.82, "sunday": 0.78, "holiday": 0.72}
_WAKES_H = {"workday": 6.2, "saturday": 7.6, "sunday": 8.0, "holiday": 8.2}


def demand_ratio(habits: Habits, day: int, second: Floats, seed: int) -> Floats:
    """Demand over capacity, (times, segments), on local day `day` (days since 1970) at seconds of it."""
    when = EPOCH + timedelta(days=day)
    kind = day_type(when)
    hour = second / 3600.0
    base = NIGHT_LEVEL + (_DAY_LEVEL[kind] - NIGHT_LEVEL) * _awake(hour, _WAKES_H[kind], 22.2)
    curve = np.repeat(base[:, None], len(habits.scale), axis=1)
    if kind == "workday":
        curve += np.outer(_hump(hour, 8.05, 0.65, 0.85), 0.245 + 0.17 * habits.inbound)
        curve += np.outer(_hump(hour, 17.95, 0.95, 0.85), 0.245 - 0.17 * habits.inbound)
    elif kind == "saturday":
        curve += np.outer(_hump(hour, 16.5, 3.0, 2.2), 0.10 - 0.03 * habits.inbound)
    elif kind == "sunday":
        curve += np.outer(_hump(hour, 17.0, 2.5, 2.0), 0.09 + 0.06 * habits.inbound)
    special = special_day(when)
    if special is not None and special.kind == "match":
        coming = _hump(hour, MATCH_START_S / 3600 - 0.6, 0.6, 0.35)
        leaving = _hump(hour, MATCH_END_S / 3600 + 0.2, 0.2, 0.4)
        curve += np.outer(0.45 * coming + 0.75 * leaving, habits.near_stadium)
    place = np.arange(len(habits.scale), dtype=np.int64)
    unlike_days = 1.0 + 0.035 * normal(seed, 51, day, place) + 0.02 * normal(seed, 52, day)
    demand: Floats = curve * (habits.scale * np.clip(unlike_days, 0.85, 1.15))[None, :]
    return demand


def rain_intensity(seed: int, day: int, second: Floats) -> Floats:
    """0 (dry) to 1 (hard rain) per time; about one day in five has some hours of it.

    Holidays stay dry: there are too few of them in a history for rain not to look like their habit.
    """
    if day_type(EPOCH + timedelta(days=day)) == "holiday":
        return np.zeros_like(second)
    wet, start, lasts, hard = (float(uniform(seed, 61, day, k)[0]) for k in range(4))
    if wet >= RAIN_SHARE_OF_DAYS:
        return np.zeros_like(second)
    start_s = 3600.0 * (4.0 + 12.0 * start)
    end_s = start_s + 3600.0 * (3.0 + 6.0 * lasts)
    edge = np.minimum((second - start_s) / 1800.0, (end_s - second) / 1800.0)
    intensity: Floats = (0.5 + 0.5 * hard) * np.clip(edge, 0.0, 1.0)
    return intensity
