"""The tables of a source as rows of our fields."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from config.importing.table_mapping import (
    ROUTE_FIELDS,
    SEGMENT_FIELDS,
    SENSOR_FIELDS,
    TOPOLOGY_FIELDS,
    ColumnFields,
    ImportMapping,
    TableFields,
)
from config.strict_yaml import first, mistakes_of
from models.errors import ConfigurationError, InputError


class Row(dict[str, str]):
    """One row: our field -> text; `place` says where it stands. Absent and empty fields are left out."""

    def __init__(self, place: str, fields: dict[str, str]) -> None:
        super().__init__(fields)
        self.place = place

    def required(self, field: str) -> str:
        """The text of a field; raises ConfigurationError where it is empty."""
        if field not in self:
            raise ConfigurationError(self.place, field, "is empty")
        return self[field]

    def number(self, field: str) -> float | None:
        """The number in a field, None where it is empty; raises ConfigurationError where it is none."""
        if field not in self:
            return None
        try:
            value = float(self[field])
        except ValueError:
            raise ConfigurationError(self.place, field, f"{self[field]!r} is not a number") from None
        if not math.isfinite(value):
            raise ConfigurationError(self.place, field, f"{self[field]!r} is not finite")
        return value


def find_source(name: str, sources: Sequence[Path]) -> Path | None:
    """The source called `name`: one of the files given, or a file in one of the folders given."""
    for source in sources:
        if source.is_dir() and (source / name).is_file():
            return source / name
        if source.name == name and source.is_file():
            return source
    return None


def default_mapping(sources: Sequence[Path]) -> ImportMapping:
    """The mapping of sources whose files and columns have our own names.

    Raises InputError where there is neither segments.csv nor sensors.csv, ConfigurationError where a
    required column is missing.
    """
    tables: dict[str, TableFields] = {}
    for table, known in (
        ("segments", SEGMENT_FIELDS),
        ("sensors", SENSOR_FIELDS),
        ("topology", TOPOLOGY_FIELDS),
        ("routes", ROUTE_FIELDS),
    ):
        path = find_source(f"{table}.csv", sources)
        if path is not None:
            header = _header(path)
            columns: dict[str, str | ColumnFields] = {name: name for name in header if name in known}
            unknown = next((name for name in header if name not in known), None)
            if unknown is not None:
                remedy = f"known: {', '.join(known)}; or say with --mapping which column is what"
                raise InputError(str(path), f"unknown column {unknown!r}", remedy)
            if "out" in columns:
                columns["out"] = ColumnFields(column="out", separator=";")
            tables[table] = TableFields(file=path.name, columns=columns)
    if "segments" not in tables and "sensors" not in tables:
        place = ", ".join(str(source) for source in sources)
        raise InputError(place, "there is neither segments.csv nor sensors.csv", "give a --mapping")
    try:
        return ImportMapping.model_validate(tables)
    except ValidationError as error:
        first(mistakes_of(error, ", ".join(str(source) for source in sources)))
        raise


def read_table(table: TableFields, sources: Sequence[Path]) -> list[Row]:
    """The rows of one table; raises InputError naming file and column."""
    path = find_source(table.file, sources)
    if path is None:
        given = ", ".join(str(source) for source in sources)
        raise InputError(given, f"there is no {table.file} among the sources", "the mapping names it")
    reader = csv.reader(io.StringIO(_text(path, table.encoding)), delimiter=table.delimiter)
    header = next(reader, [])
    specs = {
        field: spec if isinstance(spec, ColumnFields) else ColumnFields(column=spec)
        for field, spec in table.columns.items()
    }
    for field, spec in specs.items():
        if spec.column not in header:
            problem = f"no column {spec.column!r} for {field}"
            raise InputError(f"{path} line 1", problem, f"it has: {', '.join(header)}")
    rows = []
    for cells in reader:
        if not cells:
            continue
        place = f"{path} line {reader.line_num}"
        if len(cells) != len(header):
            raise InputError(place, f"{len(cells)} cells where the header has {len(header)}")
        fields = dict(table.constants)
        for field, spec in specs.items():
            text = _converted(cells[header.index(spec.column)].strip(), spec, place, field)
            if text:
                fields[field] = text
        rows.append(Row(place, fields))
    if not rows:
        raise InputError(str(path), "there are no rows")
    return rows


def _converted(text: str, spec: ColumnFields, place: str, field: str) -> str:
    if spec.values is not None and text in spec.values:
        text = spec.values[text]
    if spec.factor is not None and text:
        try:
            return repr(float(text) * spec.factor)
        except ValueError:
            raise ConfigurationError(place, field, f"{text!r} is not a number") from None
    parts = text.split(spec.separator) if spec.separator else [text]
    if spec.slice is not None:
        parts = [part[spec.slice[0] : spec.slice[1]] for part in parts]
    return " ".join(part for part in parts if part) if spec.separator else parts[0]


def _header(path: Path) -> list[str]:
    return next(csv.reader(io.StringIO(_text(path, "utf-8"))), [])


def _text(path: Path, encoding: str) -> str:
    try:
        return path.read_text("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(str(path), f"cannot be read as {encoding}: {error}") from None
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from None
