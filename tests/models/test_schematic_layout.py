"""A network without coordinates is drawn."""

from __future__ import annotations

import numpy as np

from models.schematic_layout import junctions_of_links, schematic_positions


def test_links_that_follow_each_other_share_a_junction() -> None:
    # 0 -> 1 -> 2, and 3 also leads into 1
    start, end = junctions_of_links([[1], [2], [], [1]])
    assert end[0] == start[1] == end[3]
    assert end[1] == start[2]
    assert len({*start.tolist(), *end.tolist()}) == 5


def test_a_chain_is_drawn_straight_with_its_lengths() -> None:
    lengths = np.array([100.0, 120.0, 110.0])
    place = schematic_positions(np.array([0, 1, 2]), np.array([1, 2, 3]), lengths)
    drawn = np.hypot(*np.diff(place, axis=0).T)
    assert np.allclose(drawn, lengths, rtol=0.02)
    assert np.isclose(np.hypot(*(place[3] - place[0])), 330.0, rtol=0.02)


def test_a_grid_keeps_its_links_apart_and_near_their_length() -> None:
    side = 5
    links = [
        (r * side + c, r * side + c + step)
        for r in range(side)
        for c in range(side)
        for step in (1, side)
        if (step == 1 and c + 1 < side) or (step == side and r + 1 < side)
    ]
    start, end = np.array(links).T
    place = schematic_positions(start, end, np.full(len(links), 200.0))
    drawn = np.hypot(*(place[end] - place[start]).T)
    assert drawn.min() > 100.0
    assert drawn.max() < 300.0
    gaps = np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1))
    assert gaps[~np.eye(side * side, dtype=bool)].min() > 80.0


def test_parts_that_are_not_connected_lie_side_by_side() -> None:
    start, end = np.array([0, 2, 4]), np.array([1, 3, 5])
    place = schematic_positions(start, end, np.array([100.0, 100.0, 100.0]))
    gaps = np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1))
    assert gaps[~np.eye(6, dtype=bool)].min() > 50.0


def test_the_same_network_gives_the_same_drawing() -> None:
    network = np.array([0, 1, 2, 0]), np.array([1, 2, 3, 3]), np.array([90.0, 250.0, 60.0, 400.0])
    assert np.array_equal(schematic_positions(*network), schematic_positions(*network))


def test_a_link_that_returns_to_its_junction_is_no_hindrance() -> None:
    place = schematic_positions(np.array([0, 1]), np.array([1, 1]), np.array([100.0, 50.0]))
    assert np.isfinite(place).all()
