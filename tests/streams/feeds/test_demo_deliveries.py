"""How the demo city's observations arrive."""

from __future__ import annotations

from collections import Counter

import pytest

from models.demo_city import demo_city, demo_traffic
from models.observation import ObservationColumns, decode
from models.synthetic_sensors import observations_ending, plan_sensors
from streams.feeds.demo_deliveries import BROKEN_RATE, DUPLICATE_RATE, LATE_RATE, Delivery, deliveries

CITY = demo_city()
TRAFFIC = demo_traffic(CITY)
MORNING_MS = 1_795_392_000_000
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def observed() -> ObservationColumns:
    sensors = plan_sensors(CITY, TRAFFIC.seed)
    return observations_ending(TRAFFIC, sensors, MORNING_MS, MORNING_MS + HOUR_MS)


@pytest.fixture(scope="module")
def told(observed: ObservationColumns) -> list[Delivery]:
    return deliveries(CITY, TRAFFIC.seed, observed)


def refusals_of(told: list[Delivery]) -> Counter[str]:
    _, refused = decode([d.value for d in told], list(range(len(told))), CITY)
    return Counter(refusal.reason for refusal in refused)


def test_the_same_observations_are_delivered_in_the_same_way(
    observed: ObservationColumns, told: list[Delivery]
) -> None:
    assert deliveries(CITY, TRAFFIC.seed, observed) == told


def test_deliveries_are_in_the_order_in_which_they_are_sent(told: list[Delivery]) -> None:
    assert [d.at_ms for d in told] == sorted(d.at_ms for d in told)


def test_every_observation_is_understood_as_it_was_measured(
    observed: ObservationColumns, told: list[Delivery]
) -> None:
    columns, _ = decode([d.value for d in told], list(range(len(told))), CITY)
    sent = dict(zip(zip(observed.sensor, observed.event_ms, strict=True), observed.flow_veh, strict=True))
    got = dict(zip(zip(columns.sensor, columns.event_ms, strict=True), columns.flow_veh, strict=True))
    assert got == sent


def test_the_key_is_the_segment_of_the_observation(told: list[Delivery]) -> None:
    for delivery in told[:200]:
        assert b'"segment_id":"' + delivery.key + b'"' in delivery.value


def test_most_come_within_seconds_and_a_few_come_late(told: list[Delivery]) -> None:
    columns, refused = decode([d.value for d in told], list(range(len(told))), CITY)
    lost = {refusal.position for refusal in refused}
    at_ms = [d.at_ms for i, d in enumerate(told) if i not in lost]
    delay_s = [(at - int(end)) / 1000 for at, end in zip(at_ms, columns.event_ms, strict=True)]
    late = sum(delay >= 20 for delay in delay_s) / len(delay_s)
    assert min(delay_s) >= 0.4
    assert late == pytest.approx(LATE_RATE, rel=0.4)
    assert sum(delay > 9 for delay in delay_s) / len(delay_s) == pytest.approx(late, abs=1e-4)


def test_a_few_come_twice(observed: ObservationColumns, told: list[Delivery]) -> None:
    broken = sum(refusals_of(told).values())
    assert (len(told) - broken - len(observed)) / len(observed) == pytest.approx(DUPLICATE_RATE, rel=0.4)


def test_broken_records_are_refused_for_their_several_reasons(
    observed: ObservationColumns, told: list[Delivery]
) -> None:
    reasons = refusals_of(told)
    assert sum(reasons.values()) / len(observed) == pytest.approx(BROKEN_RATE, rel=0.5)
    assert reasons.keys() <= {
        "malformed_json",
        "unknown_sensor",
        "out_of_range",
        "not_finite",
        "missing_field",
        "invalid_utf8",
    }
    assert len(reasons) >= 4
