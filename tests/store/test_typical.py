"""What is usual: from weeks of windows to quantiles per place, type of day and slot."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from models.errors import ConfigurationError
from models.index_columns import Status
from store.history import History
from store.readings import TYPICAL_COLUMNS, typical_at, typical_profile
from store.typical import compute_typical, local_slot
from tests.store.rows import MONDAY, area_rows, segment_rows

SHANGHAI = "Asia/Shanghai"
DAY_S = 86400
FIRST_DAY = date(2026, 3, 2)
MIDNIGHT = MONDAY - 8 * 3600  # 2026-03-02 00:00 in Shanghai
AS_OF = MIDNIGHT + 14 * DAY_S


def fortnight() -> dict[date, str]:
    """Two weeks; the first Wednesday is a holiday and the Sunday after it a working day."""
    kinds = ["workday"] * 5 + ["saturday", "sunday"]
    days = {FIRST_DAY + timedelta(days=i): kinds[i % 7] for i in range(14)}
    days[FIRST_DAY + timedelta(days=2)] = "holiday"
    days[FIRST_DAY + timedelta(days=6)] = "workday"
    return days


def at_eight(day: int) -> int:
    return MIDNIGHT + day * DAY_S + 8 * 3600


def test_quantiles_are_of_the_days_of_one_type_at_one_local_time(history: History) -> None:
    tti = 1.0 + np.arange(14) / 10
    starts = [at_eight(day) for day in range(14)]
    history.insert(
        "area_indices",
        area_rows(
            ["city"],
            starts,
            kind="city",
            travel_time_index=tti,
            traffic_performance_index=tti,
            speed_kmh=60 / tti,
        ),
    )

    rows = compute_typical(history, AS_OF, fortnight(), SHANGHAI)

    assert rows == 4
    expected = {
        "workday": [0, 1, 3, 4, 6, 7, 8, 9, 10, 11],
        "saturday": [5, 12],
        "sunday": [13],
        "holiday": [2],
    }
    for day_type, days in expected.items():
        found = typical_profile(history, "city", "city", day_type)
        assert tuple(found) == TYPICAL_COLUMNS
        assert found["slot"].tolist() == [8 * 12]
        assert found["n"].tolist() == [len(days)]
        values = np.sort(tti[days]).astype("f4")
        for name, share in (("tti_p10", 0.1), ("tti_p50", 0.5), ("tti_p90", 0.9)):
            at = min(int(len(days) * share), len(days) - 1)
            assert found[name][0] == values[at], (day_type, name)
        assert found["tpi_p50"][0] == found["tti_p50"][0]
        assert found["as_of"].tolist() == [AS_OF]


def test_every_slot_of_the_day_has_its_own_quantiles(history: History) -> None:
    starts = [MIDNIGHT + 300 * slot for slot in range(288)]
    slots = np.arange(288)
    history.insert("segment_indices", segment_rows(["s1"], starts, travel_time_index=1 + slots / 100))

    compute_typical(history, AS_OF, fortnight(), SHANGHAI)

    profile = typical_profile(history, "segment", "s1", "workday")
    np.testing.assert_array_equal(profile["slot"], slots)
    np.testing.assert_array_equal(profile["tti_p50"], (1 + slots / 100).astype("f4"))
    assert np.isnan(profile["tpi_p50"]).all()


def test_every_place_of_a_kind_is_told_for_one_slot(history: History) -> None:
    history.insert(
        "segment_indices", segment_rows(["s1", "s2", "s3"], [at_eight(0)], travel_time_index=[1, 2, 3])
    )
    history.insert("area_indices", area_rows(["east"], [at_eight(0)]))
    compute_typical(history, AS_OF, fortnight(), SHANGHAI)

    found = typical_at(history, "segment", "workday", 96)
    assert dict(zip(found["area_id"], found["tti_p50"], strict=True)) == {"s1": 1, "s2": 2, "s3": 3}
    assert typical_at(history, "district", "workday", 96)["area_id"].tolist() == ["east"]
    assert typical_at(history, "segment", "workday", 97)["area_id"].size == 0


def test_only_the_newest_version_of_a_window_that_was_published_counts(history: History) -> None:
    for version, tti in ((4, 9.0), (8, 1.25)):
        history.insert(
            "area_indices", area_rows(["east"], [at_eight(0)], version=version, travel_time_index=tti)
        )
    history.insert(
        "area_indices", area_rows(["east"], [at_eight(1)], status=Status.PROVISIONAL, travel_time_index=9.0)
    )
    history.insert("area_indices", area_rows(["east"], [at_eight(3)], travel_time_index=np.nan))
    history.insert("area_indices", area_rows(["east"], [at_eight(4)], window_s=60, travel_time_index=9.0))
    history.insert("area_indices", area_rows(["east"], [AS_OF + 8 * 3600], travel_time_index=9.0))

    compute_typical(history, AS_OF, fortnight() | {FIRST_DAY + timedelta(days=14): "workday"}, SHANGHAI)

    found = typical_profile(history, "district", "east", "workday")
    assert (found["n"].tolist(), found["tti_p90"].tolist()) == ([1], [1.25])


def test_running_it_again_changes_nothing_and_a_later_run_leaves_the_earlier_answer(history: History) -> None:
    history.insert("area_indices", area_rows(["east"], [at_eight(0)], travel_time_index=1.5))
    assert compute_typical(history, AS_OF, fortnight(), SHANGHAI) == 1
    assert compute_typical(history, AS_OF, fortnight(), SHANGHAI) == 1

    history.insert("area_indices", area_rows(["east"], [at_eight(1), at_eight(3)], travel_time_index=2.5))
    compute_typical(history, AS_OF + DAY_S, fortnight(), SHANGHAI)

    assert typical_profile(history, "district", "east", "workday")["tti_p50"].tolist() == [2.5]
    assert typical_profile(history, "district", "east", "workday", at=AS_OF + 60)["tti_p50"].tolist() == [1.5]
    assert typical_profile(history, "district", "east", "workday", at=AS_OF - 1)["tti_p50"].size == 0


def test_a_later_run_without_a_holiday_leaves_what_was_known_of_holidays(history: History) -> None:
    history.insert("area_indices", area_rows(["east"], [at_eight(2), at_eight(3)]))
    compute_typical(history, AS_OF, fortnight(), SHANGHAI)
    without = {day: kind for day, kind in fortnight().items() if kind != "holiday"}
    compute_typical(history, AS_OF + DAY_S, without, SHANGHAI)

    assert typical_profile(history, "district", "east", "holiday")["as_of"].tolist() == [AS_OF]
    assert typical_profile(history, "district", "east", "workday")["as_of"].tolist() == [AS_OF + DAY_S]


def test_invented_history_makes_invented_typical_days(history: History) -> None:
    history.insert("area_indices", area_rows(["east"], [at_eight(0)], synthetic=0))
    history.insert("area_indices", area_rows(["east"], [at_eight(1)], synthetic=1))
    compute_typical(history, AS_OF, fortnight(), SHANGHAI)
    assert typical_profile(history, "district", "east", "workday")["synthetic"].tolist() == [1]


def test_slots_are_wall_clock_time_also_when_the_clocks_change(history: History) -> None:
    """Los Angeles springs forward on Sunday 2026-03-08: 08:00 is 16:00 UTC on Saturday, 15:00 on Sunday."""
    zone = "America/Los_Angeles"
    starts = [
        int(datetime(2026, 3, 7, 16, tzinfo=UTC).timestamp()),
        int(datetime(2026, 3, 8, 15, tzinfo=UTC).timestamp()),
    ]
    history.insert("area_indices", area_rows(["east"], starts))

    compute_typical(history, AS_OF, {date(2026, 3, 7): "saturday", date(2026, 3, 8): "sunday"}, zone)

    for day_type, start in zip(("saturday", "sunday"), starts, strict=True):
        assert typical_profile(history, "district", "east", day_type)["slot"].tolist() == [96]
        assert local_slot(start, zone)[1] == 96


def test_an_unknown_time_zone_or_type_of_day_is_refused_by_name(history: History) -> None:
    with pytest.raises(ConfigurationError, match="'Asia/Nowhere' is no IANA time zone"):
        compute_typical(history, AS_OF, fortnight(), "Asia/Nowhere")
    with pytest.raises(ConfigurationError, match="2026-03-02: 'funday' is none of"):
        compute_typical(history, AS_OF, {FIRST_DAY: "funday"}, SHANGHAI)


def test_without_history_nothing_is_usual(history: History) -> None:
    assert compute_typical(history, AS_OF, fortnight(), SHANGHAI) == 0
    assert typical_at(history, "segment", "workday", 96)["n"].size == 0
