"""Points along a road come into driving order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.route_order import order_along_route


def a_hook(count: int = 12) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A road that runs north, then bends west: no single axis orders it."""
    along = np.linspace(0, 2, count)
    return np.array([(0.0, s) if s < 1 else (-(s - 1), 1.0 + 0.1 * (s - 1)) for s in along]) * 1000


@given(st.permutations(range(12)))
def test_a_bending_road_is_followed_from_its_southern_end(shuffled: list[int]) -> None:
    order = order_along_route(a_hook()[shuffled], "N")
    assert [shuffled[i] for i in order] == list(range(12))


@pytest.mark.parametrize(("direction", "first"), [("N", 0), ("S", 11), ("W", 0), ("E", 11), ("", 11)])
def test_the_direction_decides_which_end_comes_first(direction: str, first: int) -> None:
    assert order_along_route(a_hook(), direction)[0] == first


def test_one_point_and_no_point_are_in_order() -> None:
    assert order_along_route(np.zeros((1, 2)), "N").tolist() == [0]
    assert order_along_route(np.zeros((0, 2)), "N").tolist() == []


def test_points_at_one_place_are_all_kept() -> None:
    points = np.array([(0.0, 0.0), (0.0, 0.0), (0.0, 500.0)])
    assert sorted(order_along_route(points, "N").tolist()) == [0, 1, 2]


def test_the_way_is_improved_where_going_to_the_nearest_next_point_leads_astray() -> None:
    scattered = [(144, -36), (312, 20), (423, -189), (512, 101), (828, 15), (949, -68), (950, 115)]
    points = np.array(scattered, dtype=np.float64)
    shortest_m = min(_length_m(points[list(order)]) for order in permutations(range(len(points))))
    assert _length_m(points[order_along_route(points, "E")]) == pytest.approx(shortest_m)


def _length_m(points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())
