"""Records become columns, or dead letters with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.observation import REASONS, decode
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation, columns_of

CITY = a_city()


def test_a_canonical_observation_becomes_one_row() -> None:
    columns = columns_of([an_observation("s1-0", speed_harm_kmh=28.5)], CITY, first_offset=7)
    assert columns.sensor[0] == CITY.sensor_position["s1-0"]
    assert columns.segment[0] == CITY.segment_position["s1"]
    assert (columns.start_ms[0], columns.event_ms[0]) == (NOON_MS, NOON_MS + 30_000)
    assert columns.speed_kmh[0] == 28.5, "the space-mean speed is preferred"
    assert (columns.flow_veh[0], columns.offset[0]) == (10, 7)


def test_null_and_absent_measurements_are_nan() -> None:
    columns = columns_of([an_observation(speed_kmh=None, flow_veh=...)], CITY)
    assert np.isnan(columns.speed_kmh[0])
    assert np.isnan(columns.flow_veh[0])


def test_vehicles_per_hour_become_vehicles_of_the_interval() -> None:
    columns = columns_of([an_observation(flow_veh=..., flow_vph=1200)], CITY)
    assert columns.flow_veh[0] == pytest.approx(10.0)


def test_a_time_with_another_offset_is_the_same_instant() -> None:
    columns = columns_of([an_observation(event_time="2026-03-02T12:00:30+08:00")], CITY)
    assert columns.event_ms[0] == NOON_MS + 30_000


def test_a_matched_probe_sample_has_no_sensor_and_no_duration() -> None:
    payload = b'{"vehicle_id":"p1","segment_id":"s2","event_time":"2026-03-02T04:00:10Z","speed_kmh":12}'
    columns = columns_of([payload], CITY)
    assert (columns.sensor[0], columns.segment[0]) == (-1, 2)
    assert columns.start_ms[0] == columns.event_ms[0] == NOON_MS + 10_000


def test_a_clock_record_carries_only_time() -> None:
    columns = columns_of([a_clock(NOON_MS)], CITY)
    assert columns.clock_ms[0] == NOON_MS
    assert columns.sensor[0] == columns.segment[0] == -1


BAD = [
    (an_observation()[:-20], "malformed_json"),
    (b"", "malformed_json"),
    (b"[1, 2]", "wrong_type"),
    (an_observation(speed_kmh="fast"), "wrong_type"),
    (an_observation(event_time="yesterday"), "wrong_type"),
    (an_observation(event_time="2026-03-02T04:00:30"), "wrong_type"),
    (an_observation(event_time="0001-01-01T00:00:00Z"), "out_of_range"),
    (an_observation(event_time="1970-01-01T00:00:00Z"), "out_of_range"),
    (an_observation(event_time="2200-01-01T00:00:00Z"), "out_of_range"),
    (b'{"clock_time":"9999-12-31T23:59:59Z"}', "out_of_range"),
    (an_observation(event_time=...), "missing_field"),
    (an_observation(sensor_id=...), "missing_field"),
    (an_observation(interval_s=...), "missing_field"),
    (b'{"speed_kmh": NaN}', "not_finite"),
    (an_observation(speed_kmh=31.5).replace(b"31.5", b"1e999"), "not_finite"),
    (an_observation(speed_kmh=-1), "out_of_range"),
    (an_observation(speed_kmh=900), "out_of_range"),
    (an_observation(occupancy_pct=120), "out_of_range"),
    (an_observation(flow_veh=100_000), "out_of_range"),
    (an_observation(flow_veh=65), "out_of_range"),  # 7800 vehicles per hour on two lanes
    (b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "malformed_json"),
    (an_observation(clock_time="2026-03-02T04:00:30Z"), "wrong_type"),
    (b'{"x":[{}', "malformed_json"),
    (an_observation(interval_s=0), "out_of_range"),
    (an_observation("nobody"), "unknown_sensor"),
    (an_observation(speed_kmh=..., flow_veh=..., occupancy_pct=...), "no_measurement"),
    (an_observation(sensor_id="x" * 10_000_000), "too_large"),
    (an_observation().replace(b"s0-0", b"s0-\xff"), "invalid_utf8"),
    (b'{"vehicle_id":"p","segment_id":"nowhere","event_time":"2026-03-02T04:00:10Z"}', "unknown_segment"),
    (b'{"vehicle_id":"p","segment_id":"s1","event_time":"2026-03-02T04:00:10Z"}', "no_measurement"),
]


@pytest.mark.parametrize(("payload", "reason"), BAD, ids=[f"{i}-{r}" for i, (_, r) in enumerate(BAD)])
def test_a_bad_record_is_refused_with_its_reason_and_its_neighbours_are_kept(
    payload: bytes, reason: str
) -> None:
    columns, refusals = decode([an_observation("s0-0"), payload, an_observation("s1-0")], [4, 5, 6], CITY)
    assert [(refusal.position, refusal.reason) for refusal in refusals] == [(1, reason)]
    assert columns.offset.tolist() == [4, 6]
    assert refusals[0].detail


def test_two_records_in_one_payload_are_refused_even_beside_half_a_record() -> None:
    twice = an_observation("s0-0") + b"," + an_observation("s1-0")
    _, refusals = decode([twice, b" "], [0, 1], CITY)
    assert [refusal.reason for refusal in refusals] == ["malformed_json", "malformed_json"]


@given(st.lists(st.one_of(st.binary(max_size=60), st.just(an_observation())), max_size=8))
def test_whatever_arrives_is_either_a_row_or_a_refusal_with_a_known_reason(payloads: list[bytes]) -> None:
    columns, refusals = decode(payloads, range(len(payloads)), CITY)
    assert len(columns) + len(refusals) == len(payloads)
    assert {refusal.reason for refusal in refusals} <= set(REASONS)


@pytest.mark.parametrize("bare", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_named_in_the_detail(bare: str) -> None:
    payload = b'{"sensor_id": "S1", "event_time": "2026-03-01T00:00:00Z", "interval_s": 30, "speed_kmh": %s}'
    _, refusals = decode([payload % bare.encode()], [0], CITY)
    assert [refusal.reason for refusal in refusals] == ["not_finite"]
    assert refusals[0].detail == "NaN or Infinity is no JSON number, write null where nothing is known"
