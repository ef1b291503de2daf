"""Reading segments.geojson and sensors.csv, each row or feature apart, with its place for messages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.city_schema import SENSOR_COLUMNS, SegmentFeature, SensorRow
from config.strict_yaml import mistakes_of, read_text
from models.errors import ConfigurationError

Placed = tuple[str, Any]
PlacedSegments = list[tuple[str, SegmentFeature]]
PlacedSensors = list[tuple[str, SensorRow]]

_WGS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326")
_COLLECTION_KEYS = {"type", "features", "name", "crs", "bbox"}
_REQUIRED_COLUMNS = ("sensor_id", "segment_id")
_INTEGER_COLUMNS = {"lanes"}
_FLOAT_COLUMNS = {"offset_m", "lon", "lat"}


def read_segments(path: Path) -> tuple[PlacedSegments, list[ConfigurationError]]:
    """The features of segments.geojson with their places, and every mistake in them."""
    try:
        collection = json.loads(read_text(path))
    except ConfigurationError as mistake:
        return [], [mistake]
    except json.JSONDecodeError as error:
        place = f"{path} line {error.lineno}"
        return [], [ConfigurationError(place, "", f"not JSON: {error.msg} at column {error.colno}")]
    mistakes = _collection_mistakes(path, collection)
    if mistakes:
        return [], mistakes
    segments: PlacedSegments = []
    for number, feature in enumerate(collection["features"], start=1):
        place = _feature_place(path, number, feature)
        try:
            segments.append((place, SegmentFeature.model_validate(feature)))
        except ValidationError as error:
            mistakes += mistakes_of(error, place)
    return segments, mistakes


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


def _feature_place(path: Path, number: int, feature: object) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    name = properties.get("segment_id") if isinstance(properties, dict) else None
    return f"{path} feature {number}" + (f" ({name})" if isinstance(name, str) else "")


def read_sensors(path: Path) -> tuple[PlacedSensors, list[ConfigurationError]]:
    """The rows of sensors.csv with their places, and every mistake in them."""
    try:
        reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
        return _sensor_rows(path, reader)
    except ConfigurationError as mistake:
        return [], [mistake]
    except csv.Error as error:
        return [], [ConfigurationError(f"{path} line {reader.line_num}", "", f"not CSV: {error}")]


def _sensor_rows(path: Path, reader: Any) -> tuple[PlacedSensors, list[ConfigurationError]]:
    header: list[str] = next(reader, [])
    place = f"{path} line 1"
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
    if mistakes:
        return [], mistakes
    rows: PlacedSensors = []
    for cells in reader:
        place = f"{path} line {reader.line_num}"
        if not cells:
            continue
        if len(cells) != len(header):
            problem = f"{len(cells)} cells where the header has {len(header)}"
            mistakes.append(ConfigurationError(place, "", problem))
            continue
        try:
            fields = {n: _typed(n, cell) for n, cell in zip(header, cells, strict=True) if cell != ""}
            rows.append((place, SensorRow.model_validate(fields)))
        except ValidationError as error:
            mistakes += mistakes_of(error, place)
    return rows, mistakes


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
