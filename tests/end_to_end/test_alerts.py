"""Alerts through a broker into the history: those of the backtest, told once, ended after a restart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from citybrain.backtest import Backtest
from citybrain.stages import Stage, alert_stage, archive_stage, index_stage
from config.settings import load_settings
from models.city import City
from store.alert_log import alert_events
from store.history import History, open_history
from store.migrate import migrate
from streams.broker import BrokerAddress, open_broker
from streams.feeds.ordering import log_order
from streams.feeds.recordings import read_recording
from streams.feeds.records import FeedRecord
from streams.feeds.replay import replay
from streams.topics import partition_counts
from tests.end_to_end.recordings import sumo_open_city
from tests.models.builders import a_city, an_observation
from tests.waiting import until

CITY = a_city(segments=8)
JAMMED, SILENT, STUCK = "s0-0", "s1-0", "s2-0"
TRAILING_S = 60


def a_beginning_ms() -> int:
    """Two hours ago: alerts are remembered for days of real time."""
    return (int(time.time()) - 7200) // 300 * 300_000


def observations(begin_ms: int, minutes: range) -> list[FeedRecord]:
    """Half-minute observations: a jam in minutes 5 to 30, silence in 10 to 20, a stuck sensor in 8 to 16."""
    records: list[FeedRecord] = []
    for number in range(2 * minutes.start + 1, 2 * minutes.stop + 1):
        end_ms, minute = begin_ms + number * 30_000, (number - 1) // 2
        for sensor in CITY.sensors:
            speed_kmh = 55.0 + number % 7
            if sensor.sensor_id == SILENT and 10 <= minute < 20:
                continue
            if sensor.sensor_id == STUCK and 8 <= minute < 16:
                speed_kmh = 50.0
            if sensor.sensor_id == JAMMED and 5 <= minute < 30:
                speed_kmh = 10.0 + number % 3
            occupancy_pct = round(4.8 * 60 / speed_kmh, 3)
            payload = an_observation(
                sensor.sensor_id, end_ms, speed_kmh=speed_kmh, flow_veh=10, occupancy_pct=occupancy_pct
            )
            records.append(FeedRecord(sensor.segment_id, end_ms + 300, payload, "made", len(records) + 1))
    return records


async def run_live(broker: BrokerAddress, history: History, city: City, records: Sequence[FeedRecord]) -> int:
    """Index, alerts and archive until the recording is in the history; the number of events told."""
    settings = load_settings()
    broker.create_topics(partition_counts(settings.partitions))
    migrate(history)
    entries = list(log_order(records, trailing_s=TRAILING_S))
    last_tick_ms = max(entry[1] for entry in entries if entry[0] == "clock")
    alerts = alert_stage(settings, broker, city, history)
    archive = archive_stage(settings, broker, city, history)
    stages: list[Stage] = [index_stage(settings, broker, city, None), alerts, archive]
    await asyncio.gather(*(stage.app.start() for stage in stages))

    def everything_is_judged_and_stored() -> bool:
        clocks = [state.clock_ms for state in alerts.segments.values()]
        clocks += [state.diagnostics.clock_ms for state in alerts.sensors.values()]
        judged = len(clocks) == 2 * settings.partitions and min(clocks) == last_tick_ms
        return judged and archive.stored_rows.get("alert_events", 0) >= alerts.told

    try:
        await asyncio.to_thread(replay, entries, broker.kafka_arguments, with_clock=True)
        await until(everything_is_judged_and_stored, "the end of the recording in the alerts")
    finally:
        await asyncio.gather(*(stage.app.stop() for stage in stages))
    return alerts.told


def stored(history: History) -> list[tuple[str, str]]:
    found = alert_events(history, 0, 2**32 - 1)
    return sorted(zip(map(str, found["alert_id"]), map(str, found["event"]), strict=True))


async def test_the_live_alerts_are_those_of_the_backtest(broker: BrokerAddress, tmp_path: Path) -> None:
    begin_ms = a_beginning_ms()
    records = observations(begin_ms, range(50))
    history = open_history(f"chdb:///{tmp_path}/history")
    try:
        told = await run_live(broker, history, CITY, records)
        backtest = Backtest(CITY, 4, 300)
        for _ in backtest.results([records]):
            pass
        assert stored(history) == sorted((e.alert_id, e.event) for e in backtest.alerts.events)
        assert told == len(stored(history)), "nothing was told twice"
        jam = f"congestion.s0.{begin_ms // 1000 + 5 * 60}"
        assert {(jam, "raised"), (jam, "cleared")} <= set(stored(history))
        rules = {alert_id.split(".")[0] for alert_id, _ in stored(history)}
        assert rules == {"congestion", "missing", "stuck"}
    finally:
        history.close()


async def test_an_alert_raised_before_a_restart_clears_after_it(tmp_path: Path) -> None:
    begin_ms = a_beginning_ms()
    history = open_history(f"chdb:///{tmp_path}/history")
    try:
        with open_broker("embedded") as broker:
            await run_live(broker, history, CITY, observations(begin_ms, range(18)))
        open_before = {alert_id for alert_id, event in stored(history) if event == "raised"}
        open_before -= {alert_id for alert_id, event in stored(history) if event == "cleared"}
        assert {alert_id.split(".")[0] for alert_id in open_before} == {"congestion", "missing"}

        with open_broker("embedded") as broker:  # another log: nothing of the first one can be read again
            await run_live(broker, history, CITY, observations(begin_ms, range(24, 50)))
        assert {(alert_id, "cleared") for alert_id in open_before} <= set(stored(history))
        raised = [alert_id for alert_id, event in stored(history) if event == "raised"]
        assert len(raised) == 3, "nothing was raised a second time"
    finally:
        history.close()


@pytest.mark.data
def test_the_sick_sensors_of_a_simulated_city_are_found(shared_data: Path) -> None:
    """What silence, repetition and a foreign unit of a third show; half units and dead zeros show nothing."""
    folder = shared_data / "sumo_open"
    truth = json.loads((folder / "truth" / "faults.json").read_text())
    city = sumo_open_city(shared_data)
    path = folder / "public" / "observations.ndjson.gz"
    backtest = Backtest(city, 4, 300)
    for _ in backtest.results([(r for r in read_recording(path, city) if isinstance(r, FeedRecord))]):
        pass
    found = {(sensor_id, fault) for sensor_id, fault, _, _ in backtest.alerts.fault_rows()}
    shown_as = {"missing": "missing", "stuck": "stuck", "unit_mps": "implausible"}
    assert found == {
        (fault["sensor_id"], shown_as[fault["kind"]]) for fault in truth if fault["kind"] in shown_as
    }
