"""What a window's sums say of a segment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.index_columns import Source, Status, WeightSource
from models.segment_index import LEAST_PROBE_SAMPLES, SegmentValues, segment_values, version_of
from models.window import PartitionWindows, TimeRules
from tests.models.builders import NOON_MS, a_city, an_observation, columns_of, iso

CITY = a_city()


def values_of(*payloads: bytes, window_s: int = 60, sensors_per_segment: int = 1) -> SegmentValues:
    """The values of the one window that all these records fall in, every segment with something."""
    city = a_city(sensors_per_segment=sensors_per_segment)
    windows = PartitionWindows(len(city.segments), TimeRules(), (window_s,))
    windows.fold(columns_of(list(payloads), city))
    (change,) = windows.collect(provisional=True)
    measured = np.flatnonzero(change.window.sums[:, 0])
    return segment_values(change.window.sums, measured, window_s, city)


def a_probe(vehicle: int, speed: float, segment_id: str = "s0", at_ms: int = NOON_MS + 10_000) -> bytes:
    record = (
        f'{{"vehicle_id":"v{vehicle}","segment_id":"{segment_id}",'
        f'"event_time":"{iso(at_ms)}","speed_kmh":{speed}}}'
    )
    return record.encode()


def test_the_speed_is_harmonic_and_weighted_by_vehicles() -> None:
    # 600 veh/h at 60 km/h and 400 veh/h at 20 km/h: space-mean 33.333, not 44 and not 40.
    values = values_of(
        an_observation("s0-0", speed_kmh=60, flow_veh=6),
        an_observation("s0-1", speed_kmh=20, flow_veh=4),
        sensors_per_segment=2,
    )
    assert values.speed_kmh[0] == pytest.approx(33.3333, abs=1e-3)
    assert values.travel_time_index[0] == pytest.approx(1.8, abs=1e-4)
    assert values.level[0] == 2


def test_equal_flows_at_20_and_60_drive_30() -> None:
    values = values_of(
        an_observation("s0-0", speed_kmh=60), an_observation("s0-0", NOON_MS + 60_000, speed_kmh=20)
    )
    assert values.speed_kmh[0] == pytest.approx(30.0, abs=1e-3)


def test_an_observation_without_a_count_weighs_one_vehicle_and_is_marked() -> None:
    values = values_of(an_observation(flow_veh=None, speed_kmh=30))
    assert values.speed_kmh[0] == pytest.approx(30, abs=1e-3)
    assert values.weight_source[0] == WeightSource.LANES
    assert np.isnan(values.flow_vph[0])
    assert values.vehicles_milli[0] > 0, "it still counts in areas, by its lanes"


def test_a_loop_that_counted_nobody_means_an_empty_road() -> None:
    values = values_of(an_observation(speed_kmh=None, flow_veh=0, occupancy_pct=0))
    assert values.travel_time_index[0] == 1.0
    assert values.level[0] == 1
    assert np.isnan(values.speed_kmh[0])
    assert values.vehicles_milli[0] == 0, "an empty road weighs nothing"


def test_a_loop_under_a_standing_queue_means_a_queue() -> None:
    values = values_of(an_observation(speed_kmh=None, flow_veh=0, occupancy_pct=95))
    assert values.level[0] == 5


def test_a_loop_that_says_only_a_little_occupancy_says_nothing_of_speed() -> None:
    values = values_of(an_observation(speed_kmh=None, flow_veh=None, occupancy_pct=5))
    assert values.source[0] == Source.NONE
    assert values.level[0] == 0


def test_two_sensors_on_a_segment_do_not_double_its_flow() -> None:
    values = values_of(
        *(an_observation(f"s0-{k}", NOON_MS + end, flow_veh=5) for k in (0, 1) for end in (30_000, 60_000)),
        sensors_per_segment=2,
    )
    assert values.flow_vph[0] == pytest.approx(600)
    assert values.vehicles_milli[0] == 10_000
    assert values.coverage[0] == 1.0


def test_half_of_the_intervals_is_half_coverage_but_the_whole_flow() -> None:
    values = values_of(an_observation(flow_veh=5))
    assert values.coverage[0] == 0.5
    assert values.vehicles_milli[0] == 10_000


def test_a_few_probe_samples_say_nothing_and_enough_say_their_plain_mean() -> None:
    few = values_of(*(a_probe(i, 20.0) for i in range(LEAST_PROBE_SAMPLES - 1)))
    assert few.source[0] == Source.NONE
    enough = values_of(*(a_probe(i, 10.0 + 4 * i) for i in range(LEAST_PROBE_SAMPLES)))
    assert enough.source[0] == Source.PROBE
    assert enough.speed_kmh[0] == pytest.approx(20.0)


def test_loops_and_probes_are_fused_between_their_speeds() -> None:
    probes = [a_probe(i, 20.0) for i in range(6)]
    values = values_of(an_observation(speed_kmh=40), *probes)
    assert values.source[0] == Source.FUSED
    assert values.speed_kmh[0] == pytest.approx(30.0, abs=1e-3), "six samples weigh as much as the loop"


def test_the_more_complete_value_has_the_larger_version() -> None:
    counts = np.array([1, 2, 10])
    versions = [version_of(counts, status) for status in Status]
    assert (np.diff(np.array(versions), axis=0) > 0).all(), "a later status of as many observations wins"
    assert version_of(np.array([11]), Status.PROVISIONAL)[0] > version_of(np.array([10]), Status.FINAL)[0]


@given(
    st.lists(st.tuples(st.floats(2, 120), st.integers(1, 40)), min_size=1, max_size=6),
)
def test_the_space_mean_never_exceeds_the_time_mean(observed: list[tuple[float, int]]) -> None:
    payloads = [
        an_observation("s0-0", NOON_MS + 1000 + i, interval_s=1, speed_kmh=speed, flow_veh=flow * 0.01)
        for i, (speed, flow) in enumerate(observed)
    ]
    values = values_of(*payloads)
    time_mean = sum(s * f for s, f in observed) / sum(f for _, f in observed)
    assert values.speed_kmh[0] <= time_mean + 0.01
    assert values.speed_kmh[0] >= min(s for s, _ in observed) - 0.01
