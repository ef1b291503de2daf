"""JSON observations, a whole fetch at a time: the same as `models.observation.decode`, several times cheaper.

All records are read by one call of the decoder that reads a single one, so that both see the same. That
gives an object per record; their attributes become columns, and columns are judged
(`models.observation_checks`). What the columns do not know for certain is judged record by record: faults,
and clock records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import sub
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from models.city import City
from models.observation import (
    MAXIMUM_RECORD_BYTES,
    ObservationColumns,
    ObservationRecord,
    Refusal,
    judge,
    judge_payload,
)
from models.observation_checks import Ints, Mask, Readings, judged

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEWLINE, _OPEN, _CLOSE = b"\n{}"


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
    one of them cannot be read. `offsets` is int64 (records,). Never raises for bad data.
    """
    records = read_lines(lines, len(offsets))
    if records is not None:
        return decode_read(records, offsets, city)
    cut = payloads()
    readings = readings_of(read_one_by_one(cut), city)
    return judged(readings, offsets, city, lambda i: judge_payload(cut[i], city), {})


def decode_read(
    records: list[JsonRecord], offsets: Ints, city: City
) -> tuple[ObservationColumns, list[Refusal]]:
    """Validate records of which each was read."""
    return judged(readings_of(records, city), offsets, city, lambda i: judge(_plain(records[i]), city), {})


def read_lines(lines: bytes, count: int) -> list[JsonRecord] | None:
    """The records in `lines`; None where they must be read one by one.

    A newline byte is only accepted between "}" and "{". There it can be neither in a string, where JSON has
    no raw newline, nor between other parts of one value: it ends a value. With as many newlines as there are
    gaps between records, every record is at least one value; with as many values as records, exactly one.
    """
    text = np.frombuffer(lines, dtype=np.uint8)
    if not count or not len(text) or text[0] != _OPEN or text[-1] != _CLOSE:
        return None
    ends = np.flatnonzero(text == _NEWLINE)
    if len(ends) != count - 1 or (text[ends - 1] != _CLOSE).any() or (text[ends + 1] != _OPEN).any():
        return None
    longest_bytes = int(np.diff(ends, prepend=-1, append=len(text)).max()) - 1
    if longest_bytes > MAXIMUM_RECORD_BYTES:
        return None
    try:
        records = _decoder.decode_lines(lines)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return records if len(records) == count else None


def read_one_by_one(payloads: Sequence[bytes]) -> list[JsonRecord]:
    """What can be read; the place of anything else holds an empty record, which is judged alone."""
    records = []
    for payload in payloads:
        if len(payload) > MAXIMUM_RECORD_BYTES:
            records.append(_UNREADABLE)
            continue
        try:
            records.append(_decoder.decode(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            records.append(_UNREADABLE)
    return records


def readings_of(records: list[JsonRecord], city: City) -> Readings:
    """The columns of records, one observation each."""
    count = len(records)
    event_times: list[datetime | None] = [r.event_time for r in records]
    clock_times = [r.clock_time for r in records]
    clocks: list[int] = []
    if clock_times.count(None) != count:
        clocks = [i for i, clock_time in enumerate(clock_times) if clock_time is not None]
        for i in clocks:
            event_times[i] = _EPOCH  # so that a clock record's missing time slows nothing down
    event_ms, certain = _epoch_ms(event_times)
    certain[clocks] = False
    sent_ms, sent_is_certain = _epoch_ms_or_0([r.sent_time for r in records])
    certain &= sent_is_certain
    position: dict[str | None, int] = city.sensor_position  # type: ignore[assignment]
    sensors = map(position.get, [r.sensor_id for r in records], repeat(-1))
    readings = Readings(
        record=np.arange(count, dtype=np.int64),
        row=np.zeros(count, dtype=np.int64),
        sensor=np.fromiter(sensors, np.int64, count),
        segment=np.full(count, -1, dtype=np.int64),
        vehicle=np.full(count, -1, dtype=np.int64),
        event_ms=event_ms,
        sent_ms=sent_ms,
        numbers=np.array(
            [
                # numpy makes NaN of None
                np.array(values, dtype=np.float64)
                for values in (
                    [r.interval_s for r in records],
                    [r.speed_kmh for r in records],
                    [r.speed_harm_kmh for r in records],
                    [r.flow_veh for r in records],
                    [r.flow_vph for r in records],
                    [r.occupancy_pct for r in records],
                )
            ]
        ),
        certain=certain,
    )
    vehicles = [r.vehicle_id for r in records]
    if vehicles.count(None) != count:
        _read_probes(readings, records, city)
    return readings


def _read_probes(readings: Readings, records: list[JsonRecord], city: City) -> None:
    probes = [i for i, r in enumerate(records) if r.vehicle_id is not None and r.sensor_id is None]
    readings.vehicle[probes] = [crc32((records[i].vehicle_id or "").encode()) for i in probes]
    position = city.segment_position
    readings.segment[probes] = [position.get(records[i].segment_id or "", -1) for i in probes]


def _plain(record: JsonRecord) -> ObservationRecord:
    """The record as it would have been read alone: JSON has no NaN, so that NaN is what was absent."""
    fields = ((name, getattr(record, name)) for name in record.__struct_fields__)
    return ObservationRecord(**{name: value for name, value in fields if value == value})


def _epoch_ms(times: list[datetime | None]) -> tuple[Ints, Mask]:
    """UTC epoch milliseconds, 0 and False where there is no time or no zone.

    The same arithmetic as `datetime.timestamp`, so that parts of a millisecond round as in a single record.
    """
    certain = np.ones(len(times), dtype=np.bool_)
    try:
        seconds = _seconds(times)  # type: ignore[arg-type]  # where one is missing we come to know it
    except TypeError:
        certain = np.array([time is not None and time.tzinfo is not None for time in times])
        zoned = [time if ok and time else _EPOCH for time, ok in zip(times, certain, strict=True)]
        seconds = _seconds(zoned)
    return np.rint(seconds * 1000.0).astype(np.int64), certain


def _seconds(times: list[datetime]) -> npt.NDArray[np.float64]:
    since_epoch = map(sub, times, repeat(_EPOCH))
    return np.fromiter(map(timedelta.total_seconds, since_epoch), np.float64, len(times))


def _epoch_ms_or_0(times: list[datetime | None]) -> tuple[Ints, Mask]:
    """As `_epoch_ms`, but a time may be absent: 0 for certain."""
    absent = times.count(None)
    if absent == len(times):
        return np.zeros(absent, dtype=np.int64), np.ones(absent, dtype=np.bool_)
    epoch_ms, certain = _epoch_ms(times)
    if absent:
        certain |= np.array([time is None for time in times])
    # 1970 itself is no time that a record may have, and 0 says that there is none
    given_as_0 = (epoch_ms == 0) & np.array([time is not None for time in times])
    return epoch_ms, certain & ~given_as_0
