"""JSON observations, a whole fetch at a time: the same as `models.observation.decode`, several times cheaper.

Records are read thousands at once by the decoder that reads a single one, so that both see the same. That
gives an object per record; their attributes become columns, and columns are judged
(`models.observation_checks`). What the columns do not know for certain is judged record by record: faults,
and clock records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import repeat
from struct import error as PackError
from struct import pack
from typing import cast
from zlib import crc32

import msgspec
import numpy as np

from models.city import City
from models.moments import epoch_ms_of_lines
from models.observation import (
    MAXIMUM_RECORD_BYTES,
    ObservationColumns,
    ObservationRecord,
    Refusal,
    decode,
    judge_payload,
)
from models.observation_checks import Floats, Ints, Readings, judged, nothing_read

FEW_RECORDS = 40
"""So few are decoded sooner one by one than in columns."""
RECORDS_AT_ONCE = 1000
"""As many as a processor's cache holds the objects of: more at once cost more each, and more memory."""

_NEWLINE, _OPEN, _CLOSE = b"\n{}"
_UNREADABLE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class JsonRecord(ObservationRecord, gc=False):
    """A record whose absent numbers are NaN at once."""

    interval_s: float | None = math.nan
    speed_kmh: float | None = math.nan
    speed_harm_kmh: float | None = math.nan
    flow_veh: float | None = math.nan
    flow_vph: float | None = math.nan
    occupancy_pct: float | None = math.nan


_decoder = msgspec.json.Decoder(JsonRecord)
_UNREADABLE = JsonRecord()


def decode_json(
    lines: bytes, payloads: Callable[[], Sequence[bytes]], offsets: Ints, city: City
) -> tuple[ObservationColumns, list[Refusal]]:
    """Decode and validate the JSON records of one partition, in log order.

    `lines` holds all records, a newline between each two; `payloads` cuts them, and is called only where
    there are few, or `lines` does not show where each begins. `offsets` is int64 (records,). Never raises
    for bad data.
    """
    if len(offsets) <= FEW_RECORDS:
        return decode(payloads(), offsets, city)
    bounds = bounds_of_lines(lines, len(offsets))
    if bounds is not None:
        return decode_lines(lines, bounds, offsets, city)
    cut = payloads()
    return judged(read_payloads(cut, city), offsets, city, lambda i: judge_payload(cut[i], city), {})


def decode_lines(
    lines: bytes, bounds: Ints, offsets: Ints, city: City
) -> tuple[ObservationColumns, list[Refusal]]:
    """The same for records whose bounds are known."""
    readings = read_lines(lines, bounds, city)
    return judged(readings, offsets, city, lambda i: judge_payload(_cut(lines, bounds, i), city), {})


def bounds_of_lines(lines: bytes, count: int) -> Ints | None:
    """Where each of `count` records begins, and the next one would; None where newlines do not tell.

    A newline is only accepted between "}" and "{". There it can be neither in a string, where JSON has no raw
    newline, nor between other parts of one value: a value has ended. With as many newlines as there are gaps
    between records, every record is a line.
    """
    text = np.frombuffer(lines, dtype=np.uint8)
    if not count or not len(text) or text[0] != _OPEN or text[-1] != _CLOSE:
        return None
    ends = np.flatnonzero(text == _NEWLINE)
    if len(ends) != count - 1 or (text[ends - 1] != _CLOSE).any() or (text[ends + 1] != _OPEN).any():
        return None
    return np.concatenate([[0], ends + 1, [len(text) + 1]])


def read_lines(lines: bytes, bounds: Ints, city: City) -> Readings:
    """The observations of records whose bounds are known; what cannot be read is uncertain."""

    def read(first: int, last: int) -> list[JsonRecord]:
        if np.diff(bounds[first : last + 1]).max() <= MAXIMUM_RECORD_BYTES + 1:
            with suppress(*_UNREADABLE_ERRORS):
                records = _decoder.decode_lines(lines[bounds[first] : bounds[last] - 1])
                # a line is at least one value, so that as many values as lines are one each
                if len(records) == last - first:
                    return records
        return [_read_one(_cut(lines, bounds, i)) for i in range(first, last)]

    return _read_in_parts(len(bounds) - 1, read, city)


def read_payloads(payloads: Sequence[bytes], city: City) -> Readings:
    """The observations of any records; what cannot be read is uncertain."""
    return _read_in_parts(
        len(payloads), lambda first, last: [_read_one(payload) for payload in payloads[first:last]], city
    )


def _cut(lines: bytes, bounds: Ints, i: int) -> bytes:
    return lines[bounds[i] : bounds[i + 1] - 1]


def _read_one(payload: bytes) -> JsonRecord:
    """An empty record where it cannot be read: that is judged alone."""
    if len(payload) <= MAXIMUM_RECORD_BYTES:
        with suppress(*_UNREADABLE_ERRORS):
            return _decoder.decode(payload)
    return _UNREADABLE


def _read_in_parts(count: int, read: Callable[[int, int], list[JsonRecord]], city: City) -> Readings:
    readings = nothing_read(np.arange(count), np.zeros(count, dtype=np.int64))
    times: list[str] = []
    sent_times: list[str] = []
    unsent = np.zeros(count, dtype=np.bool_)
    for first in range(0, count, RECORDS_AT_ONCE):
        rows = slice(first, min(first + RECORDS_AT_ONCE, count))
        records = read(rows.start, rows.stop)
        # what is needed of the records is copied while they are in the processor's cache
        _fill(readings, rows, records, city)
        times.append(_in_lines([r.event_time for r in records]))
        sent = [r.sent_time for r in records]
        sent_times.append(_in_lines(sent))
        if sent.count(None):
            unsent[rows] = [time is None for time in sent]
    readings.event_ms[:], right = epoch_ms_of_lines("\n".join(times), count)
    readings.certain &= right
    if not unsent.all():
        readings.sent_ms[:], right = epoch_ms_of_lines("\n".join(sent_times), count)
        # 1970 itself is no time that a record may have, and 0 says that there is none
        readings.certain &= unsent | (right & (readings.sent_ms != 0))
    return readings


def _fill(readings: Readings, rows: slice, records: list[JsonRecord], city: City) -> None:
    """Everything but the times."""
    count = len(records)
    position: dict[str | None, int] = city.sensor_position  # type: ignore[assignment]
    sensors = map(position.get, [r.sensor_id for r in records], repeat(-1))
    readings.sensor[rows] = np.fromiter(sensors, np.int64, count)
    numbers = readings.numbers[:, rows]
    numbers[0] = _floats([r.interval_s for r in records])
    numbers[1] = _floats([r.speed_kmh for r in records])
    numbers[2] = _floats([r.speed_harm_kmh for r in records])
    numbers[3] = _floats([r.flow_veh for r in records])
    numbers[4] = _floats([r.flow_vph for r in records])
    numbers[5] = _floats([r.occupancy_pct for r in records])
    clocks = [r.clock_time for r in records]
    if clocks.count(None) != count:
        readings.certain[rows] = [clock is None for clock in clocks]
    if [r.vehicle_id for r in records].count(None) != count:
        _fill_probes(readings, rows.start, records, city)


def _floats(values: list[float | None]) -> Floats:
    """As np.array makes them, three times sooner; NaN for None."""
    try:
        return np.frombuffer(pack(f"{len(values)}d", *values))
    except PackError:
        return np.array(values, dtype=np.float64)


def _fill_probes(readings: Readings, first: int, records: list[JsonRecord], city: City) -> None:
    for i, record in enumerate(records, first):
        if record.vehicle_id is not None and record.sensor_id is None:
            readings.vehicle[i] = crc32(record.vehicle_id.encode())
            readings.segment[i] = city.segment_position.get(record.segment_id or "", -1)


def _in_lines(times: list[str | None]) -> str:
    """A line for each time; one of spaces where there is none, or what would be more than a line."""
    try:
        lines = "\n".join(cast(list[str], times))
    except TypeError:
        blank = " " * len(next(filter(None, times), ""))
        lines = "\n".join([time or blank for time in times])
    if lines.count("\n") == len(times) - 1:
        return lines
    return "\n".join([" " if not time or "\n" in time else time for time in times])
