"""Typical values for this time of this kind of day."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from dashboard.readers import Columns
from dashboard.snapshot import TypicalPlace
from dashboard.typical import TypicalRefresher, slot_of
from models.errors import StoreUnavailable
from tests.dashboard.a_picture import a_city, every_day_a_workday
from tests.dashboard.a_server import SteadyHistory
from tests.waiting import wait_until

CITY = a_city()
EVENING = datetime(2026, 1, 1, 10, 2, tzinfo=UTC)  # 18:02 in Shanghai


class _Away(SteadyHistory):
    def typical_at(self, kind: str, day_type: str, slot: int) -> Columns:
        raise StoreUnavailable("history", "restarting")


def _refresher(history: SteadyHistory, into: list[dict[tuple[str, str], TypicalPlace]]) -> TypicalRefresher:
    return TypicalRefresher(CITY, history, every_day_a_workday, into.append, lambda: EVENING)


def test_a_slot_is_five_minutes_of_the_local_day() -> None:
    assert [slot_of(datetime(2026, 1, 1, h, m, tzinfo=UTC)) for h, m in ((0, 0), (0, 5), (23, 59))] == [
        0,
        1,
        287,
    ]


def test_every_area_gets_the_typical_values_of_this_time_of_day() -> None:
    published: list[dict[tuple[str, str], TypicalPlace]] = []
    _refresher(SteadyHistory(CITY), published).refresh()
    places = published[0]
    assert set(places) == {("city", "tiny"), *(("district", f"d{i}") for i in (0, 1))} | {
        ("corridor", f"c{i}") for i in (0, 1)
    }
    peak = places[("district", "d0")]
    assert peak.p50 == pytest.approx(6.0)
    assert peak.speed_kmh == pytest.approx(36.0)
    assert peak.congested_km is None


def test_the_typical_congested_length_is_the_median_of_that_slot_in_the_last_four_weeks() -> None:
    published: list[dict[tuple[str, str], TypicalPlace]] = []
    _refresher(SteadyHistory(CITY), published).refresh()
    assert published[0][("city", "tiny")].congested_km == pytest.approx(12.0)


def test_an_unreachable_history_leaves_the_last_values_and_ends_nothing() -> None:
    published: list[dict[tuple[str, str], TypicalPlace]] = []
    refresher = _refresher(_Away(CITY), published)
    with pytest.raises(StoreUnavailable):
        refresher.refresh()
    refresher.start()
    refresher.stop()
    assert published == []


def test_an_error_that_nobody_expected_is_told_to_the_owner() -> None:
    class _Broken(SteadyHistory):
        def typical_at(self, kind: str, day_type: str, slot: int) -> Columns:
            return {"area_id": ["tiny"]}  # and none of the other columns

    told = threading.Event()
    refresher = TypicalRefresher(
        CITY,
        _Broken(CITY),
        every_day_a_workday,
        lambda _places: None,
        lambda: EVENING,
        on_failure=told.set,
    )
    refresher.start()
    assert told.wait(10)
    refresher.stop()


def test_the_thread_refreshes_at_once_when_it_starts() -> None:
    published: list[dict[tuple[str, str], TypicalPlace]] = []
    refresher = _refresher(SteadyHistory(CITY), published)
    refresher.start()
    wait_until(lambda: published, "values")
    refresher.stop()
    assert np.isfinite(published[0][("city", "tiny")].p50 or np.nan)
