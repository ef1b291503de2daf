"""Positions to segments, on a small crossing and against a slow, obvious computation."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.city import City
from models.map_matching import (
    DISTANCE_LIMIT_M,
    HEADING_LIMIT_DEG,
    METRES_PER_DEGREE,
    match_positions,
    road_grid,
)
from tests.config.a_city import a_city, a_segment

LON, LAT = 120.15, 30.25
METRE_LON = 1 / (METRES_PER_DEGREE * math.cos(math.radians(LAT)))
METRE_LAT = 1 / METRES_PER_DEGREE


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return LON + east_m * METRE_LON, LAT + north_m * METRE_LAT


def a_crossing() -> City:
    """A street eastwards and back, ten metres apart, crossed by one that bends from north to east.

    north  <------------------ west, y = +10
           ------------------> east, y = 0
    """
    lines = {
        "east": (at(0, 0), at(1000, 0)),
        "west": (at(1000, 10), at(0, 10)),
        "bend": (at(500, -400), at(500, 400), at(900, 400)),
    }
    segments = tuple(a_segment(name, polyline=line) for name, line in lines.items())
    return a_city(segments=segments, sensors=(), corridors=())


CITY = a_crossing()


def matched(east_m: float, north_m: float, heading_deg: float, city: City = CITY) -> tuple[str, float]:
    lon, lat = at(east_m, north_m)
    segment, distance_m = match_positions(
        road_grid(city), np.array([lon]), np.array([lat]), np.array([heading_deg])
    )
    name = city.segments[segment[0]].segment_id if segment[0] >= 0 else "-"
    return name, round(float(distance_m[0]), 1)


@pytest.mark.parametrize(
    ("east_m", "north_m", "heading_deg", "expected"),
    [
        (200, 4, 90, ("east", 4.0)),
        (200, 6, 90, ("east", 6.0)),  # the other carriageway is nearer, but runs the other way
        (200, 4, 270, ("west", 6.0)),
        (200, -24.9, 90, ("east", 24.9)),
        (200, -25.1, 90, ("-", math.nan)),
        (200, 5, 0, ("-", math.nan)),  # across the street
        (200, 2, 134, ("east", 2.0)),
        (200, 2, 136, ("-", math.nan)),
        (503, 3, 10, ("bend", 3.0)),
        (503, 3, 90, ("east", 3.0)),
        (700, 403, 85, ("bend", 3.0)),  # behind the bend it runs east
        (700, 403, 0, ("-", math.nan)),
        (-10, 0, 90, ("east", 10.0)),  # just before the beginning
        (1000, 20, 270, ("west", 10.0)),
        (200, 4, math.nan, ("east", 4.0)),  # without a heading the distance decides
        (200, 6, math.nan, ("west", 4.0)),
        (5000, 5000, 90, ("-", math.nan)),
        (-5000, 0, 90, ("-", math.nan)),
    ],
)
def test_a_position_is_on_the_nearest_road_that_runs_its_way(
    east_m: float, north_m: float, heading_deg: float, expected: tuple[str, float]
) -> None:
    assert matched(east_m, north_m, heading_deg) == pytest.approx(expected, nan_ok=True)


def test_of_two_equal_roads_the_first_in_the_city_wins() -> None:
    segments = tuple(a_segment(name, polyline=(at(0, 0), at(100, 0))) for name in ("b", "a"))
    city = a_city(segments=segments, sensors=(), corridors=())
    assert matched(50, 3, 90, city)[0] == "b"


def test_no_positions_and_positions_that_are_no_numbers_are_no_match() -> None:
    grid = road_grid(CITY)
    nothing = np.array([], dtype=np.float64)
    assert len(match_positions(grid, nothing, nothing, nothing)[0]) == 0
    wrong = np.array([np.nan, np.inf, -np.inf])
    assert match_positions(grid, wrong, wrong, wrong)[0].tolist() == [-1, -1, -1]


def test_a_segment_of_no_length_does_not_disturb() -> None:
    point = msgspec.structs.replace(CITY.segments[0], segment_id="dot", polyline=(at(200, 0), at(200, 0)))
    city = msgspec.structs.replace(CITY, segments=(*CITY.segments, point))
    assert matched(200, -3, 90, city)[0] == "east"


Line = tuple[tuple[float, float], ...]


def slowly(lines: list[Line], east_m: float, north_m: float, heading_deg: float) -> float:
    """The distance to the nearest fitting piece, by hand; infinite where none fits."""
    best = math.inf
    for line in lines:
        for (ax, ay), (bx, by) in pairwise(line):
            turn = (heading_deg - math.degrees(math.atan2(bx - ax, by - ay)) + 180) % 360 - 180
            if abs(turn) > HEADING_LIMIT_DEG:
                continue
            share = ((east_m - ax) * (bx - ax) + (north_m - ay) * (by - ay)) / (
                (bx - ax) ** 2 + (by - ay) ** 2
            )
            share = min(1.0, max(0.0, share))
            gap = math.hypot(east_m - ax - share * (bx - ax), north_m - ay - share * (by - ay))
            best = min(best, gap)
    return best


whole_metres = st.integers(0, 600).map(float)
corners = st.tuples(whole_metres, whole_metres)


@given(
    st.lists(st.lists(corners, min_size=2, max_size=4, unique=True).map(tuple), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.floats(-40, 640), st.floats(-40, 640), st.sampled_from([7.3, 97.3, 187.3, 277.3])),
        min_size=40,
        max_size=80,
    ),
)
def test_the_grid_finds_what_a_search_through_all_roads_finds(
    lines: list[Line], points: list[tuple[float, float, float]]
) -> None:
    segments = tuple(
        a_segment(str(number), polyline=tuple(at(*corner) for corner in line))
        for number, line in enumerate(lines)
    )
    grid = road_grid(a_city(segments=segments, sensors=(), corridors=()))
    places = np.array([at(east_m, north_m) for east_m, north_m, _ in points])
    headings = np.array([heading for _, _, heading in points])
    segment, distance_m = match_positions(grid, places[:, 0], places[:, 1], headings)
    for found, metres, point in zip(segment, distance_m, points, strict=True):
        expected_m = slowly(lines, *point)
        if abs(expected_m - DISTANCE_LIMIT_M) < 0.1:
            continue  # at the limit the last digit decides
        assert (found >= 0) == (expected_m <= DISTANCE_LIMIT_M)
        if found >= 0:
            assert metres == pytest.approx(expected_m, abs=0.05)
