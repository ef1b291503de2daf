"""Alerts of a backtest: the second in which the live worker would tell, whatever is folded together."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from citybrain.backtest import Backtest
from citybrain.backtest_alerts import BacktestAlerts
from citybrain.backtest_files import BacktestFiles
from models.diagnostics import SensorDiagnostics
from models.observation import decode
from models.window import TimeRules
from streams.feeds.ordering import log_order
from streams.feeds.records import FeedRecord
from streams.feeds.replay import clock_payload
from tests.models.builders import NOON_MS, a_city, an_observation

CITY = a_city(segments=8)
JAM_S = range(600, 1800)


def a_recording(period_s: int = 30, minutes: int = 60) -> list[FeedRecord]:
    """Every sensor each `period_s`; s0-0 in a jam for 20 minutes, s1-0 silent from minute 20 to 45."""
    records: list[FeedRecord] = []
    for end_s in range(period_s, minutes * 60 + 1, period_s):
        for sensor in CITY.sensors:
            if sensor.sensor_id == "s1-0" and 1200 < end_s <= 2700:
                continue
            jammed = sensor.sensor_id == "s0-0" and end_s - 1 in JAM_S
            end_ms = NOON_MS + end_s * 1000
            payload = an_observation(
                sensor.sensor_id,
                end_ms,
                interval_s=period_s,
                speed_kmh=(12.0 if jammed else 50.0) + end_s // 30 % 7,
                flow_veh=period_s // 3,
                occupancy_pct=40.0 if jammed else 5.5 + end_s % 11 / 100,
            )
            records.append(FeedRecord(sensor.segment_id, end_ms + 400, payload, "made", len(records) + 1))
    return records


def backtested(records: list[FeedRecord], partitions: int = 4) -> BacktestAlerts:
    backtest = Backtest(CITY, partitions, 300)
    for _ in backtest.results([records]):
        pass
    return backtest.alerts


#   seconds     600      900      1200            1800     2100     2400
#   level    1 | 5      | 5      | 5      | 5     | 1      | 1      |
#                               raised 1200 + 40           cleared 2400 + 40 at the latest
def test_an_alert_carries_the_second_in_which_its_window_is_published() -> None:
    (jam,) = [row for row in backtested(a_recording()).alert_rows() if row[1] == "congestion"]
    identity, *_, severity, raised_ms, cleared_ms = jam
    assert identity == f"congestion.s0.{NOON_MS // 1000 + 600}"
    assert severity == 2
    # The observation that ends 30 s after the window passes the watermark; its tick follows within a second.
    assert (raised_ms - NOON_MS, cleared_ms - NOON_MS) == (1_231_000, 2_431_000)


def test_a_sensor_is_missing_to_the_second_however_sparse_the_log() -> None:
    for period_s, patience_s in ((30, 180), (300, 900)):
        found = backtested(a_recording(period_s)).fault_rows()
        heard_ms = NOON_MS + 1_200_000
        (missing,) = [row for row in found if row[1] == "missing"]
        assert missing[2] - heard_ms == (patience_s + 1) * 1000


def test_faults_are_those_of_every_single_tick_read_at_once() -> None:
    records = a_recording()
    entries = list(log_order(records))
    log = [clock_payload(entry[1]) if entry[0] == "clock" else entry[1].payload for entry in entries]
    columns, _ = decode(log, range(len(log)), CITY)
    everybody = SensorDiagnostics(CITY, np.ones(len(CITY.sensors), dtype=np.bool_))
    assert sorted(backtested(records, partitions=1).faults) == sorted(everybody.fold(columns))


def test_partitions_make_no_difference() -> None:
    records = a_recording()
    one, many = backtested(records, partitions=1), backtested(records, partitions=3)
    assert one.alert_rows() == many.alert_rows()
    assert one.fault_rows() == many.fault_rows()


def test_nothing_is_told_of_a_window_that_the_recording_does_not_reach() -> None:
    ends_in_the_jam = [r for r in a_recording() if r.available_ms <= NOON_MS + 1_205_000]
    assert backtested(ends_in_the_jam).alert_rows() == []


def test_the_files_have_a_row_per_alert_and_an_empty_end_while_it_lasts(tmp_path: Path) -> None:
    still_silent = [r for r in a_recording() if r.available_ms <= NOON_MS + 2_000_000]
    alerts = backtested(still_silent)
    with BacktestFiles(tmp_path, 300) as files:
        files.write_alerts(alerts.alert_rows(), alerts.fault_rows())
    jam, silence = _rows(tmp_path / "alerts.csv")
    assert (jam["kind"], jam["segment_id"], jam["district"], jam["cleared_at"]) == (
        "congestion",
        "s0",
        "d0",
        "",
    )
    assert (silence["kind"], silence["rule"], silence["segment_id"]) == ("missing", "missing", "s1")
    assert _rows(tmp_path / "diagnostics.csv") == [
        {"sensor_id": "s1-0", "fault": "missing", "detected_at": silence["detected_at"], "cleared_at": ""}
    ]


def test_a_second_in_which_nothing_can_be_published_decides_nothing() -> None:
    alerts = BacktestAlerts(CITY, 1, TimeRules())
    alerts._diagnostics[0]._look_ms = 2**60  # sensors aside
    seconds = [s for s in range(600) if alerts.decides_at(NOON_MS + s * 1000, has_records=True)]
    assert seconds == [*range(10, 41), *range(310, 341)]
    assert not alerts.decides_at(NOON_MS + 20_000, has_records=False)
    assert alerts.decides_at(NOON_MS + 40_000, has_records=False)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
