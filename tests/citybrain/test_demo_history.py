"""The demo city's history: real windows, a real store."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from citybrain.demo_history import (
    DemoHistoryProgress,
    live_begins_s,
    make_demo_history,
    windows_between,
)
from models.area import areas_of
from models.demo_city import demo_city, demo_traffic
from models.index_columns import Columns, Status
from models.synthetic_sensors import plan_sensors
from store.history import History, open_history
from store.migrate import migrate

CITY = demo_city()
AREAS = areas_of(CITY)
TRAFFIC = demo_traffic(CITY)
SENSORS = plan_sensors(CITY, TRAFFIC.seed)
MONDAY_S = 1_795_363_200  # 2026-11-22T16:00:00Z: the demo city's Monday begins
DAY_S, HOUR_S = 86_400, 3_600
NOON_S = MONDAY_S + 12 * HOUR_S
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def two_days() -> tuple[Columns, Columns]:
    return windows_between(CITY, AREAS, TRAFFIC, SENSORS, MONDAY_S - DAY_S, MONDAY_S + DAY_S)


@pytest.fixture(scope="module")
def chdb_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("chdb")
    engine = open_history(f"chdb://{directory}")
    yield directory
    engine.close()


@pytest.fixture
def history(chdb_directory: Path) -> Iterator[History]:
    history = open_history(f"chdb://{chdb_directory}?database=demo_{next(_numbers)}")
    history.ensure_database()
    migrate(history)
    yield history
    history.close()


def make(history: History, until_s: int, days: int = 2) -> DemoHistoryProgress:
    progress = DemoHistoryProgress()
    make_demo_history(CITY, history, until_s, stop=threading.Event(), progress=progress, days=days)
    return progress


def windows(history: History) -> list[int]:
    sql = "select distinct window_start as w from area_indices where area_kind = 'city' order by w"
    return [int(start) for start in history.query(sql)["w"]]


def city_rows(areas: Columns) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.array(areas["area_kind"]) == "city")


def test_each_window_of_two_days_is_there_once_and_final(two_days: tuple[Columns, Columns]) -> None:
    _, areas = two_days
    rows = city_rows(areas)
    starts = np.asarray(areas["window_start"])[rows]
    assert starts.tolist() == list(range(MONDAY_S - DAY_S, MONDAY_S + DAY_S, 300))
    assert set(np.asarray(areas["status"]).tolist()) == {Status.FINAL}


def test_the_index_of_a_sunday_and_a_monday_is_in_sane_bands(two_days: tuple[Columns, Columns]) -> None:
    _, areas = two_days
    index = np.asarray(areas["traffic_performance_index"])[city_rows(areas)]
    sunday, monday = index[:288], index[288:]
    assert sunday.max() < 3.6
    assert 4.0 < monday[8 * 12 : 9 * 12].max() < 6.8
    assert 4.0 < monday[17 * 12 : 19 * 12].max() < 6.8
    assert 0.3 < monday[2 * 12 : 4 * 12].mean() < 1.3
    assert (np.asarray(areas["coverage"])[city_rows(areas)] > 0.9).all()


def test_districts_and_corridors_differ(two_days: tuple[Columns, Columns]) -> None:
    _, areas = two_days
    evening = np.asarray(areas["window_start"]) == MONDAY_S + 18 * HOUR_S
    for kind in ("district", "corridor"):
        chosen = evening & (np.array(areas["area_kind"]) == kind)
        index = np.asarray(areas["traffic_performance_index"])[chosen]
        assert index.max() - index.min() > 1.5


def test_every_instrumented_segment_that_works_is_there(two_days: tuple[Columns, Columns]) -> None:
    segments, _ = two_days
    told = len(set(segments["segment_id"]))
    assert 0.95 * CITY.instrumented.sum() < told <= CITY.instrumented.sum()


def test_making_writes_what_was_before_the_start_and_marks_it_synthetic(history: History) -> None:
    progress = make(history, NOON_S + 77)
    assert (progress.state, progress.share) == ("ready", 1.0)
    assert windows(history) == list(range(NOON_S - 2 * DAY_S, NOON_S, 300))
    rows = history.query("select count() as n, min(synthetic) as s from segment_indices")
    assert rows["n"][0] > 400 * 576
    assert rows["s"][0] == 1


def test_typical_days_are_there_when_the_history_is(history: History) -> None:
    make(history, NOON_S)
    sql = "select distinct area_kind as kind from typical where synthetic = 1 order by kind"
    assert list(history.query(sql)["kind"]) == ["city", "corridor", "district", "segment"]


def test_the_time_between_two_runs_stays_a_hole(history: History) -> None:
    make(history, NOON_S)
    again = make(history, NOON_S + 6 * HOUR_S)
    assert (again.state, again.rows) == ("ready", 0)
    assert windows(history)[-1] == NOON_S - 300


def test_the_feed_begins_minutes_ago_at_the_first_start_and_now_at_later_ones(history: History) -> None:
    assert live_begins_s(CITY, history, NOON_S + 70.5) == NOON_S - 300
    make(history, NOON_S)
    assert live_begins_s(CITY, history, NOON_S + 70.5) == NOON_S + 70


def test_live_windows_that_came_first_are_left_alone(history: History) -> None:
    _, areas = windows_between(CITY, AREAS, TRAFFIC, SENSORS, NOON_S, NOON_S + 300)
    history.insert("area_indices", {**areas, "synthetic": [1] * len(areas["area_id"])})
    make(history, NOON_S + 300)
    assert windows(history)[-2:] == [NOON_S - 300, NOON_S]
    sql = "select count() as n from area_indices where window_start = toDateTime({t:UInt32}, 'UTC')"
    assert history.query(sql, {"t": NOON_S})["n"][0] == len(areas["area_id"])


class StopAfter(threading.Event):
    """Set from the n-th look on: an interruption between two days, without a race."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def is_set(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def test_an_interrupted_making_goes_on_where_it_stopped(history: History) -> None:
    progress = DemoHistoryProgress()
    make_demo_history(CITY, history, NOON_S, stop=StopAfter(2), progress=progress, days=2)
    assert progress.state == "stopped"
    assert windows(history) == list(range(MONDAY_S, NOON_S, 300))  # the newest day came first
    later = make(history, NOON_S + HOUR_S)
    assert later.state == "ready"
    assert windows(history) == list(range(NOON_S + HOUR_S - 2 * DAY_S, NOON_S, 300))
