"""What a city takes in memory: little more than the City while it is read, and equal values once."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from config.city_folder import load_city, write_city
from models.city import City, Name, Sensor
from models.errors import ConfigurationError
from tests.config.a_city import a_city, a_segment

SEGMENTS, STREETS = 4000, 100
NAMELESS = Name("", "")


def a_large_city() -> City:
    """Streets of forty segments, each segment of three points and with two sensors."""
    segments = []
    for i in range(SEGMENTS):
        street, along = divmod(i, SEGMENTS // STREETS)
        lon, lat = 120 + along / 100, 30 + street / 100
        segments.append(
            a_segment(
                f"segment-{i}",
                name=Name(f"{street}号街", f"Street {street}"),
                length_m=900.0 + along,
                polyline=((lon, lat), (lon + 1 / 200, lat + 0.001), (120 + (along + 1) / 100, lat)),
                from_node=f"node-{street}-{along}",
                to_node=f"node-{street}-{along + 1}",
            )
        )
    sensors = [
        Sensor(f"sensor-{i}-{k}", f"segment-{i}", lanes=2, offset_m=100.0 * k, placement="mid_block")
        for i in range(SEGMENTS)
        for k in range(2)
    ]
    return a_city(segments=tuple(segments), sensors=tuple(sensors), corridors=(), landmarks=())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    write_city(a_large_city(), folder)
    return folder


def held_and_peak_bytes(folder: Path, drawn: bool) -> tuple[int, int]:
    load_city(folder, drawn)  # what is made once (validators, caches) is not the city's
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        city = load_city(folder, drawn)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(city.segments) == SEGMENTS
    return held - before, peak - before


def test_reading_a_city_takes_at_most_twice_what_the_city_holds(folder: Path) -> None:
    held, peak = held_and_peak_bytes(folder, drawn=True)
    assert peak < 2 * held
    assert peak < held + 1.5 * (folder / "segments.geojson").stat().st_size


def test_a_city_that_is_not_drawn_takes_less(folder: Path) -> None:
    drawn, _ = held_and_peak_bytes(folder, drawn=True)
    bare, _ = held_and_peak_bytes(folder, drawn=False)
    assert bare < 0.7 * drawn


def test_equal_values_of_a_city_are_one_object(folder: Path) -> None:
    city = load_city(folder)
    first, second, *_ = city.segments
    for value in ("district_id", "road_class", "free_flow_method", "name", "speed_limit_kmh"):
        assert getattr(first, value) is getattr(second, value), value
    assert first.to_node is second.from_node
    assert first.polyline[-1] is second.polyline[0]
    segment_ids = {id(segment.segment_id) for segment in city.segments}
    assert all(id(sensor.segment_id) in segment_ids for sensor in city.sensors)
    for value in ("kind", "placement"):
        assert len({id(getattr(sensor, value)) for sensor in city.sensors}) == 1, value


def test_a_segment_that_is_its_own_sensor_has_one_id(tmp_path: Path) -> None:
    write_city(a_city(sensors=(Sensor("a-b", "a-b", "travel_time"),)), tmp_path)
    city = load_city(tmp_path)
    assert city.sensors[0].sensor_id is city.segments[0].segment_id


def test_the_garbage_collector_does_not_walk_through_a_city() -> None:
    city = a_city()
    places = (*city.segments, *city.sensors, *city.districts, *city.corridors, *city.landmarks, city.name)
    assert not any(gc.is_tracked(place) for place in places)


def test_a_city_that_is_not_drawn_lacks_names_nodes_and_polylines_of_segments_alone(tmp_path: Path) -> None:
    write_city(a_city(), tmp_path)
    bare = [
        msgspec.structs.replace(segment, name=NAMELESS, polyline=(), from_node="", to_node="")
        for segment in a_city().segments
    ]
    assert load_city(tmp_path, drawn=False) == a_city(segments=tuple(bare))


@pytest.mark.parametrize("drawn", [True, False])
def test_coordinates_are_checked_whether_they_are_drawn_or_not(drawn: bool, tmp_path: Path) -> None:
    city = a_city()
    away = msgspec.structs.replace(city.segments[1], polyline=((12.155, 30.2501), (120.16, 30.2502)))
    write_city(a_city(segments=(city.segments[0], away)), tmp_path)
    with pytest.raises(ConfigurationError, match=r"geometry\.coordinates: is .* km away from the city"):
        load_city(tmp_path, drawn)
    write_city(a_city(sensors=(Sensor("S1", "a-b", lon=30.25, lat=80.15),)), tmp_path)
    with pytest.raises(ConfigurationError, match=r"line 2: lon, lat: .* km away from its segment"):
        load_city(tmp_path, drawn)
