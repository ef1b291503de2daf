"""Free-flow speeds."""

from __future__ import annotations

import numpy as np
import pytest

from models.city import ROAD_CLASSES
from models.free_flow import CLASS_DEFAULT_KMH, free_flow_of, free_flow_of_recording

SIX = 6 * 3600


def measured(speeds: list[float], limit_kmh: float = np.nan, every_s: int = 900) -> float:
    """Free flow of one segment from one speed per interval, from 06:00 on."""
    count = len(speeds)
    seconds = SIX + np.arange(count) * every_s
    free = free_flow_of_recording(
        np.zeros(count, dtype=np.int64), seconds, np.array(speeds), np.array([limit_kmh])
    )
    return float(free[0])


def test_what_is_stated_wins_over_the_limit_and_the_limit_over_the_class() -> None:
    assert free_flow_of("arterial", 47.5, 60.0) == (47.5, "stated")
    assert free_flow_of("arterial", None, 60.0) == (60.0, "limit")
    assert free_flow_of("arterial", None, None) == (50.0, "class_default")


def test_every_road_class_has_a_default() -> None:
    assert set(CLASS_DEFAULT_KMH) == set(ROAD_CLASSES)


def test_the_standard_takes_the_best_ninth_of_the_72_intervals() -> None:
    best = [62.0, 61, 60, 60, 59, 59, 58, 57]
    speeds = [*([40.0] * 64), *best]
    assert measured(speeds) == pytest.approx(59.5)


@pytest.mark.parametrize(("limit_kmh", "expected"), [(60.0, 59.5), (50.0, 50.0)])
def test_the_limit_is_the_most(limit_kmh: float, expected: float) -> None:
    speeds = [*([40.0] * 64), 62.0, 61, 60, 60, 59, 59, 58, 57]
    assert measured(speeds, limit_kmh) == pytest.approx(expected)


def test_a_short_recording_gives_the_best_ninth_of_what_it_has() -> None:
    assert measured([30.0, 50.0, 40.0, 20.0]) == 50.0
    assert measured([float(v) for v in range(10, 28)]) == pytest.approx((27 + 26) / 2)


def test_too_short_a_recording_says_nothing() -> None:
    assert np.isnan(measured([30.0, 50.0, 40.0]))
    assert np.isnan(measured([]))


def test_the_speed_of_an_interval_is_distance_over_time_over_all_days() -> None:
    speeds = np.array([20.0, 60.0] * 4)
    seconds = SIX + np.repeat(np.arange(4), 2) * 900
    free = free_flow_of_recording(np.zeros(8, dtype=np.int64), seconds, speeds, np.array([np.nan]))
    assert free[0] == pytest.approx(30.0)


def test_nights_null_speeds_and_standing_traffic_do_not_count() -> None:
    seconds = np.array([3600, *(SIX + np.arange(5) * 900)])
    speeds = np.array([120.0, np.nan, 50.0, 50.0, 50.0, 50.0])
    free = free_flow_of_recording(np.zeros(6, dtype=np.int64), seconds, speeds, np.array([np.nan]))
    assert free[0] == pytest.approx(50.0)
    assert np.isnan(measured([0.0, 2.0, 2.0, 2.0, 2.0, 2.0]))
