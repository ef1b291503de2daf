"""segments.geojson and sensors.csv to segments and sensors, one feature or row at a time.

Of a city of 100,000 segments the parsed file alone would take more memory than a worker may: no more than
one feature is an object of its own before it is a Segment, and equal values are one object.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from pydantic import ValidationError

from config.city_schema import SENSOR_COLUMNS, SegmentFeature, SensorRow
from config.strict_yaml import mistakes_of, read_bytes, text_of
from models.city import Name, Segment, Sensor
from models.errors import ConfigurationError

Value = TypeVar("Value", str, float, Name, tuple[float, float])

_WGS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326")
_COLLECTION_KEYS = {"type", "features", "name", "crs", "bbox"}
_REQUIRED_COLUMNS = ("sensor_id", "segment_id")
_INTEGER_COLUMNS = {"lanes"}
_FLOAT_COLUMNS = {"offset_m", "lon", "lat"}


class Shared:
    """Keeps one object of each value, so that what a thousand segments have in common is there once."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}

    def __call__(self, value: Value) -> Value:
        """The first object equal to `value` that was asked for."""
        return self._values.setdefault(value, value)  # type: ignore[no-any-return]

    def known(self, text: str) -> str:
        """As a call, without remembering `text` where it is new."""
        return self._values.get(text, text)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class SegmentTable:
    """The features of segments.geojson in their order: all of them where there are no mistakes."""

    path: Path
    rows: list[Segment] = field(default_factory=list)

    def place(self, i: int) -> str:
        """Where row `i` stands, for messages."""
        return _feature_place(self.path, i + 1, self.rows[i].segment_id)


@dataclass(frozen=True)
class SensorTable:
    """The rows of sensors.csv in their order, with the line that each ends in."""

    path: Path
    rows: list[Sensor] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("Q"))

    def place(self, i: int) -> str:
        """Where row `i` stands, for messages."""
        return f"{self.path} line {self.lines[i]}"


def read_segments(path: Path, shared: Shared) -> tuple[SegmentTable, list[ConfigurationError]]:
    """The segments of segments.geojson, and every mistake in them."""
    try:
        raw = read_bytes(path)
        rows = _segments_without_mistakes(path, raw, shared)
        if rows is not None:
            return SegmentTable(path, rows), []
        collection = json.loads(text_of(path, raw))
    except ConfigurationError as mistake:
        return SegmentTable(path), [mistake]
    except json.JSONDecodeError as error:
        place = f"{path} line {error.lineno}"
        return SegmentTable(path), [
            ConfigurationError(place, "", f"not JSON: {error.msg} at column {error.colno}")
        ]
    mistakes = _collection_mistakes(path, collection)
    if mistakes:
        return SegmentTable(path), mistakes
    rows, points = [], Shared()
    for number, feature in enumerate(collection["features"], start=1):
        try:
            rows.append(_to_segment(SegmentFeature.model_validate(feature), shared, points))
        except ValidationError as error:
            mistakes += mistakes_of(error, _feature_place(path, number, _id_written(feature)))
    return SegmentTable(path, rows), mistakes


def _segments_without_mistakes(path: Path, raw: bytes, shared: Shared) -> list[Segment] | None:
    """The segments of a file in which all is right; None where the slow way has to say what is wrong.

    The features stay bytes of `raw` until their turn comes.
    """
    points = Shared()
    try:
        collection: dict[str, Any] = msgspec.json.decode(
            raw.removeprefix(codecs.BOM_UTF8), type=dict[str, msgspec.Raw]
        )
        features = msgspec.json.decode(collection.pop("features", b"[]"), type=list[msgspec.Raw])
        around = {key: msgspec.json.decode(value) for key, value in collection.items()}
        if _collection_mistakes(path, around | {"features": features}):
            return None
        return [
            _to_segment(SegmentFeature.model_validate_json(bytes(feature)), shared, points)
            for feature in features
        ]
    except (msgspec.MsgspecError, ValueError):  # pydantic's ValidationError and Unicode's are ValueErrors
        return None


def _collection_mistakes(path: Path, collection: object) -> list[ConfigurationError]:
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        return [ConfigurationError(str(path), "type", "must be a GeoJSON FeatureCollection")]
    features = collection.get("features")
    if not isinstance(features, list) or not features:
        return [ConfigurationError(str(path), "features", "must list at least one segment")]
    mistakes = [
        ConfigurationError(str(path), key, "is not a known key")
        for key in sorted(set(collection) - _COLLECTION_KEYS)
    ]
    crs = collection.get("crs")
    if crs is not None and not any(name in json.dumps(crs) for name in _WGS84):
        problem = "must be WGS 84 longitude and latitude"
        mistakes.append(ConfigurationError(str(path), "crs", problem, "export with EPSG:4326"))
    return mistakes


def _id_written(feature: object) -> object:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return properties.get("segment_id") if isinstance(properties, dict) else None


def _feature_place(path: Path, number: int, segment_id: object) -> str:
    return f"{path} feature {number}" + (f" ({segment_id})" if isinstance(segment_id, str) else "")


def _to_segment(feature: SegmentFeature, shared: Shared, points: Shared) -> Segment:
    fields = feature.properties
    return Segment(
        segment_id=shared(fields.segment_id),
        name=shared(Name(zh=shared(fields.name_zh), en=shared(fields.name_en))),
        district_id=shared(fields.district),
        road_class=shared(fields.road_class),
        length_m=shared(float(fields.length_m)),
        lanes=fields.lanes,
        speed_limit_kmh=shared(float(fields.speed_limit_kmh or 0)),
        free_flow_kmh=shared(float(fields.free_flow_kmh)),
        free_flow_method=shared(fields.free_flow_method),
        # a segment starts where another ends, and often runs back along the same points
        polyline=tuple(points((float(lon), float(lat))) for lon, lat in feature.geometry.coordinates),
        from_node=shared(fields.from_node),
        to_node=shared(fields.to_node),
    )


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
