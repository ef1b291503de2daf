"""A fetch of JSON records read at once is the same as its records read one by one."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models import observation_json
from models.city import City
from models.observation import MAXIMUM_RECORD_BYTES, ObservationColumns, Refusal, decode
from models.observation_json import decode_json
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation, iso
from tests.models.odd_records import odd_records, typed_records
from tests.models.test_observation import BAD

CITY = a_city()
GOOD = an_observation()


@pytest.fixture(autouse=True, scope="module", params=[3, 2000], ids="{}-at-once".format)
def _however_few_they_are(request: pytest.FixtureRequest) -> Iterator[None]:
    """Even one record is read as thousands are, and a few are read in several parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observation_json, "FEW_RECORDS", 0)
        patch.setattr(observation_json, "RECORDS_AT_ONCE", request.param)
        yield


FLOATS = ("speed_kmh", "flow_veh", "occupancy_pct")


def assert_same(one: ObservationColumns, other: ObservationColumns) -> None:
    """Same rows, types, not-a-numbers and signs of zero."""
    for name in ObservationColumns.__slots__:
        a, b = getattr(one, name), getattr(other, name)
        assert a.dtype == b.dtype, name
        np.testing.assert_array_equal(a, b, err_msg=name)
        if name in FLOATS:
            known = ~np.isnan(a)
            np.testing.assert_array_equal(np.signbit(a[known]), np.signbit(b[known]), err_msg=name)


def decoded(
    payloads: list[bytes], city: City = CITY, cut: list[str] | None = None
) -> tuple[ObservationColumns, list[Refusal]]:
    """As a worker does it; notes in `cut` that records had to be looked at one by one."""

    def payloads_looked_at() -> list[bytes]:
        if cut is not None:
            cut.append("cut")
        return payloads

    offsets = np.arange(len(payloads), dtype=np.int64) * 3 + 1_000_000
    return decode_json(b"\n".join(payloads), payloads_looked_at, offsets, city)


def assert_as_one_by_one(payloads: list[bytes], city: City = CITY) -> None:
    columns, refusals = decoded(payloads, city)
    expected, expected_refusals = decode(payloads, np.arange(len(payloads)) * 3 + 1_000_000, city)
    told = [(r.position, r.reason, r.detail, r.rows) for r in refusals]
    assert told == [(r.position, r.reason, r.detail, r.rows) for r in expected_refusals]
    assert_same(columns, expected)


@settings(deadline=None)
@given(st.lists(typed_records(), max_size=12))
def test_whatever_readable_records_say_they_give_what_they_give_one_by_one(payloads: list[bytes]) -> None:
    assert_as_one_by_one(payloads)


@settings(deadline=None)
@given(odd_records())
@example([GOOD + GOOD])
@example([GOOD + GOOD, GOOD])
@example([GOOD + b"\n" + GOOD])
@example([b'{"x":[{}', b",{}]," + GOOD[1:], GOOD + GOOD])
@example([b'{"x":[', b"{}]," + GOOD[1:], GOOD + GOOD])
@example([b'{"x":[', b"{}]," + GOOD[1:], GOOD + b"\n" + GOOD])
@example([b'{"x":[{}', b"{}]}"])
@example([b'{"x":"}', b'{"}', b"{}{}"])
@example([b'{"x":1', b"}", b"{}{}"])
@example([b"{}", b"", b"{}{}"])
@example([b'{"event_time":"nonsense","event_time":"2026-03-02T04:00:00Z"}'])
@example([an_observation(sent_time="1970-01-01T00:00:00Z")])
@example([b'{"clock_time":"2026-03-02T04:00:00Z","speed_kmh":null}', b'{"clock_time":"2026-03-02T04:00:00"}'])
def test_any_records_give_the_columns_and_refusals_of_records_read_one_by_one(payloads: list[bytes]) -> None:
    assert_as_one_by_one(payloads)


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.just(an_observation())), max_size=8))
def test_garbage_gives_the_refusals_of_records_read_one_by_one(payloads: list[bytes]) -> None:
    assert_as_one_by_one(payloads)


@pytest.mark.parametrize(("payload", "reason"), BAD, ids=[f"{i}-{r}" for i, (_, r) in enumerate(BAD)])
def test_a_bad_record_is_refused_as_if_it_came_alone(payload: bytes, reason: str) -> None:
    payloads = [an_observation("s0-0"), payload, an_observation("s1-0")]
    assert [refusal.reason for refusal in decoded(payloads)[1]] == [reason]
    assert_as_one_by_one(payloads)


def test_a_record_is_too_large_even_if_most_of_it_is_space() -> None:
    spacious = an_observation() + b" " * MAXIMUM_RECORD_BYTES
    inside = an_observation()[:-1] + b" " * MAXIMUM_RECORD_BYTES + b"}"
    largest = an_observation()[:-1]
    largest += b" " * (MAXIMUM_RECORD_BYTES - len(largest) - 1) + b"}"
    assert [r.reason for r in decoded([spacious, inside, largest])[1]] == ["too_large", "too_large"]
    assert_as_one_by_one([spacious, inside, largest])
    assert_as_one_by_one([an_observation(), inside, an_observation()])


def test_no_records_give_no_columns() -> None:
    columns, refusals = decoded([])
    assert (len(columns), refusals) == (0, [])


def test_a_city_without_sensors_still_takes_probes() -> None:
    city = a_city(sensors_per_segment=0)
    probe = b'{"vehicle_id":"p1","segment_id":"s2","event_time":"2026-03-02T04:00:10Z","speed_kmh":12}'
    assert_as_one_by_one([probe, an_observation()], city)
    assert decoded([probe], city)[0].segment.tolist() == [2]


def test_lines_are_never_looked_at_one_by_one_by_another_than_the_reader() -> None:
    cut: list[str] = []
    good = [a_clock(NOON_MS), an_observation(speed_kmh=None), an_observation("s1-0", lane=3)]
    assert len(decoded(good, cut=cut)[0]) == 3
    assert decoded([*good, an_observation("nobody")], cut=cut)[1][0].reason == "unknown_sensor"
    assert decoded([*good, b'{"speed_kmh":}'], cut=cut)[1][0].reason == "malformed_json"
    assert cut == []
    decoded([*good, b"{"], cut=cut)
    assert cut == ["cut"]


def test_few_records_are_decoded_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation_json, "FEW_RECORDS", 2)
    cut: list[str] = []
    assert_same(
        decoded([an_observation()] * 2, cut=cut)[0], decoded([an_observation()] * 3)[0].take(np.arange(2))
    )
    assert cut == ["cut"]


def test_a_long_fetch_with_everything_in_it_is_read_as_one_by_one() -> None:
    kinds: list[bytes] = [
        an_observation(),
        an_observation("s1-0", speed_kmh=None, occupancy_pct=...),
        an_observation("s2-0", flow_veh=..., flow_vph=1200.5, sent_time=iso(NOON_MS)),
        an_observation(event_time="2026-03-02T12:00:30.1234567+08:00", interval_s=30.5),
        a_clock(NOON_MS),
        b'{"vehicle_id":"p1","segment_id":"s2","event_time":"2026-03-02T04:00:10Z","speed_kmh":12,"flow_veh":-3}',
        *(payload for payload, _ in BAD if len(payload) < 1000),
    ]
    assert_as_one_by_one(kinds * 40)


def test_a_refused_record_leaves_no_garbage_behind() -> None:
    """An error that is kept would keep its whole fetch, for as long as the garbage collector waits."""
    decoded([an_observation("nobody")])
    gc.collect()
    gc.disable()
    try:
        decoded([an_observation("nobody"), b"{"])
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_comparison_would_notice_a_difference() -> None:
    columns, _ = decoded([an_observation()])
    for name, value in (("speed_kmh", -0.0), ("flow_veh", np.nan), ("row", 1)):
        other: Any = decoded([an_observation(speed_kmh=0.0)])[0]
        before = decoded([an_observation(speed_kmh=0.0)])[0]
        getattr(other, name)[0] = value
        with pytest.raises(AssertionError, match=re.escape(name)):
            assert_same(before, other)
    assert_same(columns, columns)
