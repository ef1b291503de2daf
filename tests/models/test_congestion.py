"""The formulas, against worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.congestion import (
    delay_time_proportion,
    level_of_traffic_performance_index,
    level_of_travel_time_index,
    network_travel_time_index,
    traffic_performance_index,
    travel_time_index,
)

# Five segments: speed, free flow, TTI, DTP, level.
SEGMENTS = [
    (40.0, 80.0, 2.0, 0.5, 3),
    (18.0, 80.0, 4.4444, 0.775, 5),
    (24.0, 50.0, 2.0833, 0.52, 3),
    (12.0, 50.0, 4.1667, 0.76, 5),
    (28.0, 40.0, 1.4286, 0.3, 2),
]


@pytest.mark.parametrize(("speed", "free", "index", "proportion", "level"), SEGMENTS)
def test_segment_indices_of_the_worked_network(
    speed: float, free: float, index: float, proportion: float, level: int
) -> None:
    found = travel_time_index(np.array([speed]), np.array([free]))
    assert found[0] == pytest.approx(index, abs=5e-5)
    assert delay_time_proportion(found)[0] == pytest.approx(proportion, abs=5e-5)
    assert level_of_travel_time_index(found)[0] == level


def test_network_index_of_the_worked_network_is_the_ratio_of_sums() -> None:
    speed, free = np.array([s[0] for s in SEGMENTS]), np.array([s[1] for s in SEGMENTS])
    length, flow = np.array([2.0, 1.0, 0.8, 0.5, 0.4]), np.array([4000, 3000, 1200, 900, 400])
    vht, vht_free = (flow * length / speed).sum(), (flow * length / free).sum()
    index = network_travel_time_index(np.array([vht - vht_free]), np.array([vht_free]))
    assert index[0] == pytest.approx(2.65104, abs=5e-6)
    proportion = delay_time_proportion(index)
    assert proportion[0] == pytest.approx(0.622789, abs=5e-7)
    assert traffic_performance_index(proportion)[0] == pytest.approx(6.4558, abs=5e-5)


def test_annex_c_bands() -> None:
    proportions = np.array([0.0, 0.15, 0.40, 0.55, 0.65, 0.85, 1.0, np.nan])
    index = traffic_performance_index(proportions)
    np.testing.assert_allclose(index, [0, 1, 3, 5, 7, 9, 10, np.nan])
    assert level_of_traffic_performance_index(index).tolist() == [1, 1, 2, 3, 4, 5, 5, 0]


def test_faster_than_free_flow_is_one_and_unknown_stays_unknown() -> None:
    index = travel_time_index(np.array([90.0, np.nan]), np.array([60.0, 60.0]))
    np.testing.assert_array_equal(index, [1.0, np.nan])
    assert level_of_travel_time_index(index).tolist() == [1, 0]


def test_a_network_that_nobody_drove_has_no_index() -> None:
    assert np.isnan(network_travel_time_index(np.array([0.0]), np.array([0.0]))[0])


@given(st.floats(0, 200), st.floats(1, 130))
def test_the_travel_time_index_is_at_least_one_and_falls_with_speed(speed: float, free: float) -> None:
    slow, fast = travel_time_index(np.array([speed, speed + 5]), np.array([free, free]))
    assert slow >= fast >= 1.0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_performance_index_rises_with_the_delay(proportions: list[float]) -> None:
    index = traffic_performance_index(np.sort(np.array(proportions)))
    assert (np.diff(index) >= 0).all()
    assert (index >= 0).all()
    assert (index <= 10).all()
