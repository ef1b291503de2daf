"""Canonical observations from a foreign CSV file, by its mapping: long or wide, plain or gzip.

One physical line is one row, so a broken line spoils nothing behind it and has an exact number.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from config.mapping import OCCUPANCY_UNITS, SPEED_UNITS, FlowFields, Mapping, OccupancyFields, SpeedFields
from models.city import City
from models.errors import InputError
from streams.feeds.csv_times import implicit_time, time_reader
from streams.feeds.records import FeedRecord, FeedRefusal, utc_text
from streams.feeds.source_files import numbered_lines

DECIMALS = 4
"""Converted numbers are rounded to this many decimals: finer than any sum of the index keeps."""

LATEST_MS = 7_258_118_400_000


class _Target(NamedTuple):
    """One sensor of the file: the key of its records, and how they begin."""

    key: str
    begin: str


class _Refused(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


def read_csv(path: Path, mapping: Mapping, city: City | None) -> Iterator[FeedRecord | FeedRefusal]:
    """Every observation of the file in file order, and a refusal for every row that cannot be one.

    A cell that the mapping calls missing is no observation and no refusal. Raises InputError where the
    file or a column is missing.
    """
    lines = numbered_lines(path)
    header_line = next(lines, None)
    if header_line is None:
        raise InputError(str(path), "the file is empty", "a header line with column names is expected")
    try:
        header = _cells(header_line[1].removeprefix(b"\xef\xbb\xbf"), mapping)
    except _Refused as refused:
        raise InputError(f"{path} line 1", refused.detail) from None
    reader = _LongRows if mapping.layout == "long" else _WideRows
    rows = reader(path, header, mapping, city)
    first_line: int | None = None
    for number, line in lines:
        if not line:
            continue
        first_line = number if first_line is None else first_line
        try:
            cells = _cells(line, mapping)
            if len(cells) != len(header):
                raise _Refused("wrong_type", f"{len(cells)} cells where the header has {len(header)}")
            yield from rows.observations(cells, number, number - first_line)
        except _Refused as refused:
            yield FeedRefusal(str(path), number, refused.reason, refused.detail)


def _cells(line: bytes, mapping: Mapping) -> list[str]:
    try:
        text = line.decode(mapping.encoding)
    except UnicodeDecodeError as error:
        raise _Refused("invalid_utf8", f"byte {error.start} is not {mapping.encoding}") from None
    if '"' not in text:
        return text.split(mapping.delimiter)
    try:
        return next(csv.reader([text], delimiter=mapping.delimiter, strict=True))
    except csv.Error as error:
        raise _Refused("wrong_type", f"not CSV: {error}") from None


class _Rows:
    """What both layouts share: sensors, times and numbers of one file."""

    def __init__(self, path: Path, header: list[str], mapping: Mapping, city: City | None) -> None:
        self.source, self.header, self.mapping = str(path), header, mapping
        self.segment_of = {} if city is None else {s.sensor_id: s.segment_id for s in city.sensors}
        self.targets: dict[str, _Target] = {}
        self.read_time = None if mapping.time.column is None else time_reader(mapping.time)
        self.shift_ms = mapping.interval_s * 1000 if mapping.time.marks == "start" else 0
        self.missing_texts = frozenset(mapping.missing)
        self.missing_numbers = frozenset(_numbers(mapping.missing))

    def position(self, column: str) -> int:
        if column not in self.header:
            known = ", ".join(self.header[:12]) + (", ..." if len(self.header) > 12 else "")
            raise InputError(self.source, f"no column {column!r}", f"it has: {known}")
        return self.header.index(column)

    def target(self, name: str) -> _Target:
        found = self.targets.get(name)
        if found is None:
            sensor_id = self.mapping.sensor.sensor_id(name.strip())
            segment_id = self.segment_of.get(sensor_id)
            begin = f'{{"sensor_id":{json.dumps(sensor_id, ensure_ascii=False)}'
            if segment_id is not None:
                begin += f',"segment_id":{json.dumps(segment_id, ensure_ascii=False)}'
            found = self.targets[name] = _Target(segment_id or sensor_id, begin + ',"event_time":"')
        return found

    def time_ms(self, cell: str) -> int:
        assert self.read_time is not None
        try:
            time_ms = self.read_time(cell)
        except (ValueError, OverflowError) as error:
            raise _Refused("wrong_type", f"time: {error}") from None
        if not 0 <= time_ms <= LATEST_MS:
            raise _Refused("out_of_range", f"time {cell.strip()!r} is before 1970 or after 2200")
        return time_ms

    def number(self, cell: str, column: str) -> float | None:
        """The number in a cell, None where the mapping calls it missing."""
        text = cell.strip()
        if text in self.missing_texts:
            return None
        try:
            value = float(text)
        except ValueError:
            raise _Refused("wrong_type", f"{column}: {text[:40]!r} is not a number") from None
        if value in self.missing_numbers:
            return None
        if not math.isfinite(value):
            raise _Refused("not_finite", f"{column} is {text}")
        return value

    def record(self, target: _Target, event_ms: int, values: str, line: int) -> FeedRecord:
        text = f'{target.begin}{utc_text(event_ms)}","interval_s":{self.mapping.interval_s}{values}}}'
        return FeedRecord(target.key, event_ms, text.encode(), self.source, line)


class _LongRows(_Rows):
    """A row per sensor and time."""

    def __init__(self, path: Path, header: list[str], mapping: Mapping, city: City | None) -> None:
        super().__init__(path, header, mapping, city)
        assert mapping.sensor.column is not None
        assert mapping.time.column is not None
        self.sensor_at = self.position(mapping.sensor.column)
        self.time_at = self.position(mapping.time.column)
        self.sent_at = None if mapping.sent_column is None else self.position(mapping.sent_column)
        self.values = [
            (name, str(fields.column), self.position(str(fields.column)), *_conversion(fields))
            for name, fields in mapping.values.given.items()
        ]

    def observations(self, cells: list[str], line: int, _row: int) -> Iterator[FeedRecord]:
        values = ""
        for _, column, at, field, convert in self.values:
            value = self.number(cells[at], column)
            if value is not None:
                values += f',"{field}":{convert(value)}'
        if not values:
            return
        event_ms = self.time_ms(cells[self.time_at]) + self.shift_ms
        record = self.record(self.target(cells[self.sensor_at]), event_ms, values, line)
        if self.sent_at is not None and cells[self.sent_at].strip():
            sent_ms = self.time_ms(cells[self.sent_at])
            payload = record.payload[:-1] + f',"sent_time":"{utc_text(sent_ms)}"}}'.encode()
            record = record._replace(payload=payload, available_ms=sent_ms)
        yield record


class _WideRows(_Rows):
    """A row per time, a column per sensor."""

    def __init__(self, path: Path, header: list[str], mapping: Mapping, city: City | None) -> None:
        super().__init__(path, header, mapping, city)
        column = mapping.time.column
        self.time_at = None if column is None else self.position(column)
        self.implicit = None if column is not None else implicit_time(mapping.time)
        names = mapping.sensor.columns or [name for name in header if name != column]
        repeated = next((name for name in names if header.count(name) > 1), None)
        if repeated is not None:
            raise InputError(self.source, f"column {repeated!r} is there twice")
        self.columns = [(self.position(name), name, self.target(name)) for name in names]
        (fields,) = mapping.values.given.values()
        self.field, self.convert = _conversion(fields)

    def observations(self, cells: list[str], line: int, row: int) -> Iterator[FeedRecord | FeedRefusal]:
        if self.time_at is not None:
            begin_ms = self.time_ms(cells[self.time_at])
        else:
            assert self.implicit is not None
            begin_ms = self.implicit(row)
        event_ms = begin_ms + self.shift_ms
        middle = f'{utc_text(event_ms)}","interval_s":{self.mapping.interval_s},"{self.field}":'
        convert = self.convert
        for at, name, target in self.columns:
            try:
                value = self.number(cells[at], name)
            except _Refused as refused:  # one bad cell costs one observation, not the row
                yield FeedRefusal(self.source, line, refused.reason, refused.detail)
                continue
            if value is not None:
                payload = f"{target.begin}{middle}{convert(value)}}}".encode()
                yield FeedRecord(target.key, event_ms, payload, self.source, line)


def _conversion(
    fields: SpeedFields | FlowFields | OccupancyFields,
) -> tuple[str, Callable[[float], float]]:
    """The canonical field and the function to its unit."""
    if isinstance(fields, FlowFields):
        field = "flow_veh" if fields.unit == "veh" else "flow_vph"
        return field, lambda value: round(value, DECIMALS)
    if isinstance(fields, SpeedFields):
        factor, field = SPEED_UNITS[fields.unit], "speed_kmh"
    else:
        factor, field = OCCUPANCY_UNITS[fields.unit], "occupancy_pct"
    return field, lambda value: round(value * factor, DECIMALS)


def _numbers(texts: list[str]) -> Iterator[float]:
    for text in texts:
        try:
            yield float(text)
        except ValueError:
            continue
