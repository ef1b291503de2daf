"""The JSON Schemas of docs/schemas say the same as the code that reads the records."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.city_folder import SHIPPED_CITIES, load_city
from models.alert_event import CHANGED, CLEARED, KINDS, RAISED, AlertEvent, decode_alert_event, parts_of
from models.city import City
from models.dead_letter import DeadLetter, decode_dead_letter
from models.observation import REASONS, decode
from tests.docs.json_schema import KNOWN, problems

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
RECORD_NAMES = ("observation", "probe_sample", "clock_record", "alert_event", "dead_letter")
TIME = "2026-03-02T00:01:00Z"


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(SHIPPED_CITIES / "demo")


def schema_of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema


def schema_allows(name: str, record: Any) -> bool:
    schema = schema_of(name)
    return problems(record, schema, schema) == []


def reason_of(record: Any, city: City) -> str | None:
    """Why the stream refuses the record, None where it takes it."""
    _, refusals = decode([json.dumps(record).encode()], [0], city)
    return refusals[0].reason if refusals else None


def test_the_folder_holds_exactly_the_documented_records() -> None:
    names = {path.name.removesuffix(".schema.json") for path in SCHEMAS.iterdir()}
    assert names == set(RECORD_NAMES)


@pytest.mark.parametrize("name", RECORD_NAMES)
def test_every_example_is_valid_by_its_own_schema(name: str) -> None:
    schema = schema_of(name)
    assert schema["examples"]
    for example in schema["examples"]:
        assert problems(example, schema, schema) == []


@pytest.mark.parametrize("name", ["observation", "probe_sample", "clock_record"])
def test_the_stream_accepts_every_example(name: str, city: City) -> None:
    for example in schema_of(name)["examples"]:
        assert reason_of(example, city) is None


def test_a_dead_letter_example_is_one_and_its_payload_is_what_it_says() -> None:
    for example in schema_of("dead_letter")["examples"]:
        letter = decode_dead_letter(json.dumps(example).encode())
        payload = b64decode(letter.payload_base64)
        assert letter.payload_bytes == len(payload)
        assert letter.payload_sha256 == hashlib.sha256(payload).hexdigest()


def test_the_dead_letter_schema_has_every_field_and_every_reason() -> None:
    schema = schema_of("dead_letter")
    fields = {field.name for field in msgspec.structs.fields(DeadLetter)}
    assert set(schema["required"]) == set(schema["properties"]) == fields
    assert schema["properties"]["reason"]["enum"] == list(REASONS)


def test_an_alert_example_is_one_by_its_id_and_key(city: City) -> None:
    for example in schema_of("alert_event")["examples"]:
        event = decode_alert_event(json.dumps(example).encode())
        rule, place_id, _ = parts_of(event.alert_id)
        assert rule == event.rule
        assert place_id in {**city.segment_position, **city.sensor_position}
        assert event.key == f"{event.alert_id}:{event.event}".encode()


def test_the_alert_schema_has_every_field_kind_and_event() -> None:
    schema = schema_of("alert_event")
    fields = {field.name for field in msgspec.structs.fields(AlertEvent)}
    assert set(schema["required"]) == set(schema["properties"]) == fields
    assert schema["properties"]["kind"]["enum"] == list(KINDS)
    assert schema["properties"]["event"]["enum"] == [RAISED, CHANGED, CLEARED]


GOOD = {"sensor_id": "inner-ring-a01-s1", "event_time": TIME, "interval_s": 60, "speed_kmh": 40}
REFUSED: list[tuple[Any, str]] = [
    ([GOOD], "wrong_type"),
    ({**GOOD, "sensor_id": 7}, "wrong_type"),
    ({**GOOD, "segment_id": 7}, "wrong_type"),
    ({**GOOD, "speed_kmh": "fast"}, "wrong_type"),
    ({**GOOD, "speed_kmh": True}, "wrong_type"),
    ({**GOOD, "event_time": "yesterday"}, "wrong_type"),
    ({**GOOD, "event_time": "2026-03-02T00:01:00"}, "wrong_type"),
    ({**GOOD, "event_time": 1772409660}, "wrong_type"),
    ({**GOOD, "sent_time": "2026-03-02 late"}, "wrong_type"),
    ({key: value for key, value in GOOD.items() if key != "event_time"}, "missing_field"),
    ({key: value for key, value in GOOD.items() if key != "sensor_id"}, "missing_field"),
    ({**GOOD, "interval_s": None}, "missing_field"),
    ({**GOOD, "interval_s": 0}, "out_of_range"),
    ({**GOOD, "interval_s": 3601}, "out_of_range"),
    ({**GOOD, "speed_kmh": -1}, "out_of_range"),
    ({**GOOD, "speed_harm_kmh": 900}, "out_of_range"),
    ({**GOOD, "occupancy_pct": 101}, "out_of_range"),
    ({**GOOD, "flow_vph": -0.5}, "out_of_range"),
    ({**GOOD, "flow_veh": 100_000}, "out_of_range"),
    ({**GOOD, "speed_kmh": None}, "no_measurement"),
]


@pytest.mark.parametrize(("record", "reason"), REFUSED, ids=[f"{i}-{r}" for i, (_, r) in enumerate(REFUSED)])
def test_what_the_stream_refuses_the_schema_refuses_too(record: Any, reason: str, city: City) -> None:
    assert reason_of(record, city) == reason
    assert not schema_allows("observation", record)


ABSENT = object()
TIMES = [
    ABSENT,
    None,
    TIME,
    "2026-03-02T08:01:00.5+08:00",
    "2026-03-02 00:01:00z",
    "2026-03-02T00:01Z",
    "",
    5,
]
NUMBERS = [ABSENT, None, -1, -0.001, 0, 0.5, 1, 60, 100, 100.5, 200, 201, 3600.5, 80_000, "9", False]
TEXTS = [ABSENT, None, "inner-ring-a01", 3]
VALUES: dict[str, list[Any]] = {
    "sensor_id": [ABSENT, None, "inner-ring-a01-s1", 3],
    "segment_id": TEXTS,
    "vehicle_id": TEXTS,
    "event_time": TIMES,
    "interval_s": NUMBERS,
    "speed_kmh": NUMBERS,
    "speed_harm_kmh": NUMBERS,
    "flow_veh": NUMBERS,
    "flow_vph": NUMBERS,
    "occupancy_pct": NUMBERS,
    "sent_time": TIMES,
}
CHANGES = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name]))
    ),
    max_size=4,
)


@settings(max_examples=400)
@given(changes=CHANGES)
def test_schema_and_stream_agree_on_any_record(changes: list[tuple[str, Any]], city: City) -> None:
    """A good record with a few fields set to what they may and may not be."""
    record = {name: value for name, value in {**GOOD, **dict(changes)}.items() if value is not ABSENT}
    taken = reason_of(record, city) is None
    if isinstance(record.get("vehicle_id"), str) and record.get("sensor_id") is None:
        # other measurements of a probe are not looked at, but must have their type
        assert taken <= schema_allows("probe_sample", record)
    elif isinstance(record.get("flow_veh"), int | float) and record["flow_veh"] > 2:
        # how many vehicles are too many depends on interval and lanes, which no schema can say
        assert taken <= schema_allows("observation", record)
    else:
        assert taken == schema_allows("observation", record)


def test_a_keyword_that_the_check_does_not_know_is_an_error() -> None:
    with pytest.raises(AssertionError, match="maxItems"):
        problems([], {"maxItems": 1}, {})
    assert "pattern" in KNOWN
