"""What the sensors say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.demo_city import demo_city, demo_traffic
from models.observation import ObservationColumns
from models.synthetic_sensors import (
    Health,
    observations_ending,
    observations_of_grid,
    plan_sensors,
)
from models.synthetic_traffic import network_state

MORNING_S = 1_795_392_000  # 2026-11-23T00:00:00Z, a Monday, 08:00 in the demo city
CITY = demo_city()
TRAFFIC = demo_traffic(CITY)
SENSORS = plan_sensors(CITY, TRAFFIC.seed)


@pytest.fixture(scope="module")
def hour() -> ObservationColumns:
    return observations_ending(TRAFFIC, SENSORS, MORNING_S * 1000, (MORNING_S + 3600) * 1000)


def with_health(health: Health) -> set[int]:
    return set(np.flatnonzero(SENSORS.health == health).tolist())


def test_the_city_reports_some_dozens_of_observations_a_second(hour: ObservationColumns) -> None:
    assert 15 <= len(hour) / 3600 <= 40


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 119), max_size=6))
def test_cutting_the_time_into_other_ticks_gives_the_same_observations(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), 120]
    whole = observations_ending(TRAFFIC, SENSORS, MORNING_S * 1000, (MORNING_S + 120) * 1000)
    parts = [
        observations_ending(TRAFFIC, SENSORS, (MORNING_S + a) * 1000, (MORNING_S + b) * 1000)
        for a, b in itertools.pairwise(edges)
    ]
    for name in ("sensor", "start_ms", "event_ms", "speed_kmh", "flow_veh", "occupancy_pct"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, getattr(whole, name), equal_nan=True), name


def test_an_interval_ends_in_the_time_asked_for(hour: ObservationColumns) -> None:
    assert hour.event_ms.min() > MORNING_S * 1000
    assert hour.event_ms.max() <= (MORNING_S + 3600) * 1000
    assert set((hour.event_ms - hour.start_ms).tolist()) == {20_000, 30_000, 60_000}
    assert (np.diff(hour.event_ms) >= 0).all()


def test_a_moment_in_which_no_interval_ends_has_no_observations() -> None:
    assert len(observations_ending(TRAFFIC, SENSORS, MORNING_S * 1000 + 10, MORNING_S * 1000 + 900)) == 0


def test_reports_are_spread_over_the_seconds(hour: ObservationColumns) -> None:
    per_second = np.bincount((hour.event_ms // 1000) % 60, minlength=60)
    assert per_second.max() < 3 * per_second.mean()


def test_a_healthy_sensor_tells_the_speed_of_its_segment(hour: ObservationColumns) -> None:
    well = np.isin(hour.sensor, list(with_health(Health.WELL)))
    speed, _ = network_state(TRAFFIC, np.arange(MORNING_S, MORNING_S + 3600, 300))
    told = np.array(
        [np.nanmean(hour.speed_kmh[well & (hour.segment == i)]) for i in np.unique(hour.segment[well])]
    )
    true = speed.mean(axis=0)[np.unique(hour.segment[well])]
    assert np.median(np.abs(told / true - 1)) < 0.05


def test_every_kind_of_sickness_is_there() -> None:
    assert all(with_health(kind) for kind in Health)
    assert (SENSORS.health != Health.WELL).mean() < 0.1


def test_a_stuck_sensor_says_one_thing(hour: ObservationColumns) -> None:
    for sensor in with_health(Health.STUCK):
        assert len(set(hour.speed_kmh[hour.sensor == sensor].tolist())) == 1


def test_a_silent_sensor_says_nothing_and_an_intermittent_one_less(hour: ObservationColumns) -> None:
    told = np.bincount(hour.sensor, minlength=len(CITY.sensors)) / (3600 / SENSORS.interval_s)
    assert all(told[sensor] == 0 for sensor in with_health(Health.SILENT))
    assert min(told[sensor] for sensor in with_health(Health.INTERMITTENT)) < 0.8
    assert min(told[sensor] for sensor in with_health(Health.WELL)) > 0.9


def test_a_sensor_with_the_wrong_unit_is_slow_by_the_factor(hour: ObservationColumns) -> None:
    speed, _ = network_state(TRAFFIC, np.arange(MORNING_S, MORNING_S + 3600, 300))
    for sensor in with_health(Health.WRONG_UNIT):
        told = np.nanmean(hour.speed_kmh[hour.sensor == sensor])
        true = speed.mean(axis=0)[SENSORS.segment[sensor]]
        assert told / true == pytest.approx(1 / 1.609, abs=0.08)


def test_an_interval_without_vehicles_has_no_speed() -> None:
    night_s = MORNING_S - 5 * 3600
    night = observations_ending(TRAFFIC, SENSORS, night_s * 1000, (night_s + 3600) * 1000)
    empty = night.flow_veh == 0
    assert empty.any()
    assert np.isnan(night.speed_kmh[empty]).all()
    assert not np.isnan(night.speed_kmh[~empty]).any()


def test_measurements_are_in_the_bounds_of_the_canonical_observation(hour: ObservationColumns) -> None:
    speed = hour.speed_kmh[~np.isnan(hour.speed_kmh)]
    assert speed.min() >= 0
    assert speed.max() <= 200
    lanes = SENSORS.lanes[hour.sensor]
    vph = hour.flow_veh * 3_600_000 / (hour.event_ms - hour.start_ms)
    assert (vph / lanes).max() < 3600
    assert hour.occupancy_pct.min() >= 0
    assert hour.occupancy_pct.max() <= 100


def test_a_grid_has_every_sensor_once_an_interval() -> None:
    grid = observations_of_grid(TRAFFIC, SENSORS, MORNING_S, MORNING_S + 900, 300)
    assert set(grid.event_ms.tolist()) == {(MORNING_S + k * 300) * 1000 for k in (1, 2, 3)}
    assert np.bincount(grid.sensor).max() == 3


def test_the_traffic_of_another_hour_can_be_shown_now() -> None:
    minute = (MORNING_S * 1000, (MORNING_S + 60) * 1000)
    now = observations_ending(TRAFFIC, SENSORS, *minute)
    night = observations_ending(TRAFFIC, SENSORS, *minute, traffic_ahead_s=-5 * 3600)
    assert set(night.event_ms.tolist()) == set(now.event_ms.tolist())
    assert np.nanmean(night.speed_kmh) > 1.3 * np.nanmean(now.speed_kmh)
