"""What is done for the history once an hour."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from citybrain.upkeep import days_kept, refresh_typical, report_lost, run_upkeep
from config.settings import load_settings
from models.index_columns import AREA_DTYPES, Columns, Status
from store.history import History, open_history
from store.migrate import migrate
from store.profile import newest_typical, typical_at
from store.retention import RETAINED_TABLES
from tests.store.rows import MONDAY, accounting_rows, observation_rows
from tests.waiting import wait_until

TIMEZONE = "Asia/Shanghai"
NOON = datetime(2026, 3, 20, 4, 0, tzinfo=UTC).timestamp()
LOCAL_MIDNIGHT = int(datetime(2026, 3, 19, 16, 0, tzinfo=UTC).timestamp())


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = open_history(f"chdb:///{tmp_path}/history")
    migrate(opened)
    yield opened
    opened.close()


def workday(_: date) -> str:
    return "workday"


def store_city(history: History, first_s: int, days: int) -> None:
    """Five-minute windows of the city, index 3.0 all the time."""
    rows = days * 288
    columns: Columns = {
        name: ["city" if name == "area_kind" else "testville"] * rows
        if dtype == "str"
        else np.full(rows, 3.0).astype(dtype)
        for name, dtype in AREA_DTYPES.items()
    }
    columns |= {
        "window_s": np.full(rows, 300),
        "window_start": first_s + 300 * np.arange(rows),
        "status": np.full(rows, Status.FINAL),
        "synthetic": np.zeros(rows),
        "method_version": np.ones(rows),
    }
    history.insert("area_indices", columns)


def test_typical_days_are_computed_once_a_day_from_the_days_before(history: History) -> None:
    assert refresh_typical(history, TIMEZONE, workday, NOON) == 0, "nothing to compute from"
    store_city(history, LOCAL_MIDNIGHT - 3 * 86_400, days=3)
    assert refresh_typical(history, TIMEZONE, workday, NOON) == 288
    assert newest_typical(history) == LOCAL_MIDNIGHT
    usual = typical_at(history, "city", "workday", 100)
    assert usual["tpi_p50"].tolist() == [3.0]
    assert usual["n"].tolist() == [3]
    assert refresh_typical(history, TIMEZONE, workday, NOON + 3600) == 0, "once a day is enough"
    assert refresh_typical(history, TIMEZONE, workday, NOON + 86_400) == 288, "the next day anew"


def test_observations_that_the_books_claim_and_the_table_lacks_are_told(history: History) -> None:
    history.insert("observations", observation_rows(range(20)))
    history.insert("accounting", accounting_rows([(0, 10), (10, 20)]))
    assert report_lost(history, 0) == []
    history.insert("accounting", accounting_rows([(20, 25)], written_at=MONDAY + 1))
    with capture_logs() as logs:
        (lost,) = report_lost(history, 0)
    assert (lost.partition_id, lost.lost, lost.certain) == (0, 5, True)
    assert (logs[0]["log_level"], logs[0]["missing"]) == ("error", 5)
    assert report_lost(history, MONDAY + 2) == []


def test_less_than_a_day_of_history_says_nothing_of_what_is_usual(history: History) -> None:
    store_city(history, LOCAL_MIDNIGHT - 3600, days=1)
    assert refresh_typical(history, TIMEZONE, workday, NOON) == 0


def test_every_table_that_grows_old_has_its_days_in_the_settings() -> None:
    assert set(days_kept(load_settings())) == set(RETAINED_TABLES)


def test_upkeep_drops_what_is_older_than_the_settings_say_and_ends_when_asked(history: History) -> None:
    old = datetime.now(UTC) - timedelta(days=4000)
    store_city(history, int(old.timestamp()) // 300 * 300, days=1)
    stopping = threading.Event()
    settings = load_settings()
    thread = threading.Thread(
        target=run_upkeep, args=(settings, TIMEZONE, workday, history, stopping), daemon=True
    )
    thread.start()
    count = "select count() as n from area_indices"
    wait_until(lambda: int(history.query(count)["n"][0]) == 0, "the old partitions dropped")
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()
