"""Figures from columns: local clock times, typical bands, holes that stay holes."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from dashboard.figures import local_times, trend_figure, typical_band, utc_offsets_s
from dashboard.texts import TEXTS

SHANGHAI = ZoneInfo("Asia/Shanghai")
PROFILE = {"slot": np.arange(288)} | {
    f"tpi_{name}": np.arange(288) / 100 + add for name, add in (("p10", 0), ("p50", 1), ("p90", 2))
}


def _s(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_clock_times_are_those_of_the_city_across_a_change_of_summer_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    at = np.arange(_s("2026-03-29T00:30:00Z"), _s("2026-03-29T01:31:00Z"), 1800, dtype=np.int64)
    assert local_times(at, berlin) == ["2026-03-29T01:30", "2026-03-29T03:00", "2026-03-29T03:30"]
    assert utc_offsets_s(at, berlin).tolist() == [3600, 7200, 7200]


def test_the_band_follows_the_type_of_each_day() -> None:
    start, end = _s("2026-01-02T15:50:00Z"), _s("2026-01-02T16:10:00Z")  # 23:50 to 00:10 in Shanghai
    types = {date(2026, 1, 2): "workday", date(2026, 1, 3): "saturday"}
    low, middle, high, at = typical_band({"workday": PROFILE}, types.__getitem__, "tpi", SHANGHAI, start, end)
    assert len(at) == 4
    assert middle[:2].tolist() == [3.86, 3.87]
    assert np.isnan(middle[2:]).all()
    assert np.allclose(high[:2] - low[:2], 2.0)


def _figure(columns: dict[str, np.ndarray]) -> dict[str, list[dict[str, object]]]:
    return trend_figure(
        columns,
        {"workday": PROFILE},
        lambda _day: "workday",
        measure="tpi",
        window_s=300,
        timezone="Asia/Shanghai",
        start_s=_s("2026-01-01T00:00:00Z"),
        end_s=_s("2026-01-01T01:00:00Z"),
        language="en",
    )


def test_the_trend_breaks_at_holes_and_says_status_and_coverage_of_each_point() -> None:
    start = _s("2026-01-01T00:00:00Z")
    figure = _figure(
        {
            "window_start": np.array([start, start + 300, start + 1500]),
            "traffic_performance_index": np.array([3.0, 3.5, 4.0]),
            "status": np.array([3, 3, 1]),
            "coverage": np.array([0.9, np.nan, 1.0]),
            "speed_kmh": np.array([30.0, 31.0, 32.0]),
        }
    )
    trend = figure["data"][-1]
    assert trend["y"] == [3.0, 3.5, None, 4.0]
    assert trend["connectgaps"] is False
    details = trend["customdata"]
    assert isinstance(details, list)
    assert details[0] == [TEXTS["status_3"].en, "90%", "30.0"]
    assert details[1][1] == "–"
    assert details[-1][0] == TEXTS["status_1"].en


def test_a_place_without_history_still_shows_what_is_typical() -> None:
    none = np.array([])
    empty = ("window_start", "traffic_performance_index", "status", "coverage", "speed_kmh")
    figure = _figure(dict.fromkeys(empty, none))
    assert figure["data"][-1]["y"] == []
    median = figure["data"][2]["y"]
    assert isinstance(median, list)
    assert len(median) == 12
    assert str(figure["data"][2]["x"]).startswith("['2026-01-01T08:00'")
