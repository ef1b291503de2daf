"""The picture of a moment: ages, states, worst corridors, what is stale."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from dashboard.latest import LatestValues, fold
from dashboard.snapshot import Surroundings, TypicalPlace, build_snapshot
from dashboard.snapshot_form import Snapshot, encode_snapshot
from models.city import City
from models.index_columns import Status
from tests.dashboard.a_picture import NOON_S, a_city, area_record, every_area, segment_record

AROUND = Surroundings(
    typical={("city", "tiny"): TypicalPlace(2.0, 3.0, 4.5, 41.0, 1.5)},
    day_type="workday",
    history_state="building",
    history_share=0.25,
    stream_silent_s=0.4,
    stream_problem="",
    accepted_per_minute=600,
)
END_S = NOON_S + 60


def _latest(city: City, tti: float = 2.2) -> LatestValues:
    latest = LatestValues(city)
    fold(latest, segment_record(city, tti, counts={"accepted": 90, "late": 2, "out_of_range": 3}))
    fold(latest, area_record(city, every_area(city, 5.0)))
    return latest


def _at(latest: LatestValues, second: float, around: Surroundings = AROUND) -> Snapshot:
    return build_snapshot(latest, around, int(second * 1000), 7)


def _levels(snapshot: Snapshot) -> list[int]:
    return list(base64.b64decode(snapshot.segments.levels))


def test_a_snapshot_is_a_pure_function_of_values_surroundings_and_time() -> None:
    latest = _latest(a_city())
    before = latest.level.copy(), dict(latest.areas)
    assert encode_snapshot(_at(latest, END_S + 5)) == encode_snapshot(_at(latest, END_S + 5))
    assert np.array_equal(latest.level, before[0])
    assert latest.areas == before[1]


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(0, "live"), (120, "live"), (120.1, "late"), (300, "late"), (300.1, "stale"), (90_000, "stale")],
)
def test_data_is_live_up_to_two_periods_late_up_to_five_then_stale(age_s: float, state: str) -> None:
    assert _at(_latest(a_city(period_s=60)), END_S + age_s).state == state


def test_the_expected_period_of_the_city_decides_what_is_late() -> None:
    assert _at(_latest(a_city(period_s=300)), END_S + 500).state == "live"


def test_before_the_first_observation_the_state_is_starting() -> None:
    snapshot = _at(LatestValues(a_city()), NOON_S)
    assert (snapshot.state, snapshot.data_at, snapshot.data_age_s) == ("starting", None, None)
    assert _levels(snapshot) == [0] * 6


def test_a_silent_stream_is_down_however_fresh_the_data_looked() -> None:
    assert _at(_latest(a_city()), END_S + 20, replace(AROUND, stream_silent_s=16)).state == "down"


def test_a_stale_segment_has_no_level_and_is_never_shown_as_normal() -> None:
    latest = _latest(a_city(), tti=1.0)
    assert _levels(_at(latest, END_S + 300)) == [1] * 6
    assert _levels(_at(latest, END_S + 301)) == [0] * 6


def test_one_silent_segment_goes_dark_while_the_others_live_on() -> None:
    city = a_city()
    latest = _latest(city)
    rest = [s.segment_id for s in city.segments[1:]]
    fold(latest, segment_record(city, 1.0, window_start=NOON_S + 360, segment_ids=rest))
    assert _levels(_at(latest, NOON_S + 420)) == [0, 1, 1, 1, 1, 1]


def test_index_and_coverage_of_segments_travel_as_documented_bytes() -> None:
    segments = _at(_latest(a_city()), END_S).segments
    assert np.frombuffer(base64.b64decode(segments.tti_centi), "<u2").tolist() == [220] * 6
    assert np.frombuffer(base64.b64decode(segments.coverage_pct), "<u1").tolist() == [90] * 6


def test_a_stale_area_keeps_its_number_but_loses_its_level() -> None:
    city = _at(_latest(a_city()), END_S + 400).city
    assert (city.state, city.level, city.index) == ("stale", 0, 5.0)


def test_corridors_come_worst_first_and_unknown_ones_last() -> None:
    city = a_city(corridors=3)
    latest = LatestValues(city)
    fold(latest, area_record(city, {("corridor", "c0"): 2.0, ("corridor", "c2"): 6.5}))
    assert [c.id for c in _at(latest, END_S).corridors] == ["c2", "c0", "c1"]


def test_the_typical_values_stand_beside_the_number() -> None:
    typical = _at(_latest(a_city()), END_S).city.typical
    assert typical is not None
    assert (typical.p10, typical.p50, typical.p90, typical.speed_kmh) == (2.0, 3.0, 4.5, 41.0)
    assert _at(_latest(a_city()), END_S).districts[0].typical is None


def test_counts_are_summed_over_partitions_and_split_into_fates_and_reasons() -> None:
    city = a_city()
    latest = _latest(city)
    fold(latest, segment_record(city, 2, partition=1, counts={"accepted": 10, "unknown_sensor": 4}))
    feeds = _at(latest, END_S).feeds
    assert (feeds.accepted, feeds.late, feeds.duplicate) == (100, 2, 0)
    assert feeds.refused == {"out_of_range": 3, "unknown_sensor": 4}
    assert feeds.refused_total == 7


def test_the_slowest_partition_is_the_lag() -> None:
    city = a_city()
    latest = _latest(city)
    fold(latest, segment_record(city, 2, partition=1, clock_s=END_S - 30))
    lag = _at(latest, END_S + 10).lag
    assert [p.lag_s for p in lag.partitions] == [0.0, 40.0]
    assert lag.lag_s == 40.0


def test_what_was_not_measured_is_null_and_never_nan() -> None:
    city = a_city()
    latest = LatestValues(city)
    fold(latest, area_record(city, {("city", "tiny"): float("nan")}))
    body = encode_snapshot(_at(latest, END_S))
    assert b"NaN" not in body
    assert json.loads(body)["city"]["index"] is None


def test_values_are_rounded_once_for_every_reader() -> None:
    city = a_city()
    latest = LatestValues(city)
    fold(latest, area_record(city, {("city", "tiny"): 4.123456}, coverage=0.98765))
    shown = _at(latest, END_S).city
    assert (shown.index, shown.tti, shown.speed_kmh, shown.coverage) == (4.12, 1.825, 39.4, 0.988)


def test_the_local_day_is_that_of_the_city() -> None:
    day = _at(LatestValues(a_city()), NOON_S + 12 * 3600 + 1).day
    assert (day.date, day.day_type, day.utc_offset_s) == ("2026-01-02", "workday", 28_800)


def test_provisional_windows_say_that_they_are() -> None:
    city = a_city()
    latest = LatestValues(city)
    fold(latest, area_record(city, {("city", "tiny"): 3.0}, status=Status.PROVISIONAL))
    assert _at(latest, END_S).city.status == "provisional"


def test_beside_the_segments_a_snapshot_of_a_large_city_stays_under_five_kilobytes() -> None:
    city = a_city(segments=3000, districts=10, corridors=40)
    usual = TypicalPlace(2.12, 3.41, 4.58, 41.3)
    snapshot = _at(_latest(city), END_S, replace(AROUND, typical=dict.fromkeys(every_area(city, 0), usual)))
    segments = snapshot.segments
    packed = len(segments.levels) + len(segments.tti_centi) + len(segments.coverage_pct)
    assert packed == 4 * 4000
    assert len(encode_snapshot(snapshot)) - packed <= 5_000


@pytest.mark.parametrize(("coverage", "shown"), [(0.014, False), (0.2999, False), (0.3, True), (0.6, True)])
def test_an_area_that_covers_less_than_three_tenths_has_no_index(coverage: float, shown: bool) -> None:
    city = a_city()
    latest = LatestValues(city)
    fold(latest, area_record(city, every_area(city, 5.0), coverage=coverage))
    snapshot = _at(latest, END_S)
    for area in (snapshot.city, *snapshot.districts, *snapshot.corridors):
        assert (area.index == 5.0) is shown
        assert (area.level, area.state) == ((3, "live") if shown else (0, "low_coverage"))
        assert area.coverage == pytest.approx(coverage, abs=0.001)
        if not shown:
            assert (area.index, area.tti, area.speed_kmh, area.congested_km) == (None,) * 4


def test_coverage_hides_nothing_of_an_area_that_only_probes_measure() -> None:
    city = msgspec.structs.replace(a_city(), sensors=())
    latest = LatestValues(city)
    fold(latest, area_record(city, every_area(city, 5.0), coverage=0.0))
    for area in (_at(latest, END_S).city, *_at(latest, END_S).districts):
        assert (area.index, area.state, area.coverage) == (5.0, "live", None)


def test_old_windows_of_a_log_that_says_nothing_of_its_data_are_shown_with_their_age() -> None:
    city = a_city()
    latest = LatestValues(city)
    fold(latest, segment_record(city, 4.0, clock_s=END_S + 400, data_s=0))
    fold(latest, area_record(city, every_area(city, 5.0)))
    snapshot = _at(latest, END_S + 400)
    assert (snapshot.state, snapshot.data_age_s, snapshot.data_at) == ("stale", 400.0, "2026-01-01T04:01:00Z")
    assert (snapshot.city.state, snapshot.city.level) == ("stale", 0)
