"""Blocks: many observations in one record, as msgpack columns."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import observation_batch, observation_json
from models.city import City
from models.observation import ObservationColumns, Refusal, decode
from models.observation_batch import decode_batch
from models.observation_block import (
    MAXIMUM_BLOCK_BYTES,
    MAXIMUM_BLOCK_ROWS,
    encode_block,
    is_block,
)
from models.observation_checks import NUMBERS
from tests.models.builders import NOON_MS, a_city, iso
from tests.models.test_observation_json import assert_same

CITY = a_city()


@pytest.fixture(autouse=True, scope="module", params=[0, 40], ids="few-are-{}".format)
def _however_few_they_are(request: pytest.FixtureRequest) -> Iterator[None]:
    """JSON records between blocks are read as thousands are, or judged alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observation_json, "FEW_RECORDS", request.param)
        patch.setattr(observation_batch, "FEW_RECORDS", request.param)
        yield


GOLDEN = Path(__file__).parent / "observation_block_v1.json"


def decoded(*payloads: bytes, city: City = CITY) -> tuple[ObservationColumns, list[Refusal]]:
    offsets = np.arange(len(payloads), dtype=np.int64) + 7
    return decode_batch(b"\n".join(payloads), lambda: payloads, offsets, city)


def a_block(**changes: Any) -> bytes:
    """Three observations of 30 s; a key set to ... is left out."""
    columns = {
        "version": 1,
        "rows": 3,
        "event_time_ms": np.array([1, 2, 3], dtype="<i8").tobytes(),
        "interval_s": 30,
        "speed_kmh": np.array([30.0, 40.0, 50.0], dtype="<f8").tobytes(),
        "sensor_ids": ["s0-0", "s1-0"],
        "sensor_index": bytes([0, 1, 1]),
    }
    columns["event_time_ms"] = (NOON_MS + np.array([1, 2, 3]) * 30_000).astype("<i8").tobytes()
    columns |= changes
    return msgspec.msgpack.encode({key: value for key, value in columns.items() if value is not ...})


def test_each_row_of_a_block_is_an_observation() -> None:
    columns, refusals = decoded(a_block(), a_block())
    assert refusals == []
    assert columns.sensor.tolist() == [0, 1, 1, 0, 1, 1]
    assert columns.segment.tolist() == [0, 1, 1, 0, 1, 1]
    assert columns.speed_kmh.tolist() == [30.0, 40.0, 50.0] * 2
    assert np.isnan(columns.flow_veh).all()
    assert (columns.event_ms - columns.start_ms).tolist() == [30_000] * 6
    assert (columns.offset.tolist(), columns.row.tolist()) == ([7, 7, 7, 8, 8, 8], [0, 1, 2, 0, 1, 2])


def test_a_block_written_long_ago_is_still_read() -> None:
    golden = json.loads(GOLDEN.read_text())
    columns, refusals = decoded(bytes.fromhex(golden["block_hex"]))
    assert refusals == []
    for name, expected in golden["columns"].items():
        values = [None if math.isnan(value) else value for value in getattr(columns, name).tolist()]
        assert values == expected, name


def test_what_is_encoded_today_is_what_was_encoded_then() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert encode_block(**golden["encoded"]).hex() == golden["block_hex"]


# --- a row says what a JSON record says ---

IDS = st.sampled_from([None, "s0-0", "s1-0", "nobody", "s2", ""])
MEASURED = st.one_of(
    st.just(math.nan),
    st.floats(0, 210),
    st.sampled_from([0.0, -0.0, -1.0, 30.5, 31.5, 62.0, 64.0, 65.0, 7200.0, 7201.0, 1e308, 5e-324]),
)
MOMENTS = st.one_of(
    st.integers(NOON_MS, NOON_MS + 600_000),
    st.integers(-60_000_000_000, 4_200_000_000_000),
)
ROWS = st.fixed_dictionaries(
    {
        "sensor_id": IDS,
        "vehicle_id": st.sampled_from([None, None, "p-1", "车-7"]),
        "segment_id": st.sampled_from([None, "s2", "s3", "nowhere"]),
        "event_time_ms": MOMENTS,
        "sent_time_ms": st.one_of(st.just(0), MOMENTS),
    }
    | {name: st.one_of(st.sampled_from([30.0, 60.0]), MEASURED) for name in NUMBERS[:1]}
    | {name: MEASURED for name in NUMBERS[1:]}
)


def block_of(rows: list[dict[str, Any]]) -> bytes:
    """Every id and number in a column, as `encode_block` does it."""
    ids = {f"{kind}_ids": [row[f"{kind}_id"] for row in rows] for kind in ("sensor", "vehicle", "segment")}
    columns = {name: [row[name] for row in rows] for name in (*NUMBERS, "event_time_ms", "sent_time_ms")}
    return encode_block(**ids, **columns)  # type: ignore[arg-type]


def json_of(row: dict[str, Any]) -> bytes:
    record = {name: row[name] for name in (*NUMBERS, "sensor_id", "vehicle_id", "segment_id")}
    record |= {"event_time": iso(row["event_time_ms"])}
    record |= {"sent_time": iso(row["sent_time_ms"]) if row["sent_time_ms"] else None}
    known = {k: v for k, v in record.items() if not (isinstance(v, float) and math.isnan(v))}
    return json.dumps(known).encode()


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=8))
def test_rows_of_a_block_give_what_json_records_give(rows: list[dict[str, Any]]) -> None:
    columns, refusals = decoded(block_of(rows))
    expected, each_refused = decode([json_of(row) for row in rows], np.zeros(len(rows), dtype=np.int64), CITY)
    assert columns.row.tolist() == sorted(set(range(len(rows))) - {r.position for r in each_refused})
    columns.row[:], columns.offset[:] = 0, 0
    assert_same(columns, expected)
    assert sum(refusal.rows for refusal in refusals) == len(each_refused)
    if each_refused:
        (refusal,) = refusals
        assert refusal.detail.startswith(f"{len(each_refused)} of {len(rows)} observations: row ")
        for each in each_refused:
            assert f"row {each.position}: {each.reason}: " in refusal.detail
        reasons = [each.reason for each in each_refused]
        assert reasons.count(refusal.reason) == max(map(reasons.count, reasons))


@settings(deadline=None)
@given(st.lists(ROWS, max_size=12), st.data())
def test_rows_mean_the_same_however_they_are_shared_among_records(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    """JSON and blocks in one fetch keep the order of the log."""
    payloads, left = [], rows
    while left:
        taken, left = left[: (size := data.draw(st.integers(1, 4)))], left[size:]
        payloads += [json_of(row) for row in taken] if data.draw(st.booleans()) else [block_of(taken)]
    columns, refusals = decoded(*payloads)
    expected, each_refused = decode([json_of(row) for row in rows], np.zeros(len(rows), dtype=np.int64), CITY)
    place = list(zip(columns.offset.tolist(), columns.row.tolist(), strict=True))
    assert place == sorted(set(place))
    columns.row[:], columns.offset[:] = 0, 0
    assert_same(columns, expected)
    assert sum(refusal.rows for refusal in refusals) == len(each_refused)
    positions = [refusal.position for refusal in refusals]
    assert positions == sorted(set(positions))


def test_numbers_of_four_bytes_are_read_as_they_are() -> None:
    payload = encode_block(
        [NOON_MS], sensor_ids=["s0-0"], interval_s=30, speed_kmh=[31.4], flow_veh=7, single_precision=True
    )
    columns, _ = decoded(payload)
    assert columns.speed_kmh.tolist() == [float(np.float32(31.4))]
    assert columns.flow_veh.tolist() == [7.0]


# --- what is refused ---

MALFORMED: list[tuple[bytes, str]] = [
    (a_block()[:-1], "truncated"),
    (a_block() + b"\x00", "trailing"),
    (b"\x80", "version"),
    (a_block(version=2), "version 2, expected 1"),
    (a_block(rows=-1), "-1 rows"),
    (a_block(rows=MAXIMUM_BLOCK_ROWS + 1), "rows"),
    (a_block(rows=4), "event_time_ms has 24 bytes, expected 4 x 8"),
    (a_block(event_time_ms=...), "event_time_ms"),
    (a_block(event_time_ms=1 << 63), "event_time_ms"),
    (a_block(event_time_ms="now"), "event_time_ms"),
    (a_block(speed_kmh=b"123"), "speed_kmh has 3 bytes, expected 3 x 4 or 8"),
    (a_block(speed_kmh=[1.0]), "speed_kmh"),
    (a_block(sensor_ids=...), "sensor_index without sensor_ids"),
    (a_block(sensor_ids=["s0-0"]), "sensor_index is 1, but 1 sensor_ids"),
    (a_block(sensor_ids=[1, 2]), "sensor_ids"),
    (a_block(sensor_ids="s0-0"), "sensor_ids"),
    (a_block(sensor_index=...), "2 sensor_ids for 3 rows"),
    (a_block(vehicle_ids=["p"]), "1 vehicle_ids for 3 rows"),
    (a_block(sensor_index=b"\x00"), "sensor_index has 1 bytes, expected 3 x 1 or 2 or 4"),
    (a_block().replace(b"s0-0", b"s0-\xff"), "utf-8"),
    (a_block(lane=...).replace(b"\xa7version", b"\xa7ve\xffsion"), "version"),
    (b"\xde\xff\xff", "truncated"),
]


@pytest.mark.parametrize(("payload", "detail"), MALFORMED)
def test_what_is_no_block_is_refused_whole_and_its_neighbours_are_kept(payload: bytes, detail: str) -> None:
    columns, refusals = decoded(a_block(), payload, a_block())
    assert [(r.position, r.reason, r.rows) for r in refusals] == [(1, "malformed_block", 1)]
    assert detail in refusals[0].detail
    assert columns.offset.tolist() == [7, 7, 7, 9, 9, 9]


def test_a_block_that_is_too_large_is_refused() -> None:
    _, refusals = decoded(a_block(note="x" * MAXIMUM_BLOCK_BYTES))
    assert [refusal.reason for refusal in refusals] == ["too_large"]


def test_what_a_later_version_adds_to_the_map_is_ignored() -> None:
    columns, refusals = decoded(a_block(lane=[1, 2, 3]))
    assert (len(columns), refusals) == (3, [])


def test_a_block_of_no_rows_says_nothing() -> None:
    empty = msgspec.msgpack.encode({"version": 1, "rows": 0, "event_time_ms": b"", "sensor_ids": []})
    assert [len(part) for part in decoded(empty)] == [0, 0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"speed_kmh": math.inf}, "not_finite"),
        ({"interval_s": math.inf, "flow_vph": 0}, "not_finite"),
        ({"flow_veh": 1e308, "interval_s": 3600}, "out_of_range"),
        ({"event_time_ms": (1 << 63) - 1}, "out_of_range"),
        ({"event_time_ms": -(1 << 63)}, "out_of_range"),
        ({"sent_time_ms": 1}, "out_of_range"),
        ({"interval_s": ...}, "missing_field"),
        ({"sensor_ids": ..., "sensor_index": ...}, "missing_field"),
        ({"sensor_ids": None, "sensor_index": ...}, "missing_field"),
        ({"speed_kmh": None}, "no_measurement"),
        ({"sensor_ids": [None], "sensor_index": bytes(3)}, "missing_field"),
    ],
)
def test_a_number_that_holds_for_every_row_is_judged_for_every_row(
    changes: dict[str, Any], reason: str
) -> None:
    columns, refusals = decoded(a_block(**changes))
    assert [(r.reason, r.rows) for r in refusals] == [(reason, 3)]
    assert len(columns) == 0


def test_good_rows_count_beside_bad_ones_and_the_refusal_names_each() -> None:
    payload = a_block(sensor_ids=["s0-0", "nobody"], speed_kmh=np.array([500.0, 40.0, 50.0]).tobytes())
    good = a_block()
    columns, refusals = decoded(payload, good)
    assert columns.offset.tolist() == [8, 8, 8]
    (refusal,) = refusals
    assert (refusal.position, refusal.reason, refusal.rows) == (0, "unknown_sensor", 3)
    assert refusal.detail == (
        "3 of 3 observations: row 0: out_of_range: speed_kmh is 500, expected 0 to 200; "
        "row 1: unknown_sensor: sensor_id 'nobody' is not in the city folder; "
        "row 2: unknown_sensor: sensor_id 'nobody' is not in the city folder"
    )


def test_a_refusal_names_the_first_bad_rows_and_counts_the_others() -> None:
    (refusal,) = decoded(encode_block(NOON_MS, sensor_ids=["x"] * 23, interval_s=30, speed_kmh=30))[1]
    assert refusal.detail.startswith("23 of 23 observations: row 0: unknown_sensor")
    assert refusal.detail.endswith("; and 3 more")


class Rows(msgspec.Struct):
    """What a block says of its length."""

    rows: int


@settings(deadline=None)
@given(st.data())
def test_damaged_blocks_never_raise_and_every_row_is_accounted_for(data: st.DataObject) -> None:
    payload = a_block(vehicle_ids=["p", None, "q"], segment_ids=["s1", "s2", "s3"], flow_veh=3)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(payload)))
        payload = (
            payload[:at] + data.draw(st.binary(max_size=2)) + payload[at + data.draw(st.integers(0, 2)) :]
        )
    columns, refusals = decoded(payload)
    if is_block(payload) and [r.reason for r in refusals] not in (["malformed_block"], ["too_large"]):
        rows = msgspec.msgpack.decode(payload, type=Rows).rows
        assert len(columns) + sum(refusal.rows for refusal in refusals) == rows
    else:
        assert (len(columns), len(refusals)) in ((0, 1), (1, 0))


# --- encoding ---


def test_another_city_finds_its_own_sensors_in_the_same_list_of_ids() -> None:
    payload = a_block()
    larger = a_city(4, sensors_per_segment=2)
    assert decoded(payload, city=larger)[0].sensor.tolist() == [0, 2, 2]
    assert decoded(payload)[0].sensor.tolist() == [0, 1, 1]


@pytest.mark.parametrize("distinct", [1, 256, 257])
def test_ids_are_numbered_in_as_few_bytes_as_they_need(distinct: int) -> None:
    ids = [f"x{i % distinct}" for i in range(600)]
    packed = msgspec.msgpack.decode(encode_block(NOON_MS, sensor_ids=ids, interval_s=30, speed_kmh=30))
    assert len(packed["sensor_index"]) == (600 if distinct <= 256 else 1200)
    _, (refusal,) = decoded(encode_block(NOON_MS, sensor_ids=ids, interval_s=30, speed_kmh=30))
    assert (refusal.reason, refusal.rows) == ("unknown_sensor", 600)


@pytest.mark.parametrize(
    "arguments",
    [
        {"sensor_ids": ["a", "b"], "vehicle_ids": ["a"]},
        {"sensor_ids": ["a"], "speed_kmh": [1.0, 2.0]},
        {"sensor_ids": ["a"], "speed_mph": [1.0]},
        {"sensor_ids": ["a"] * (MAXIMUM_BLOCK_ROWS + 1)},
        {"sensor_ids": ["x" * 100 + str(i) for i in range(700)]},
    ],
)
def test_what_no_block_can_hold_is_an_error_where_it_is_made(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        encode_block(NOON_MS, **arguments)


def test_json_is_never_taken_for_a_block() -> None:
    for first in range(256):
        payload = bytes([first])
        if is_block(payload + b"{}"):
            with pytest.raises((UnicodeDecodeError, json.JSONDecodeError)):
                json.loads(payload + b"{}")
