"""The newest value of every place, in whatever order the records come."""

from __future__ import annotations

import itertools

import numpy as np

from dashboard.latest import LatestValues, fold, shown_area
from models.index_columns import Status
from tests.dashboard.a_picture import NOON_S, a_city, area_record, segment_record

CITY = a_city()


def test_a_later_window_replaces_an_earlier_one_of_the_same_segment() -> None:
    latest = LatestValues(CITY)
    fold(latest, segment_record(CITY, 1.0))
    assert fold(latest, segment_record(CITY, 4.0, window_start=NOON_S + 60)) == len(CITY.segments)
    assert latest.level.tolist() == [5] * 6


def test_an_older_window_that_arrives_late_changes_nothing() -> None:
    latest = LatestValues(CITY)
    fold(latest, segment_record(CITY, 4.0, window_start=NOON_S + 60))
    assert fold(latest, segment_record(CITY, 1.0, version=99)) == 0
    assert latest.level.tolist() == [5] * 6


def test_the_larger_version_of_one_window_wins() -> None:
    latest = LatestValues(CITY)
    fold(latest, segment_record(CITY, 4.0, version=9))
    fold(latest, segment_record(CITY, 1.0, version=8))
    assert latest.level.tolist() == [5] * 6
    fold(latest, segment_record(CITY, 2.2, version=13))
    assert latest.level.tolist() == [3] * 6


def test_the_order_in_which_records_arrive_does_not_matter() -> None:
    records = [
        segment_record(CITY, 1.0, version=5),
        segment_record(CITY, 1.6, version=9, segment_ids=["s1", "s3"], partition=1),
        segment_record(CITY, 2.2, window_start=NOON_S + 60, version=4, segment_ids=["s3"], partition=2),
        area_record(CITY, {("city", "tiny"): 3.0}),
        area_record(CITY, {("city", "tiny"): 5.0}, version=9),
    ]
    seen = set()
    for order in itertools.permutations(records):
        latest = LatestValues(CITY)
        for record in order:
            fold(latest, record)
        city = shown_area(latest, "city", "tiny")
        assert city is not None
        seen.add((latest.level.tobytes(), latest.version.tobytes(), city.traffic_performance_index))
    assert len(seen) == 1
    assert np.frombuffer(next(iter(seen))[0], dtype=np.uint8).tolist() == [1, 2, 1, 3, 1, 1]


def test_one_record_may_hold_several_windows_of_a_segment() -> None:
    latest = LatestValues(CITY)
    double = segment_record(CITY, [1.0, 4.0, 1.0], segment_ids=["s2", "s2", "s4"])
    starts = np.array([NOON_S, NOON_S + 60, NOON_S], dtype="<u4")
    double.columns["window_start"] = starts.tobytes()
    fold(latest, double)
    assert latest.level.tolist() == [0, 0, 5, 0, 1, 0]


def test_windows_of_another_length_are_not_part_of_the_picture() -> None:
    latest = LatestValues(CITY)
    assert fold(latest, segment_record(CITY, 4.0, window_s=300)) == 0
    assert fold(latest, area_record(CITY, {("city", "tiny"): 3.0}, window_s=300)) == 0


def test_unknown_places_and_another_city_are_counted_and_ignored() -> None:
    latest = LatestValues(CITY)
    fold(latest, segment_record(CITY, 1.6, segment_ids=["s1", "elsewhere"]))
    assert latest.foreign_rows == 1
    other = segment_record(CITY, 2.0)
    other.city_id = "other"
    assert fold(latest, other) == 0
    assert latest.foreign_rows == 7
    assert latest.level.tolist() == [0, 2, 0, 0, 0, 0]


def test_a_provisional_area_is_shown_only_when_it_rests_on_as_much_as_the_published_one() -> None:
    latest = LatestValues(CITY)
    fold(latest, area_record(CITY, {("city", "tiny"): 3.0}, coverage=1.0))
    following = NOON_S + 60
    fold(
        latest,
        area_record(
            CITY, {("city", "tiny"): 9.0}, window_start=following, status=Status.PROVISIONAL, coverage=0.2
        ),
    )
    shown = shown_area(latest, "city", "tiny")
    assert shown is not None
    assert shown.traffic_performance_index == 3.0
    fold(
        latest,
        area_record(
            CITY,
            {("city", "tiny"): 4.0},
            window_start=following,
            version=8,
            status=Status.PROVISIONAL,
            coverage=0.9,
        ),
    )
    shown = shown_area(latest, "city", "tiny")
    assert shown is not None
    assert shown.traffic_performance_index == 4.0


def test_a_tick_without_rows_still_moves_the_clock_of_its_partition() -> None:
    latest = LatestValues(CITY)
    fold(latest, segment_record(CITY, 2.0, partition=3, clock_s=NOON_S + 70))
    fold(latest, segment_record(CITY, 2.0, partition=3, clock_s=NOON_S + 75, segment_ids=[]))
    fold(latest, segment_record(CITY, 2.0, partition=3, clock_s=NOON_S + 72, segment_ids=[]))
    assert latest.partitions[3].clock_ms == (NOON_S + 75) * 1000


def test_an_area_window_that_covers_far_less_than_the_one_before_does_not_replace_it_at_once() -> None:
    for status in (Status.PROVISIONAL, Status.PUBLISHED):
        latest = LatestValues(CITY)
        _city_window(latest, 0, 3.0, coverage=0.95, status=Status.PROVISIONAL)
        _city_window(latest, 1, 1.1, coverage=0.05, status=status)
        assert _shown_index(latest) == 3.0
        _city_window(latest, 1, 3.5, coverage=0.9, status=status, version=9)
        assert _shown_index(latest) == 3.5


def test_coverage_that_stays_away_is_shown_with_the_window_after() -> None:
    latest = LatestValues(CITY)
    _city_window(latest, 0, 3.0, coverage=1.0)
    _city_window(latest, 1, 4.0, coverage=0.5)
    assert _shown_index(latest) == 3.0
    _city_window(latest, 2, 1.0, coverage=0.02)
    assert _shown_index(latest) == 3.0
    _city_window(latest, 2, 5.0, coverage=0.5, version=9)
    assert _shown_index(latest) == 5.0


def test_coverage_that_falls_and_falls_is_held_back_for_three_windows_at_most() -> None:
    latest = LatestValues(CITY)
    for window, coverage in enumerate((1.0, 0.7, 0.5, 0.3, 0.2)):
        _city_window(latest, window, float(window), coverage=coverage)
    assert _shown_index(latest) == 1.0


def test_a_window_after_a_hole_is_not_compared_with_what_was_before_the_hole() -> None:
    latest = LatestValues(CITY)
    _city_window(latest, 0, 3.0, coverage=1.0)
    _city_window(latest, 4, 5.0, coverage=0.4)
    assert _shown_index(latest) == 5.0


def _city_window(
    latest: LatestValues,
    window: int,
    index: float,
    *,
    coverage: float,
    status: Status = Status.PUBLISHED,
    version: int = 5,
) -> None:
    start, place = NOON_S + 60 * window, {("city", "tiny"): index}
    fold(
        latest,
        area_record(CITY, place, window_start=start, version=version, status=status, coverage=coverage),
    )


def _shown_index(latest: LatestValues) -> float:
    shown = shown_area(latest, "city", "tiny")
    assert shown is not None
    return shown.traffic_performance_index
