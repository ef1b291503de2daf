"""Mistakes that only show when the files of a city folder are read together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from config.city_schema import CityFile
from config.city_segments import SegmentTable
from config.city_sensors import SensorTable
from models.errors import ConfigurationError

CITY_RADIUS_KM = 300.0
SENSOR_DISTANCE_KM = 3.0
_KM_PER_DEGREE = 111.195
_SWAPPED = "longitude and latitude look swapped"

Point = tuple[float, float]


def contradictions(
    city_file: Path, file: CityFile, segments: SegmentTable, sensors: SensorTable
) -> list[ConfigurationError]:
    """Every contradiction between city.yaml, the segments and the sensors, none of which has mistakes."""
    place = str(city_file)
    mistakes = _twice("district_id", [d.district_id for d in file.districts], lambda _: place)
    mistakes += _twice("corridor_id", [c.corridor_id for c in file.corridors], lambda _: place)
    mistakes += _twice("segment_id", [s.segment_id for s in segments.rows], segments.place)
    mistakes += _twice("sensor_id", [s.sensor_id for s in sensors.rows], sensors.place)
    known = {segment.segment_id: segment for segment in segments.rows}
    districts = {d.district_id for d in file.districts}
    for i, segment in enumerate(segments.rows):
        if segment.district_id not in districts:
            problem = f"{segment.district_id!r} is no district of city.yaml"
            mistakes.append(ConfigurationError(segments.place(i), "district", problem))
    for number, corridor in enumerate(file.corridors):
        field = f"corridors.{number}.segment_ids"
        for segment_id in corridor.segment_ids:
            if segment_id not in known:
                problem = f"{segment_id!r} is no segment of segments.geojson"
                mistakes.append(ConfigurationError(place, field, problem))
        mistakes += _twice(field, corridor.segment_ids, lambda _: place)
    for i, sensor in enumerate(sensors.rows):
        measured = known.get(sensor.segment_id)
        if measured is None:
            problem = f"{sensor.segment_id!r} is no segment of segments.geojson"
            mistakes.append(ConfigurationError(sensors.place(i), "segment_id", problem))
        elif sensor.offset_m > measured.length_m * 1.05 + 5:
            problem = f"{sensor.offset_m:g} m is beyond the segment's end at {measured.length_m:g} m"
            mistakes.append(ConfigurationError(sensors.place(i), "offset_m", problem))
        if (sensor.lon is None) != (sensor.lat is None):
            problem = "one is given without the other"
            mistakes.append(ConfigurationError(sensors.place(i), "lon, lat", problem))
    return mistakes + _misplaced(place, file, segments, sensors)


def _twice(field: str, ids: Sequence[str], place: Callable[[int], str]) -> list[ConfigurationError]:
    if len(set(ids)) == len(ids):
        return []
    seen: dict[str, int] = {}
    mistakes = []
    for i, name in enumerate(ids):
        if name in seen:
            here, other = place(i), place(seen[name])
            also = f", first at {other}" if other != here else ""
            mistakes.append(ConfigurationError(here, field, f"{name!r} is there twice{also}"))
        seen.setdefault(name, i)
    return mistakes


def _misplaced(
    place: str, file: CityFile, segments: SegmentTable, sensors: SensorTable
) -> list[ConfigurationError]:
    """Coordinates that cannot be: outside the globe, or far from the rest of the city."""
    mistakes = []
    starts: dict[int, Point] = {}
    for i in range(len(segments.rows)):
        line = segments.line(i)
        wrong = next((point for point in line if not _on_earth(*point)), None)
        if wrong is None:
            starts[i] = line[0]
        else:
            lon, lat = wrong
            hint = _SWAPPED if _on_earth(lat, lon) else "degrees of WGS 84 are expected"
            problem = f"[{lon:g}, {lat:g}] is no longitude and latitude"
            mistakes.append(ConfigurationError(segments.place(i), "geometry.coordinates", problem, hint))
    if not starts:
        return mistakes
    centre = (median(lon for lon, _ in starts.values()), median(lat for _, lat in starts.values()))
    for i, start in starts.items():
        if not _within(start, centre, CITY_RADIUS_KM):
            mistakes.append(
                _far(segments.place(i), "geometry.coordinates", start, centre, CITY_RADIUS_KM, "the city")
            )
    for number, mark in enumerate(file.landmarks):
        field = f"landmarks.{number}"
        here = (mark.lon, mark.lat)
        if not _within(here, centre, CITY_RADIUS_KM):
            mistakes.append(_far(place, field, here, centre, CITY_RADIUS_KM, "the city"))
    position = {segments.rows[i].segment_id: i for i in starts}
    for i, sensor in enumerate(sensors.rows):
        if sensor.lon is None or sensor.lat is None or sensor.segment_id not in position:
            continue
        line, here = segments.line(position[sensor.segment_id]), (sensor.lon, sensor.lat)
        nearest = min(line, key=lambda point: _distance_km(here, point))
        limit_km = SENSOR_DISTANCE_KM + sum(itertools.starmap(_distance_km, itertools.pairwise(line)))
        if not _within(here, nearest, limit_km):
            mistakes.append(_far(sensors.place(i), "lon, lat", here, nearest, limit_km, "its segment"))
    return mistakes


def _within(point: Point, centre: Point, limit_km: float) -> bool:
    return _distance_km(point, centre) <= limit_km


def _far(
    place: str, field: str, point: Point, centre: Point, limit_km: float, of_what: str
) -> ConfigurationError:
    swapped = (point[1], point[0])
    fits = _on_earth(*swapped) and _within(swapped, centre, limit_km)
    problem = f"is {_distance_km(point, centre):.0f} km away from {of_what}"
    return ConfigurationError(place, field, problem, _SWAPPED if fits else "")


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
