"""segments.geojson to segments, feature by feature.

Of a city of 100,000 segments the parsed file alone would take more memory than a worker may: no more than
one feature is an object of its own before it is a Segment.
"""

from __future__ import annotations

import codecs
import json
from array import array
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from config.city_schema import SegmentFeature
from config.shared_values import Shared
from config.strict_yaml import mistakes_of, read_bytes, text_of
from models.city import Name, Segment
from models.errors import ConfigurationError

_WGS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326")
_COLLECTION_KEYS = {"type", "features", "name", "crs", "bbox"}
_NAMELESS = Name("", "")
_NEIGHBOURING_POINTS = 50_000

Point = tuple[float, float]


class SegmentTable:
    """The features of segments.geojson in their order: all of them where there are no mistakes.

    `rows` are the segments. Where `drawn` is false they have no name, nodes and polyline; `line` knows
    their points all the same, so that these can be checked.
    """

    def __init__(self, path: Path, shared: Shared, drawn: bool) -> None:
        self.path, self.rows = path, list[Segment]()
        self._shared, self._points, self._drawn = shared, Shared(), drawn
        self._lon_lat = array("d")  # of all lines, one after the other
        self._ends = array("Q", [0])  # where each line ends in `_lon_lat`, after the start of the first

    def place(self, i: int) -> str:
        """Where row `i` stands, for messages."""
        return _feature_place(self.path, i + 1, self.rows[i].segment_id)

    def line(self, i: int) -> list[Point]:
        """The points of row `i`: longitude and latitude, degrees."""
        numbers = self._lon_lat[self._ends[i] : self._ends[i + 1]]
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def add(self, feature: SegmentFeature) -> None:
        """Append the segment of `feature`."""
        fields, shared, drawn = feature.properties, self._shared, self._drawn
        for point in feature.geometry.coordinates:
            self._lon_lat.extend(point)
        self._ends.append(len(self._lon_lat))
        self.rows.append(
            Segment(
                segment_id=shared(fields.segment_id),
                name=shared(Name(shared(fields.name_zh), shared(fields.name_en))) if drawn else _NAMELESS,
                district_id=shared(fields.district),
                road_class=shared(fields.road_class),
                length_m=shared(float(fields.length_m)),
                lanes=fields.lanes,
                speed_limit_kmh=shared(float(fields.speed_limit_kmh or 0)),
                free_flow_kmh=shared(float(fields.free_flow_kmh)),
                free_flow_method=shared(fields.free_flow_method),
                polyline=self._polyline(feature) if drawn else (),
                from_node=shared(fields.from_node) if drawn else "",
                to_node=shared(fields.to_node) if drawn else "",
            )
        )

    def _polyline(self, feature: SegmentFeature) -> tuple[Point, ...]:
        """The points, those that it has in common with its neighbours being the same objects: it starts
        where another ends, and often one runs back beside it. Who is near in town is near in the file.
        """
        if len(self._points) > _NEIGHBOURING_POINTS:
            self._points = Shared()
        return tuple(self._points((lon, lat)) for lon, lat in feature.geometry.coordinates)


def read_segments(
    path: Path, shared: Shared, drawn: bool = True
) -> tuple[SegmentTable, list[ConfigurationError]]:
    """The segments of segments.geojson, and every mistake in them."""
    table = SegmentTable(path, shared, drawn)
    try:
        raw = read_bytes(path)
        if _add_all(table, raw):
            return table, []
        collection = json.loads(text_of(path, raw))
    except ConfigurationError as mistake:
        return table, [mistake]
    except json.JSONDecodeError as error:
        problem = f"not JSON: {error.msg} at column {error.colno}"
        return table, [ConfigurationError(f"{path} line {error.lineno}", "", problem)]
    except RecursionError:
        return table, [ConfigurationError(str(path), "", "not GeoJSON: nested too deeply")]
    mistakes = _collection_mistakes(path, collection)
    if mistakes:
        return table, mistakes
    table = SegmentTable(path, shared, drawn)
    for number, feature in enumerate(collection["features"], start=1):
        try:
            table.add(SegmentFeature.model_validate(feature))
        except ValidationError as error:
            mistakes += mistakes_of(error, _feature_place(path, number, _id_written(feature)))
    return table, mistakes


def _add_all(table: SegmentTable, raw: bytes) -> bool:
    """Add every feature of a file in which all is right; False where it is not, or looks so: then the
    whole file has to be read as objects, to say what is wrong and in which line.

    The features stay bytes of `raw` until their turn comes.
    """
    try:
        collection: dict[str, Any] = msgspec.json.decode(
            raw.removeprefix(codecs.BOM_UTF8), type=dict[str, msgspec.Raw]
        )
        features = msgspec.json.decode(collection.pop("features", b"[]"), type=list[msgspec.Raw])
        around = {key: msgspec.json.decode(value) for key, value in collection.items()}
        if _collection_mistakes(table.path, around | {"features": features}):
            return False
        for feature in features:
            table.add(SegmentFeature.model_validate_json(bytes(feature)))
    except (
        msgspec.MsgspecError,
        RecursionError,
        ValueError,
    ):  # pydantic's ValidationError and Unicode's are ValueErrors
        return False
    return True


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
