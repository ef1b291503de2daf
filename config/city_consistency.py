"""Mistakes that only show when the files of a city folder are read together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from config.city_schema import CityFile
from config.city_tables import PlacedSegments, PlacedSensors
from models.errors import ConfigurationError

CITY_RADIUS_KM = 300.0
SENSOR_DISTANCE_KM = 3.0
_KM_PER_DEGREE = 111.195
_SWAPPED = "longitude and latitude look swapped"

Point = tuple[float, float]


def contradictions(
    city_file: Path, file: CityFile, segments: PlacedSegments, sensors: PlacedSensors
) -> list[ConfigurationError]:
    """Every contradiction between city.yaml, the segments and the sensors."""
    place = str(city_file)
    mistakes = _twice("district_id", ((place, d.district_id) for d in file.districts))
    mistakes += _twice("corridor_id", ((place, c.corridor_id) for c in file.corridors))
    mistakes += _twice("segment_id", ((where, f.properties.segment_id) for where, f in segments))
    mistakes += _twice("sensor_id", ((where, row.sensor_id) for where, row in sensors))
    known = {feature.properties.segment_id for _, feature in segments}
    districts = {d.district_id for d in file.districts}
    for where, feature in segments:
        if feature.properties.district not in districts:
            problem = f"{feature.properties.district!r} is no district of city.yaml"
            mistakes.append(ConfigurationError(where, "district", problem))
    for number, corridor in enumerate(file.corridors):
        field = f"corridors.{number}.segment_ids"
        for segment_id in corridor.segment_ids:
            if segment_id not in known:
                problem = f"{segment_id!r} is no segment of segments.geojson"
                mistakes.append(ConfigurationError(place, field, problem))
        mistakes += _twice(field, ((place, segment_id) for segment_id in corridor.segment_ids))
    lengths = {f.properties.segment_id: f.properties.length_m for _, f in segments}
    for where, row in sensors:
        if row.segment_id not in known:
            problem = f"{row.segment_id!r} is no segment of segments.geojson"
            mistakes.append(ConfigurationError(where, "segment_id", problem))
        elif row.offset_m > lengths[row.segment_id] * 1.05 + 5:
            problem = f"{row.offset_m:g} m is beyond the segment's end at {lengths[row.segment_id]:g} m"
            mistakes.append(ConfigurationError(where, "offset_m", problem))
        if (row.lon is None) != (row.lat is None):
            mistakes.append(ConfigurationError(where, "lon, lat", "one is given without the other"))
    return mistakes + _misplaced(place, file, segments, sensors)


def _twice(field: str, ids: Iterable[tuple[str, str]]) -> list[ConfigurationError]:
    seen: dict[str, str] = {}
    mistakes = []
    for place, name in ids:
        if name in seen:
            other = seen[name]
            also = f", first at {other}" if other != place else ""
            mistakes.append(ConfigurationError(place, field, f"{name!r} is there twice{also}"))
        seen.setdefault(name, place)
    return mistakes


def _misplaced(
    place: str, file: CityFile, segments: PlacedSegments, sensors: PlacedSensors
) -> list[ConfigurationError]:
    """Coordinates that cannot be: outside the globe, or far from the rest of the city."""
    mistakes = []
    inside: PlacedSegments = []
    for where, feature in segments:
        wrong = [(lon, lat) for lon, lat in feature.geometry.coordinates if not _on_earth(lon, lat)]
        if wrong:
            lon, lat = wrong[0]
            hint = _SWAPPED if _on_earth(lat, lon) else "degrees of WGS 84 are expected"
            problem = f"[{lon:g}, {lat:g}] is no longitude and latitude"
            mistakes.append(ConfigurationError(where, "geometry.coordinates", problem, hint))
        else:
            inside.append((where, feature))
    if not inside:
        return mistakes
    points = [feature.geometry.coordinates[0] for _, feature in inside]
    centre = (median(p[0] for p in points), median(p[1] for p in points))
    for where, feature in inside:
        lon, lat = feature.geometry.coordinates[0]
        mistakes += _far(where, "geometry.coordinates", (lon, lat), centre, CITY_RADIUS_KM, "the city")
    for number, mark in enumerate(file.landmarks):
        field = f"landmarks.{number}"
        mistakes += _far(place, field, (mark.lon, mark.lat), centre, CITY_RADIUS_KM, "the city")
    lines = {f.properties.segment_id: f.geometry.coordinates for _, f in inside}
    for where, row in sensors:
        line = lines.get(row.segment_id)
        if line is None or row.lon is None or row.lat is None:
            continue
        here = (row.lon, row.lat)
        nearest = min(((lon, lat) for lon, lat in line), key=lambda p: _distance_km(here, p))
        longest_km = sum(_distance_km((a[0], a[1]), (b[0], b[1])) for a, b in itertools.pairwise(line))
        limit_km = SENSOR_DISTANCE_KM + longest_km
        mistakes += _far(where, "lon, lat", here, nearest, limit_km, "its segment")
    return mistakes


def _far(
    place: str, field: str, point: Point, centre: Point, limit_km: float, of_what: str
) -> list[ConfigurationError]:
    distance_km = _distance_km(point, centre)
    if distance_km <= limit_km:
        return []
    swapped = (point[1], point[0])
    fits = _on_earth(*swapped) and _distance_km(swapped, centre) <= limit_km
    problem = f"is {distance_km:.0f} km away from {of_what}"
    return [ConfigurationError(place, field, problem, _SWAPPED if fits else "")]


def _on_earth(lon: float, lat: float) -> bool:
    return -180 <= lon <= 180 and -90 <= lat <= 90


def _distance_km(a: Point, b: Point) -> float:
    """Great-circle distance, kilometres."""
    lon_a, lat_a, lon_b, lat_b = (math.radians(x) for x in (*a, *b))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * math.degrees(math.asin(min(1.0, math.sqrt(half)))) * _KM_PER_DEGREE
