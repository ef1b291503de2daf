"""The invented traffic behaves like traffic, and is a function of time alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from models.city import City
from models.congestion import (
    delay_time_proportion,
    level_of_travel_time_index,
    traffic_performance_index,
    travel_time_index,
)
from models.demo_calendar import day_type
from models.demo_city import DEMO_SEED, demo_city, demo_traffic
from models.synthetic_demand import EPOCH, rain_intensity
from models.synthetic_incidents import Incident, incidents_of_day, strength
from models.synthetic_traffic import DAY_S, TrafficPlan, network_state, queue_positions

Floats = npt.NDArray[np.float64]

WORKDAY, SUNDAY, HOLIDAY = date(2026, 11, 16), date(2026, 11, 15), date(2026, 10, 22)
MAKEUP_SUNDAY, MATCH_DAY = date(2026, 10, 25), date(2026, 11, 4)
EVERY_FIVE_MINUTES = np.arange(0, DAY_S, 300)


@pytest.fixture(scope="module")
def city() -> City:
    return demo_city()


@pytest.fixture(scope="module")
def plan(city: City) -> TrafficPlan:
    return demo_traffic(city)


def midnight_s(day: date) -> int:
    """UTC epoch second at which the day begins in the demo city."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 8 * 3600


def performance(city: City, plan: TrafficPlan, day: date) -> Floats:
    """Traffic performance index of the whole city every five minutes."""
    speed, flow = network_state(plan, midnight_s(day) + EVERY_FIVE_MINUTES)
    work = flow * city.length_m
    index = (work / speed).sum(axis=1) / (work / city.free_flow_kmh).sum(axis=1)
    return traffic_performance_index(delay_time_proportion(index))


def around(values: Floats, hour: float) -> float:
    return float(values[int(hour * 12) - 2 : int(hour * 12) + 3].mean())


def is_dry_day(plan: TrafficPlan, number: int) -> bool:
    return not rain_intensity(plan.seed, number, EVERY_FIVE_MINUTES.astype(np.float64)).any()


def test_a_moment_is_the_same_alone_and_among_others(plan: TrafficPlan) -> None:
    times = midnight_s(WORKDAY) + np.array([8 * 3600, 3600, 18 * 3600 + 40])
    together, flows = network_state(plan, times)
    for row in (2, 0, 1):
        alone, flow = network_state(plan, times[row : row + 1])
        assert np.array_equal(alone[0], together[row])
        assert np.array_equal(flow[0], flows[row])


def test_another_seed_is_another_day(city: City, plan: TrafficPlan) -> None:
    times = np.array([midnight_s(WORKDAY) + 8 * 3600])
    assert not np.array_equal(network_state(plan, times)[0], network_state(demo_traffic(city, 1), times)[0])


def test_a_workday_has_two_peaks_and_a_quiet_night(city: City, plan: TrafficPlan) -> None:
    assert is_dry_day(plan, (WORKDAY - EPOCH).days)
    index = performance(city, plan, WORKDAY)
    morning, noon, evening, night = (around(index, hour) for hour in (8.1, 12.5, 18.0, 3.0))
    assert 4.0 < morning < 6.8
    assert 4.0 < evening < 6.8
    assert 1.2 < noon < 3.5
    assert 0.3 < night < 1.3


@pytest.mark.parametrize("day", [SUNDAY, HOLIDAY])
def test_a_day_off_has_no_peaks(city: City, plan: TrafficPlan, day: date) -> None:
    assert is_dry_day(plan, (day - EPOCH).days)
    index = performance(city, plan, day)
    assert index.max() < 3.5
    assert around(index, 8.1) < around(index, 13.0)


def test_a_makeup_sunday_has_the_peaks_of_a_workday(city: City, plan: TrafficPlan) -> None:
    assert around(performance(city, plan, MAKEUP_SUNDAY), 8.1) > 4.0


def test_mornings_are_worse_inbound_and_evenings_outbound(city: City, plan: TrafficPlan) -> None:
    speed, _ = network_state(plan, midnight_s(WORKDAY) + np.array([8 * 3600 + 300, 18 * 3600]))
    delay = travel_time_index(speed, np.broadcast_to(city.free_flow_kmh, speed.shape))
    inbound, outbound = plan.habits.inbound > 0.6, plan.habits.inbound < -0.6
    assert delay[0, inbound].mean() > 1.2 * delay[0, outbound].mean()
    assert delay[1, outbound].mean() > 1.2 * delay[1, inbound].mean()


def test_rain_slows_the_city(city: City, plan: TrafficPlan) -> None:
    hours = np.arange(0.0, DAY_S, 600)
    first = (WORKDAY - EPOCH).days
    wet = next(d for d in range(first, first + 200) if rain_intensity(plan.seed, d, hours)[50:60].min() > 0.6)
    noon = np.array([wet * DAY_S - 8 * 3600 + 9 * 3600])
    dry_plan = next(p for p in map(lambda s: demo_traffic(city, s), range(99)) if is_dry_day(p, wet))
    ratio = network_state(plan, noon)[0].mean() / network_state(dry_plan, noon)[0].mean()
    assert 0.70 < ratio < 0.96


def test_some_days_have_rain_and_holidays_have_none(plan: TrafficPlan) -> None:
    days = range(20_000, 20_500)
    wet = [day for day in days if not is_dry_day(plan, day)]
    assert 0.12 < len(wet) / len(days) < 0.28
    assert all(day_type(EPOCH + timedelta(days=day)) != "holiday" for day in wet)


def test_a_match_fills_the_roads_around_the_stadium(city: City, plan: TrafficPlan) -> None:
    near = plan.habits.near_stadium > 0.5
    week_later = midnight_s(MATCH_DAY) + 7 * DAY_S
    leaving_s = int(21.6 * 3600)
    match, usual = (
        network_state(plan, np.array([start + leaving_s]))[0][0]
        for start in (midnight_s(MATCH_DAY), week_later)
    )
    assert match[near].mean() < 0.85 * usual[near].mean()


def test_an_incident_slows_its_place_at_once_and_what_is_behind_it_later(plan: TrafficPlan) -> None:
    incident, day = next(undisturbed_incidents(plan))
    start = day * DAY_S - 8 * 3600 + incident.start_s
    speed, flow = network_state(plan, start + np.array([-60, 240, 1500]))
    place, near = incident.segment, list(plan.upstream[incident.segment])
    assert speed[1, place] < 0.75 * speed[0, place]
    assert flow[2, place] < 0.85 * flow[0, place]
    assert speed[1, near].mean() > 0.9 * speed[0, near].mean()
    assert speed[2, near].mean() < 0.85 * speed[0, near].mean()


def undisturbed_incidents(plan: TrafficPlan) -> Iterator[tuple[Incident, int]]:
    """Incidents around noon of dry days that no other one comes near to, with their day."""
    for day in range((WORKDAY - EPOCH).days, (WORKDAY - EPOCH).days + 100):
        incidents = incidents_of_day(plan.seed, day, len(plan.free_flow_kmh))
        for incident in incidents:
            places = set().union(*queue_positions(plan, incident))
            near = [i for i in incidents if places & set().union(*queue_positions(plan, i))]
            if 10 * 3600 < incident.start_s < 14 * 3600 and near == [incident] and is_dry_day(plan, day):
                yield incident, day


def test_an_incident_begins_in_every_hour_of_the_day() -> None:
    for day in range(20_000, 20_060):
        hours = {incident.start_s // 3600 for incident in incidents_of_day(DEMO_SEED, day, 500)}
        assert hours == set(range(24))


def test_an_incident_ends() -> None:
    incident = Incident("collision", 0, 0, 1800, 0.6, 0.5)
    since = np.array([-1.0, 0.0, 900.0, 1800.0, 4000.0])
    assert strength(incident, since, 0).tolist() == [0.0, 0.0, 1.0, 1.0, 0.0]


def test_night_is_mostly_grey_but_never_all_of_it(city: City, plan: TrafficPlan) -> None:
    speed, _ = network_state(plan, midnight_s(WORKDAY) + np.arange(0, 5 * 3600, 900))
    level = level_of_travel_time_index(city.free_flow_kmh / speed)
    assert (level <= 2).mean() > 0.97
    assert ((level >= 3).sum(axis=1) > 0).mean() > 0.6


def test_an_evening_shows_every_level(city: City, plan: TrafficPlan) -> None:
    speed, _ = network_state(plan, np.array([midnight_s(WORKDAY) + 18 * 3600]))
    counts = np.bincount(level_of_travel_time_index(city.free_flow_kmh / speed[0]), minlength=6)
    assert (counts[1:] >= 20).all()


def test_speeds_and_flows_stay_in_sane_bounds(city: City, plan: TrafficPlan) -> None:
    speed, flow = network_state(plan, midnight_s(WORKDAY) + EVERY_FIVE_MINUTES)
    assert speed.min() > 3
    assert (speed <= 1.08 * city.free_flow_kmh + 1e-9).all()
    assert flow.min() > 0
    assert (flow <= 1.1 * plan.capacity_vph).all()


def test_a_turned_day_has_its_evening_at_noon(city: City, plan: TrafficPlan) -> None:
    turned = performance(city, demo_traffic(city, hour_shift_h=6.0), WORKDAY)
    assert around(turned, 12.0) == pytest.approx(around(performance(city, plan, WORKDAY), 18.0), abs=1.0)
