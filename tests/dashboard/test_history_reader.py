"""The pages' readers on a real history, and a truly slow query beside a ticking stream."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

from dashboard.history_reader import HistoryReaders
from dashboard.readers import AuditedRange
from models.index_columns import unpack_columns
from store.history import History, open_history
from store.migrate import migrate
from tests.dashboard.a_picture import NOON_S, a_city, area_record, every_area, segment_record
from tests.dashboard.a_server import a_site, fed, serving
from tests.store.rows import accounting_rows

CITY = a_city()
START, END = datetime.fromtimestamp(NOON_S, UTC), datetime.fromtimestamp(NOON_S + 1800, UTC)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = open_history(f"chdb://{tmp_path}/history")
    opened.ensure_database()
    migrate(opened)
    yield opened
    opened.close()


def _stored(history: History, table: str, window_start: int) -> None:
    record = (
        area_record(CITY, every_area(CITY, 5.0), window_start=window_start, window_s=300)
        if table == "area_indices"
        else segment_record(CITY, 2.2, window_start=window_start, window_s=300)
    )
    rows = record.rows
    extra = {"synthetic": np.ones(rows, dtype="u1"), "method_version": np.ones(rows, dtype="u2")}
    history.insert(table, {**unpack_columns(record), **extra})


def test_a_real_history_answers_every_question_of_the_pages(history: History) -> None:
    for start in (NOON_S, NOON_S + 300, NOON_S + 1800):
        _stored(history, "area_indices", start)
        _stored(history, "segment_indices", start)
    readers = HistoryReaders(history)
    areas = readers.area_history("district", "d1", 300, START, END)
    assert np.asarray(areas["window_start"]).tolist() == [NOON_S, NOON_S + 300]
    assert np.asarray(areas["traffic_performance_index"]).tolist() == [5.0, 5.0]
    segments = readers.segment_history("s3", 300, START, END)
    assert np.asarray(segments["travel_time_index"]).tolist() == pytest.approx([2.2, 2.2])
    assert len(readers.typical_profile("city", "tiny", "workday")["slot"]) == 0
    assert len(readers.typical_at("segment", "workday", 100)["area_id"]) == 0
    assert len(readers.alerts(START, END, 10)["alert_id"]) == 0
    health = readers.store_health()
    assert (health.engine, health.gaps) == ("chDB", ())
    assert health.audited == ()
    assert health.disk_free_bytes is not None
    assert health.tables["area_indices"] == 15


def test_the_books_of_the_last_day_are_audited_and_where_they_begin_is_told(history: History) -> None:
    now = int(time.time())
    written_at = [now - 2 * 86_400, now - 60, now - 60]
    history.insert("accounting", accounting_rows([(7, 30), (40, 50), (55, 60)], written_at=written_at))
    health = HistoryReaders(history).store_health()
    assert health.audited == (AuditedRange("observations.traffic/0", 7, 40, 60),)
    assert health.gaps == ("observations.traffic/0 [50, 55) missing",)


def test_a_truly_slow_query_in_the_engine_delays_no_tick(history: History) -> None:
    slow = "select sum(sleepEachRow(0.25)) as s from numbers(20) settings max_block_size = 1"

    class _Slow(HistoryReaders):
        def alerts(self, start: datetime, end: datetime, limit: int) -> dict[str, np.ndarray]:
            self.history.query(slow)
            return {"alert_id": np.array([1]), "at": np.array([NOON_S])}

    with serving(a_site(CITY, _Slow(history))) as site, fed(site):
        times: list[float] = []
        site.hub.listen(lambda _tick: times.append(time.monotonic()))
        began = time.monotonic()
        address = site.address + "/api/v1/alerts"
        asking = [threading.Thread(target=lambda: urlopen(address).close()) for _ in range(4)]
        for thread in asking:
            thread.start()
        answered = []
        while any(thread.is_alive() for thread in asking):
            asked = time.monotonic()
            urlopen(site.address + "/api/v1/latest").close()
            answered.append(time.monotonic() - asked)
            asking[-1].join(0.1)
        assert time.monotonic() - began >= 4.5
    assert max(b - a for a, b in pairwise(times)) < 1.6
    assert max(answered) < 1.0
