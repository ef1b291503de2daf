"""One partition of the alert worker: how long it keeps records, so that a restart finds the same runs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from models.city import City
from models.diagnostics import DiagnosticRules
from models.partitioning import partition_of
from streams.alert_partition import SensorAlerts
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation
from tests.streams.test_index_partition import AnEvent, a_batch, events

PERIOD_S = 300
SLOW = replace(a_city(), expected_period_s=PERIOD_S)
WATCHED, PARTITIONS = "s0-0", 4
PARTITION = partition_of("s0", PARTITIONS)


def a_log_of_a_stuck_sensor(observations: int) -> list[AnEvent]:
    """Every five minutes a clock record and the same observation."""
    payloads = [a_clock(NOON_MS)]
    for number in range(1, observations + 1):
        end_ms = NOON_MS + number * PERIOD_S * 1000
        told = {"interval_s": PERIOD_S, "speed_kmh": 48.0, "flow_veh": 100, "occupancy_pct": 6.0}
        payloads += [a_clock(end_ms), an_observation(WATCHED, end_ms, **told)]
    return events(*payloads, partition=PARTITION)


@pytest.mark.parametrize("city", [SLOW, a_city()], ids=["expected every 5 min", "heard every 5 min"])
@pytest.mark.parametrize("stop", range(2, 6))
def test_a_run_of_slow_observations_is_found_over_a_restart(city: City, stop: int) -> None:
    """Only what was not acknowledged is read again."""
    log = a_log_of_a_stuck_sensor(6)
    first = SensorAlerts(city, PARTITION, PARTITIONS, DiagnosticRules())
    for event in log[: 1 + 2 * stop]:
        assert first.take(a_batch([event])) == []
        first.settle()
    committed = sum(event.acked for event in log)
    again = events(
        *[event.value.values[0] for event in a_log_of_a_stuck_sensor(6)][committed:],
        first_offset=committed,
        partition=PARTITION,
    )
    second = SensorAlerts(city, PARTITION, PARTITIONS, DiagnosticRules())
    told = second.take(a_batch(again))
    assert [(event.rule, event.event) for event in told] == [("stuck", "raised")]
    assert told[0].alert_id == f"stuck.{WATCHED}.{NOON_MS // 1000 + PERIOD_S}"


def test_records_that_no_rule_counts_any_more_are_acknowledged() -> None:
    log = a_log_of_a_stuck_sensor(20)
    alerts = SensorAlerts(SLOW, PARTITION, PARTITIONS, DiagnosticRules())
    for event in log:
        alerts.take(a_batch([event]))
        alerts.settle()
    waiting_s = sum(not event.acked for event in log) // 2 * PERIOD_S
    assert 6 * PERIOD_S <= waiting_s <= 8 * PERIOD_S
