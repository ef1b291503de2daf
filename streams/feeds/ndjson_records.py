"""Canonical observations and probe samples from a file of JSON lines.

Only what is needed to key and to place a record in time is judged here; its content is judged by the
stream, in one place for all sources.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from models.city import City, Name
from models.observation import MAXIMUM_RECORD_BYTES, decode
from streams.feeds.records import FeedRecord, FeedRefusal, ProbeSample, epoch_ms
from streams.feeds.source_files import numbered_lines


class _Head(msgspec.Struct):
    event_time: datetime
    sensor_id: str | None = None
    segment_id: str | None = None
    vehicle_id: str | None = None
    sent_time: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    speed_kmh: float | None = None
    heading_deg: float | None = None


_decoder = msgspec.json.Decoder(_Head)
_NOWHERE = City("nowhere", Name("-", "-"), "UTC", (), (), ())


def read_ndjson(path: Path, city: City | None) -> Iterator[FeedRecord | ProbeSample | FeedRefusal]:
    """Everything in the file, in file order; empty lines are skipped. Raises InputError naming the file.

    The key is the city's segment of the sensor, else the record's own segment, else the sensor.
    """
    segment_of = {} if city is None else {s.sensor_id: s.segment_id for s in city.sensors}
    source = str(path)
    for number, line in numbered_lines(path):
        if not line:
            continue
        try:
            head = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield _refusal(source, number, line)
            continue
        if len(line) > MAXIMUM_RECORD_BYTES:
            yield _refusal(source, number, line)
            continue
        if head.event_time.tzinfo is None or (head.sent_time and head.sent_time.tzinfo is None):
            yield FeedRefusal(source, number, "wrong_type", "a time has no time zone")
            continue
        event_ms = epoch_ms(head.event_time)
        sent_ms = None if head.sent_time is None else epoch_ms(head.sent_time)
        if head.vehicle_id is not None and head.sensor_id is None and head.segment_id is None:
            yield _sample(head, head.vehicle_id, event_ms, sent_ms, source, number)
            continue
        key = segment_of.get(head.sensor_id or "") or head.segment_id or head.sensor_id
        if key is None:
            yield FeedRefusal(source, number, "missing_field", "sensor_id")
            continue
        available_ms = event_ms if sent_ms is None else sent_ms
        yield FeedRecord(key, available_ms, line, source, number)


def _sample(
    head: _Head, vehicle_id: str, event_ms: int, sent_ms: int | None, source: str, number: int
) -> ProbeSample | FeedRefusal:
    if head.lon is None or head.lat is None:
        return FeedRefusal(source, number, "missing_field", "lon, lat")
    if not (-180 <= head.lon <= 180 and -90 <= head.lat <= 90):
        return FeedRefusal(source, number, "out_of_range", f"lon {head.lon:g}, lat {head.lat:g}")
    heading_deg = math.nan if head.heading_deg is None else head.heading_deg
    return ProbeSample(
        vehicle_id, event_ms, sent_ms, head.lon, head.lat, head.speed_kmh, heading_deg, source, number
    )


def _refusal(source: str, number: int, line: bytes) -> FeedRefusal:
    """Why the line cannot be used, in the words that the stream would use for it."""
    refusals = decode([line], [0], _NOWHERE)[1]
    return FeedRefusal(source, number, refusals[0].reason, refusals[0].detail)
