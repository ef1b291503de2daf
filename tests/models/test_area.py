"""Areas: sums over segments, indices of sums."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import area as a
from models.area import area_columns, area_sums, areas_of
from models.city import City, Segment
from models.index_columns import Columns, Status
from models.segment_index import segment_values
from models.sums import COVERED_MS, FLOW_MS, OBSERVATIONS, SLOWNESS, SPEED_WEIGHT_MILLI, VEHICLES_MILLI
from tests.models.builders import a_city

Measured = tuple[float, int]


def columns_of_city(city: City, measured: dict[int, Measured], window_s: int = 300) -> Columns:
    """Areas of a window in which segment i had a speed and so many vehicles."""
    sums = np.zeros((len(city.segments), 8), dtype=np.int64)
    for i, (speed, vehicles) in measured.items():
        sums[i, OBSERVATIONS] = 1
        sums[i, [COVERED_MS, FLOW_MS]] = window_s * 1000
        sums[i, [VEHICLES_MILLI, SPEED_WEIGHT_MILLI]] = vehicles * 1000
        sums[i, SLOWNESS] = vehicles * 1000 * round(1e9 / speed)
    segments = np.array(sorted(measured), dtype=np.int64)
    values = segment_values(sums, segments, window_s, city)
    areas = areas_of(city)
    totals = area_sums(values, np.zeros(len(segments), dtype=np.int64), city, areas)
    told = np.flatnonzero(totals[:, a.OBSERVATIONS])
    return area_columns(totals, told, window_s, 0, Status.FINAL, areas)


def test_areas_are_city_then_districts_then_corridors() -> None:
    areas = areas_of(a_city())
    assert areas.kind == ("city", "district", "district", "corridor")
    assert areas.area_id == ("testville", "d0", "d1", "c0")


def test_the_index_is_the_ratio_of_sums_not_the_mean_of_ratios() -> None:
    # 1 km each, free flow 60: 100 vehicles at 60 and 100 at 15 -> (100/60 + 100/15) / (200/60) = 2.5
    columns = columns_of_city(a_city(), {0: (60.0, 100), 1: (15.0, 100)})
    assert columns["travel_time_index"][0] == pytest.approx(2.5, abs=1e-6)
    assert columns["speed_kmh"][0] == pytest.approx(24.0, abs=1e-3)
    assert columns["vkt_km"][0] == pytest.approx(200.0)
    assert columns["vht_h"][0] == pytest.approx(100 / 60 + 100 / 15, abs=1e-6)
    assert columns["congested_km"][0] == pytest.approx(1.0)
    assert columns["coverage"][0] == pytest.approx(0.5)


def test_a_segment_faster_than_free_flow_pays_for_nobody_elses_delay() -> None:
    columns = columns_of_city(a_city(), {0: (120.0, 100), 1: (30.0, 100)})
    assert columns["travel_time_index"][0] == pytest.approx(1.5, abs=1e-6)


def test_an_area_without_vehicles_is_an_empty_network() -> None:
    columns = columns_of_city(a_city(), {0: (60.0, 0)})
    assert columns["travel_time_index"][0] == 1.0
    assert columns["traffic_performance_index"][0] == 0.0
    assert columns["level"][0] == 1


def test_districts_add_up_to_the_city() -> None:
    measured = {i: (10.0 + 7 * i, 20 * (i + 1)) for i in range(4)}
    columns = columns_of_city(a_city(), measured)
    by_kind = np.array(columns["area_kind"])
    for name in ("vkt_km", "vht_h", "observations", "segments"):
        total = np.asarray(columns[name])
        assert total[by_kind == "district"].sum() == pytest.approx(total[by_kind == "city"].sum())


def test_the_longest_queue_on_the_longest_road_is_still_a_number() -> None:
    city = a_city(segments=1)
    road = _stretched(city.segments[0], "s0", 100_000.0)
    long = City("testville", city.name, city.timezone, (road,), city.sensors, city.districts)
    columns = columns_of_city(long, {0: (2.0, 2400)})
    assert columns["vht_h"][0] == pytest.approx(120_000)
    assert columns["travel_time_index"][0] == pytest.approx(30.0)
    assert columns["speed_kmh"][0] == pytest.approx(2.0)


@given(st.floats(3, 60), st.integers(1, 500), st.floats(0.1, 0.9))
def test_splitting_a_segment_does_not_change_the_city_index(
    speed: float, vehicles: int, share: float
) -> None:
    whole = a_city(segments=2)
    first, second = whole.segments
    parts = [
        _stretched(first, "s0", 1000.0 * share),
        _stretched(first, "s0b", 1000.0 * (1 - share)),
        second,
    ]
    split = City("testville", whole.name, whole.timezone, tuple(parts), whole.sensors, whole.districts)
    other = (40.0, 50)
    one = columns_of_city(whole, {0: (speed, vehicles), 1: other})
    two = columns_of_city(split, {0: (speed, vehicles), 1: (speed, vehicles), 2: other})
    assert two["travel_time_index"][0] == pytest.approx(one["travel_time_index"][0], rel=1e-4)


def _stretched(segment: Segment, segment_id: str, length_m: float) -> Segment:
    return msgspec.structs.replace(segment, segment_id=segment_id, length_m=length_m)
