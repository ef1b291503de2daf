"""Files of JSON lines: what can be placed in the log goes there, the rest is refused with its place."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from citybrain.city_sources import import_city
from models.observation import REASONS
from streams.feeds.recordings import read_recording
from streams.feeds.records import FeedRecord, FeedRefusal
from tests.config.a_city import a_city
from tests.streams.feeds.small_files import read

LOOP = {"sensor_id": "S1", "event_time": "2026-03-01T00:00:30Z", "interval_s": 30, "speed_kmh": 40}
PROBE = {
    "vehicle_id": "p1",
    "event_time": "2026-03-01T00:00:00Z",
    "lon": 120.152,
    "lat": 30.25005,
    "speed_kmh": 33.0,
    "heading_deg": 90.0,
    "sent_time": "2026-03-01T00:00:01.5Z",
}


def test_a_canonical_record_is_passed_on_byte_for_byte(tmp_path: Path) -> None:
    line = json.dumps(LOOP).encode()
    records, refusals = read(tmp_path, line + b"\r\n\n" + line, city=a_city())
    assert refusals == []
    assert [(r.key, r.payload, r.line) for r in records] == [("a-b", line, 1), ("a-b", line, 3)]


def test_it_is_known_when_it_was_sent_else_when_it_ended(tmp_path: Path) -> None:
    sent = {**LOOP, "sent_time": "2026-03-01T00:00:31.25Z"}
    records, _ = read(tmp_path, f"{json.dumps(LOOP)}\n{json.dumps(sent)}\n")
    assert records[1].available_ms - records[0].available_ms == 1250


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"sensor_id":"S1","event_time":"2026-03-01T00:0', "malformed_json"),
        (b"[1,2,3]", "wrong_type"),
        (b'{"sensor_id":"S1\xff","event_time":"2026-03-01T00:00:30Z"}', "invalid_utf8"),
        (b'{"sensor_id":"S1","event_time":"2026-03-01T00:00:30Z","speed_kmh":NaN}', "not_finite"),
        (b'{"sensor_id":"S1","event_time":"2026-03-01T00:00:30Z","speed_kmh":1e999}', "not_finite"),
        (b'{"sensor_id":7,"event_time":"2026-03-01T00:00:30Z"}', "wrong_type"),
        (b'{"sensor_id":"S1","event_time":"2026-03-01T00:00:30"}', "wrong_type"),
        (b'{"sensor_id":"S1"}', "missing_field"),
        (b'{"event_time":"2026-03-01T00:00:30Z"}', "missing_field"),
        (b'{"vehicle_id":"p","event_time":"2026-03-01T00:00:30Z"}', "missing_field"),
        (b'{"vehicle_id":"p","event_time":"2026-03-01T00:00:30Z","lon":500,"lat":1}', "out_of_range"),
        (b'{"vehicle_id":"p","event_time":"2026-03-01T00:00:30Z","lon":1,"lat":1}', "unknown_segment"),
        (b'{"x":"' + b"a" * 70_000 + b'","sensor_id":"S1","event_time":"2026-03-01T00:00:30Z"}', "too_large"),
    ],
)
def test_a_bad_line_is_refused_with_its_place_and_nothing_stops(
    line: bytes, reason: str, tmp_path: Path
) -> None:
    good = json.dumps(LOOP).encode()
    records, refusals = read(tmp_path, line + b"\n" + good + b"\n", city=a_city())
    assert [record.line for record in records] == [2]
    assert [(refusal.line, refusal.reason) for refusal in refusals] == [(1, reason)]
    assert reason in REASONS


def test_a_line_of_ten_megabytes_is_refused_in_one_piece(tmp_path: Path) -> None:
    good = json.dumps(LOOP).encode()
    records, refusals = read(tmp_path, b'{"x":"' + b"a" * 40_000_000 + b'"}\n' + good + b"\n")
    assert [refusal.line for refusal in refusals] == [1]
    assert [record.line for record in records] == [2]


def test_a_probe_becomes_a_matched_observation_of_its_segment(tmp_path: Path) -> None:
    records, refusals = read(tmp_path, json.dumps(PROBE), city=a_city())
    assert refusals == []
    assert records[0].key == "a-b"
    assert json.loads(records[0].payload) == {
        "vehicle_id": "p1",
        "segment_id": "a-b",
        "event_time": "2026-03-01T00:00:00.000Z",
        "speed_kmh": 33.0,
        "sent_time": "2026-03-01T00:00:01.500Z",
    }


def test_a_probe_against_the_traffic_or_off_the_road_is_refused(tmp_path: Path) -> None:
    lines = [{**PROBE, "heading_deg": 270.0}, {**PROBE, "lat": 30.26}, PROBE]
    records, refusals = read(tmp_path, "\n".join(map(json.dumps, lines)), city=a_city())
    assert [record.line for record in records] == [3]
    assert [(refusal.line, refusal.reason) for refusal in refusals] == [
        (1, "unknown_segment"),
        (2, "unknown_segment"),
    ]


def test_probes_without_a_city_are_refused(tmp_path: Path) -> None:
    records, refusals = read(tmp_path, json.dumps(PROBE))
    assert records == []
    assert "needs a city folder" in refusals[0].detail


@pytest.mark.data
def test_the_recordings_of_a_simulated_city_are_read_whole(shared_data: Path) -> None:
    folder = shared_data / "sumo_open" / "public"
    city = import_city("oracle", [folder / "topology.json"], "open")
    loops = list(read_recording(folder / "observations.ndjson.gz", city))
    assert Counter(type(item) for item in loops) == {FeedRecord: 65_202}
    known = {segment.segment_id for segment in city.segments}
    assert all(isinstance(item, FeedRecord) and item.key in known for item in loops)
    probes = list(read_recording(folder / "probes.ndjson.gz", city))
    assert len(probes) == 63_672
    refused = Counter(item.reason for item in probes if isinstance(item, FeedRefusal))
    assert set(refused) <= {"unknown_segment"}
    assert refused.total() < 0.03 * len(probes)
