"""The demo city is a plausible city."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from models.city import ROAD_CLASSES, City, Name
from models.demo_city import demo_city, length_m

TWO_LEGS = ((102.0, 40.0), (102.0, 40.01), (102.01, 40.01))


@pytest.fixture(scope="module")
def city() -> City:
    return demo_city()


def test_the_same_seed_gives_the_same_city(city: City) -> None:
    assert demo_city() == city


def test_another_seed_gives_other_sensors(city: City) -> None:
    assert demo_city(seed=1).sensors != city.sensors


def test_it_is_large_enough_to_look_like_a_city(city: City) -> None:
    assert 420 <= len(city.segments) <= 520
    assert 6 <= len(city.districts) <= 8
    assert len(city.corridors) >= 20
    assert len(city.landmarks) >= 10
    classes = Counter(segment.road_class for segment in city.segments)
    assert classes.keys() <= set(ROAD_CLASSES)
    assert all(classes[name] >= 40 for name in ("freeway", "expressway", "arterial", "collector"))


def test_every_name_is_there_in_both_languages(city: City) -> None:
    names: list[Name] = [city.name]
    for places in (city.segments, city.districts, city.corridors, city.landmarks):
        names += [place.name for place in places]
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in name.zh) for name in names)
    assert all(name.en.isascii() and name.en.strip() for name in names)


def test_no_two_segments_have_the_same_name(city: City) -> None:
    for language in ("zh", "en"):
        counts = Counter(getattr(segment.name, language) for segment in city.segments)
        assert [name for name, count in counts.items() if count > 1] == []


def test_a_length_is_measured_on_the_earth() -> None:
    # One hundredth of a degree of latitude is 1112 m, of longitude at 40.01 degrees north 852 m.
    assert length_m(TWO_LEGS) == pytest.approx(1111.95 + 851.66, abs=0.5)


def test_every_length_fits_its_polyline(city: City) -> None:
    for segment in city.segments:
        assert segment.length_m == pytest.approx(length_m(segment.polyline), rel=0.02)
        assert 200 < segment.length_m < 3000


def test_nearly_every_segment_leads_on(city: City) -> None:
    starts = {segment.from_node for segment in city.segments}
    onward: dict[str, set[str]] = {}
    for segment in city.segments:
        onward.setdefault(segment.from_node, set()).add(segment.to_node)
    led = [
        segment.to_node in starts and bool(onward[segment.to_node] - {segment.from_node})
        for segment in city.segments
    ]
    assert np.mean(led) >= 0.95


def test_only_freeways_end_at_the_edge_of_the_city(city: City) -> None:
    onward: dict[str, set[str]] = {}
    for segment in city.segments:
        onward.setdefault(segment.from_node, set()).add(segment.to_node)
    ending = [s for s in city.segments if onward[s.to_node] == {s.from_node}]
    assert {segment.road_class for segment in ending} == {"freeway"}


def test_every_place_can_be_reached_from_every_other(city: City) -> None:
    onward: dict[str, list[str]] = {}
    for segment in city.segments:
        onward.setdefault(segment.from_node, []).append(segment.to_node)
    reached, waiting = set(), [city.segments[0].from_node]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += onward.get(node, [])
    assert reached == {segment.from_node for segment in city.segments}


def test_both_directions_are_drawn_apart(city: City) -> None:
    """The opposite direction lies 40 to 110 m to the left, so that both can be seen on a wall."""
    by_ends = {(s.from_node, s.to_node): s for s in city.segments}
    for segment in city.segments:
        opposite = by_ends[segment.to_node, segment.from_node]
        ends = np.array([segment.polyline[0], opposite.polyline[-1]])
        apart_m = length_m(((ends[0][0], ends[0][1]), (ends[1][0], ends[1][1])))
        assert 40 < apart_m < 110


def test_the_segments_of_a_corridor_follow_each_other(city: City) -> None:
    by_id = {segment.segment_id: segment for segment in city.segments}
    for corridor in city.corridors:
        line = [by_id[segment_id] for segment_id in corridor.segment_ids]
        gaps = [a.to_node != b.from_node for a, b in itertools.pairwise(line)]
        assert not any(gaps), corridor.corridor_id


def test_most_segments_are_measured_and_some_are_not(city: City) -> None:
    share = city.instrumented.mean()
    assert 0.8 < share < 0.92
    counts = Counter(sensor.segment_id for sensor in city.sensors)
    assert set(counts.values()) == {1, 2}


def test_free_flow_is_not_above_the_limit(city: City) -> None:
    assert all(segment.free_flow_kmh <= segment.speed_limit_kmh for segment in city.segments)
