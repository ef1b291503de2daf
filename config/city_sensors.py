"""sensors.csv to sensors, row by row, with the line of each for messages."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.city_schema import SENSOR_COLUMNS, SensorRow
from config.shared_values import Shared
from config.strict_yaml import mistakes_of, read_bytes, text_of
from models.city import Sensor
from models.errors import ConfigurationError

_REQUIRED_COLUMNS = ("sensor_id", "segment_id")
_INTEGER_COLUMNS = {"lanes"}
_FLOAT_COLUMNS = {"offset_m", "lon", "lat"}


@dataclass(frozen=True)
class SensorTable:
    """The rows of sensors.csv in their order, with the line that each ends in."""

    path: Path
    rows: list[Sensor] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("Q"))

    def place(self, i: int) -> str:
        """Where row `i` stands, for messages."""
        return f"{self.path} line {self.lines[i]}"


def read_sensors(path: Path, shared: Shared) -> tuple[SensorTable, list[ConfigurationError]]:
    """The sensors of sensors.csv, and every mistake in them."""
    try:
        raw = read_bytes(path)
        text_of(path, raw)  # what is not UTF-8 is named before all else
        reader = csv.reader(io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", newline=""), strict=True)
        return _sensor_rows(path, reader, shared)
    except ConfigurationError as mistake:
        return SensorTable(path), [mistake]
    except csv.Error as error:
        place = f"{path} line {reader.line_num}"
        return SensorTable(path), [ConfigurationError(place, "", f"not CSV: {error}")]


def _sensor_rows(path: Path, reader: Any, shared: Shared) -> tuple[SensorTable, list[ConfigurationError]]:
    header: list[str] = next(reader, [])
    mistakes = _header_mistakes(f"{path} line 1", header)
    table = SensorTable(path)
    if mistakes:
        return table, mistakes
    for cells in reader:
        if not cells:
            continue
        place = f"{path} line {reader.line_num}"
        if len(cells) != len(header):
            problem = f"{len(cells)} cells where the header has {len(header)}"
            mistakes.append(ConfigurationError(place, "", problem))
            continue
        try:
            fields = {n: _typed(n, cell) for n, cell in zip(header, cells, strict=True) if cell != ""}
            table.rows.append(_to_sensor(SensorRow.model_validate(fields), shared))
            table.lines.append(reader.line_num)
        except ValidationError as error:
            mistakes += mistakes_of(error, place)
    return table, mistakes


def _header_mistakes(place: str, header: Sequence[str]) -> list[ConfigurationError]:
    known = ", ".join(SENSOR_COLUMNS)
    mistakes = [
        ConfigurationError(place, name, "is not a known column", f"known: {known}")
        for name in header
        if name not in SENSOR_COLUMNS
    ]
    mistakes += [
        ConfigurationError(place, name, "this column is missing", f"known: {known}")
        for name in _REQUIRED_COLUMNS
        if name not in header
    ]
    mistakes += [
        ConfigurationError(place, name, "this column is there twice")
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    return mistakes


def _typed(column: str, cell: str) -> str | int | float:
    """The cell as a number where the column holds numbers; left as text where it is none."""
    try:
        if column in _INTEGER_COLUMNS:
            return int(cell)
        if column in _FLOAT_COLUMNS:
            return float(cell)
    except ValueError:
        return cell
    return cell


def _to_sensor(row: SensorRow, shared: Shared) -> Sensor:
    return Sensor(
        sensor_id=shared.known(row.sensor_id),  # a segment that reports itself has one id
        segment_id=shared(row.segment_id),
        kind=row.kind,
        lanes=row.lanes,
        offset_m=shared(row.offset_m),
        placement=shared(row.placement),
        lon=row.lon,
        lat=row.lat,
    )
