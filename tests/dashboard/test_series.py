"""Windows as published series: holes, rounding, words, CSV."""

from __future__ import annotations

import numpy as np

from dashboard.series import csv_of, epoch_seconds, missing_windows, published_series, with_gaps


def test_a_hole_becomes_one_missing_value_so_that_no_line_crosses_it() -> None:
    at, values = with_gaps(np.array([0, 300, 1200, 1500]), np.array([1.0, 2.0, 3.0, 4.0]), 300)
    assert at.tolist() == [0, 300, 600, 1200, 1500]
    assert [None if np.isnan(v) else v for v in values.tolist()] == [1.0, 2.0, None, 3.0, 4.0]


def test_a_series_without_holes_stays_as_it_is() -> None:
    at, values = with_gaps(np.array([0, 300]), np.array([1.0, 2.0]), 300)
    assert (at.tolist(), values.tolist()) == ([0, 300], [1.0, 2.0])
    assert with_gaps(np.array([], dtype=np.int64), np.array([]), 300)[0].tolist() == []


LATER = 10_000_000.0


def test_missing_windows_are_counted_over_the_whole_range_and_its_ends() -> None:
    assert missing_windows(np.array([300, 1200]), 300, 0, 1800, LATER) == 4
    assert missing_windows(np.array([], dtype=np.int64), 300, 86_400, 2 * 86_400, LATER) == 288
    assert missing_windows(np.arange(0, 1800, 300), 300, 0, 1800, LATER) == 0


def test_windows_of_a_range_are_those_that_begin_in_it() -> None:
    assert missing_windows(np.array([300, 600]), 300, 1, 601, LATER) == 0
    assert missing_windows(np.array([600]), 300, 300, 601, LATER) == 1


def test_what_lies_in_the_future_or_has_just_ended_is_not_missing() -> None:
    nothing = np.array([], dtype=np.int64)
    assert missing_windows(nothing, 300, 0, 86_400, 900) == 2
    assert missing_windows(nothing, 300, 0, 86_400, 960) == 3
    assert missing_windows(np.array([900]), 300, 0, 86_400, 960) == 3
    assert missing_windows(nothing, 300, 86_400, 2 * 86_400, 960) == 0


def test_times_are_understood_as_numbers_and_as_datetimes() -> None:
    seconds = epoch_seconds({"window_start": np.array([60, 120], dtype="u4")})
    moments = epoch_seconds(
        {"window_start": np.array(["1970-01-01T00:01:00", "1970-01-01T00:02:00"], "M8[s]")}
    )
    assert seconds.tolist() == moments.tolist() == [60, 120]


def test_published_values_are_rounded_and_what_is_missing_is_none() -> None:
    series = published_series(
        "segment",
        {
            "window_start": np.array([0]),
            "status": np.array([3]),
            "source": np.array([1]),
            "speed_kmh": np.array([41.26], dtype="f4"),
            "flow_vph": np.array([np.nan], dtype="f4"),
            "travel_time_index": np.array([1.2344], dtype="f4"),
        },
    )
    assert series == {
        "window_start": ["1970-01-01T00:00:00Z"],
        "status": ["final"],
        "travel_time_index": [1.234],
        "speed_kmh": [41.3],
        "flow_vph": [None],
        "source": ["loop"],
    }


def test_a_table_cell_is_never_a_formula() -> None:
    assert csv_of({"window_start": ["x"], "speed_kmh": [None]}, "=cmd()").splitlines()[1] == "'=cmd(),x,"
