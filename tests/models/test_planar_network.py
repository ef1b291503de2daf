"""Lines to a network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.planar_network import (
    Points,
    crossings,
    cumulative_km,
    planar_edges,
    point_at,
    shifted_right,
    simplified,
    stretch,
)


def line(*points: tuple[float, float]) -> Points:
    return np.array(points, dtype=np.float64)


def always(first: int, second: int) -> bool:
    return True


def test_a_crossing_cuts_both_lines_at_one_node() -> None:
    edges, nodes = planar_edges([line((-1, 0), (1, 0)), line((0, -1), (0, 1))], always, 0.1)
    assert len(edges) == 4
    middle = set.intersection(*({edge.start_node, edge.end_node} for edge in edges))
    assert len(middle) == 1
    assert nodes[middle.pop()].tolist() == [0.0, 0.0]


def test_lines_that_may_not_join_pass_over_each_other() -> None:
    edges, _ = planar_edges([line((-1, 0), (1, 0)), line((0, -1), (0, 1))], lambda a, b: False, 0.1)
    assert [edge.line for edge in edges] == [0, 1]


def test_a_line_that_ends_just_behind_a_crossing_ends_there() -> None:
    edges, nodes = planar_edges([line((-1, 0), (0.05, 0)), line((0, -1), (0, 1))], always, 0.1)
    assert len(edges) == 3
    assert nodes[edges[0].end_node].tolist() == [0.0, 0.0]


def test_a_ring_closes() -> None:
    ring = line((0, 0), (0, 1), (1, 1), (1, 0), (0, 0))
    edges, _ = planar_edges([ring, line((-1, 0.5), (2, 0.5))], always, 0.1)
    of_ring = [edge for edge in edges if edge.line == 0]
    assert len(of_ring) == 3
    assert of_ring[-1].end_node == of_ring[0].start_node


def test_parallel_lines_never_cross() -> None:
    assert crossings(line((0, 0), (1, 1)), line((0, 1), (1, 2))) == []


def test_lines_that_do_not_reach_each_other_do_not_cross() -> None:
    assert crossings(line((0, 0), (1, 0)), line((-1, -1), (-1, 1))) == []
    assert crossings(line((0, 0), (1, 0)), line((0.5, 1), (0.5, 2))) == []


def test_a_shifted_line_lies_to_the_right_of_its_direction() -> None:
    northward = shifted_right(line((0, 0), (0, 1)), 0.03)
    assert northward[:, 0] == pytest.approx([0.03, 0.03])


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=20), st.floats(0.001, 0.5))
def test_simplifying_moves_no_point_further_than_the_tolerance(
    heights: list[float], tolerance: float
) -> None:
    points = np.column_stack([np.arange(len(heights), dtype=np.float64), heights])
    fewer = simplified(points, tolerance)
    # The lines are graphs over x, so the vertical gap bounds the distance from above.
    gap = np.abs(np.interp(points[:, 0], fewer[:, 0], fewer[:, 1]) - points[:, 1])
    steep = np.abs(np.diff(fewer[:, 1]) / np.diff(fewer[:, 0])).max()
    assert (gap / np.hypot(1.0, steep) <= tolerance + 1e-9).all()
    assert fewer[[0, -1]].tolist() == points[[0, -1]].tolist()


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_stretch_is_as_long_as_its_cuts_are_apart(first: float, second: float) -> None:
    points = line((0, 0), (1, 0), (1, 2), (4, 2))
    low, high = sorted((first * 6, second * 6))
    if high - low < 1e-3:
        return
    part = stretch(points, low, high)
    assert cumulative_km(part)[-1] == pytest.approx(high - low, abs=1e-5)
    assert part[0].tolist() == pytest.approx(point_at(points, np.array([low]))[0].tolist())
