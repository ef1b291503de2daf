"""The alert worker beside a history that is away: nothing waits, and what it knew arrives later."""

from __future__ import annotations

import asyncio
import threading

import pytest

from models.alert_event import RAISED, AlertEvent
from models.diagnostics import STUCK, DiagnosticRules, FaultEvent
from models.errors import StoreRejected, StoreUnavailable
from models.partitioning import partition_of
from models.sensor_alert import fault_alert
from streams.alert_app import AlertWorker, create_alert_app
from streams.broker import BrokerAddress
from streams.topics import partition_counts
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation
from tests.streams.test_index_partition import a_batch, events
from tests.waiting import until

CITY = a_city()
PARTITIONS = 4
MINE = partition_of("s0", PARTITIONS)
STUCK_BEFORE = fault_alert(FaultEvent(NOON_MS - 1000, 0, STUCK, RAISED, NOON_MS - 600_000), CITY)


class AwayFor:
    """A history that answers from the given time on, and how often it was asked."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0
        self.may_answer = threading.Event()

    def __call__(self) -> list[AlertEvent]:
        self.asked += 1
        if self.asked == 1 and self.times:
            raise StoreRejected("test", 60, "no such table yet")
        if self.asked <= self.times:
            raise StoreUnavailable("test", "not yet", retry_after_s=0.01)
        assert self.may_answer.wait(30)
        return [STUCK_BEFORE]


def a_worker(broker: BrokerAddress, recall: AwayFor) -> AlertWorker:
    return create_alert_app(broker, CITY, PARTITIONS, recall, DiagnosticRules())


def taken(worker: AlertWorker, partition: int, second: int) -> list[str]:
    """What is told of a second of the log with one observation."""
    end_ms = NOON_MS + second * 1000
    payloads = [a_clock(end_ms), an_observation("s0-0", end_ms, speed_kmh=40.0 + second % 7)]
    batch = a_batch(events(*payloads, first_offset=2 * second, partition=partition))
    _, told = worker.take_observations(batch)
    return [f"{event.rule} {event.event} {event.alert_id == STUCK_BEFORE.alert_id}" for event in told]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.alert_app.LONGEST_RETRY_S", 0.05)


async def test_the_stream_goes_on_while_the_history_is_away_and_open_alerts_end_once_it_answers(
    embedded_broker: BrokerAddress,
) -> None:
    recall = AwayFor(3)
    worker = a_worker(embedded_broker, recall)
    worker.start()
    assert [taken(worker, MINE, second) for second in (30, 60, 90)] == [[], [], []]
    await until(lambda: recall.asked == 4, "the fourth question")
    assert taken(worker, MINE, 120) == [], "the answer is still on its way"
    recall.may_answer.set()
    await until(lambda: worker.remembered is not None, "the answer")
    assert taken(worker, MINE, 150) == ["stuck cleared True"]
    assert taken(worker, MINE, 180) == []


async def test_all_partitions_and_both_topics_share_one_answer_until_the_next_assignment(
    embedded_broker: BrokerAddress,
) -> None:
    recall = AwayFor(0)
    recall.may_answer.set()
    worker = a_worker(embedded_broker, recall)
    worker.start()
    await until(lambda: worker.remembered is not None, "the answer")
    for partition in range(PARTITIONS):
        taken(worker, partition, 30)
        worker.take_indices(a_batch(events(b"{", partition=partition)))
    assert recall.asked == 1
    assert all(state.recalled for state in worker.sensors.values())
    assert all(state.recalled for state in worker.segments.values())
    worker.start()
    assert worker.sensors == {}
    await until(lambda: worker.remembered is not None, "the answer to a new assignment")
    assert recall.asked == 2


async def test_a_worker_that_is_given_its_partitions_asks(embedded_broker: BrokerAddress) -> None:
    embedded_broker.create_topics(partition_counts(PARTITIONS))
    recall = AwayFor(1)
    recall.may_answer.set()
    worker = a_worker(embedded_broker, recall)
    await worker.app.start()
    try:
        await until(lambda: worker.remembered is not None, "the answer")
    finally:
        await asyncio.wait_for(worker.app.stop(), 20)
    assert recall.asked >= 2
