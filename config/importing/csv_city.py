"""A city folder from tables: segments with or without geometry, or sensors alone along their routes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from config.importing.corridors import derive_corridors, number_corridors, slug, unique_id
from config.importing.route_segments import route_segments
from config.importing.table_mapping import ImportMapping
from config.importing.tables import Row, read_table
from models.city import ROAD_CLASSES, City, District, Name, Segment, Sensor
from models.errors import ConfigurationError
from models.free_flow import free_flow_of
from models.schematic_layout import junctions_of_links, schematic_positions

METRES_PER_DEGREE = 111_195.0
_WKT = re.compile(r"^\s*LINESTRING\s*\((.*)\)\s*$", re.IGNORECASE)


def import_csv(mapping: ImportMapping, sources: Sequence[Path], timezone: str, fallback_name: str) -> City:
    """The city of the tables that `mapping` describes.

    Without a table of sensors every segment reports itself (link travel times). Without geometry a
    schematic layout is drawn and the city is labelled schematic. Raises InputError and
    ConfigurationError naming file, row and field.
    """
    sensor_rows = None if mapping.sensors is None else read_table(mapping.sensors, sources)
    if sensor_rows is not None and mapping.routes is not None:
        _add_routes(sensor_rows, read_table(mapping.routes, sources))
    name = Name(fallback_name, fallback_name) if mapping.city is None else mapping.city.name.to_name()
    schematic = False
    if mapping.segments is None:
        assert sensor_rows is not None
        segments, sensors, corridors = route_segments(sensor_rows)
        districts: tuple[District, ...] = (District("all", name),)
    else:
        rows = read_table(mapping.segments, sources)
        districts, district_ids = _districts(rows, name)
        segments = tuple(_segment(row, district_ids) for row in rows)
        schematic = not all(segment.polyline for segment in segments)
        if schematic:
            topology = None if mapping.topology is None else read_table(mapping.topology, sources)
            segments = _drawn(segments, topology)
        named = any("name_en" in row or "name_zh" in row for row in rows)
        corridors = derive_corridors(segments) if named else number_corridors(segments)
        sensors = (
            tuple(Sensor(s.segment_id, s.segment_id, "travel_time", s.lanes) for s in segments)
            if sensor_rows is None
            else tuple(_sensor(row) for row in sensor_rows)
        )
    return City(
        city_id=slug(fallback_name) if mapping.city is None else mapping.city.city_id,
        name=name,
        timezone=timezone,
        segments=segments,
        sensors=sensors,
        districts=districts,
        corridors=corridors,
        schematic=schematic,
        expected_period_s=60 if mapping.city is None else mapping.city.expected_period_s,
    )


def _add_routes(sensors: list[Row], routes: list[Row]) -> None:
    by_sensor = {row.required("sensor_id"): row for row in routes}
    for sensor in sensors:
        found = by_sensor.get(sensor.required("sensor_id"))
        if found is not None:
            sensor.update({field: found[field] for field in ("route", "order") if field in found})


def _districts(rows: list[Row], city_name: Name) -> tuple[tuple[District, ...], dict[str, str]]:
    ids: dict[str, str] = {}
    for row in rows:
        name = row.get("district")
        if name is not None and name not in ids:
            ids[name] = unique_id(slug(name), ids.values())
    if any("district" not in row for row in rows):
        ids[""] = unique_id("all", ids.values())
    return tuple(District(i, Name(n, n) if n else city_name) for n, i in ids.items()), ids


def _segment(row: Row, district_ids: dict[str, str]) -> Segment:
    """A segment; its polyline is empty where the table gives none."""
    segment_id = row.required("segment_id")
    road_class = row.get("road_class", "arterial")
    if road_class not in ROAD_CLASSES:
        problem = f"{road_class!r} is not one of {', '.join(ROAD_CLASSES)}"
        raise ConfigurationError(row.place, "road_class", problem, "translate it with `values`")
    limit_kmh = row.number("speed_limit_kmh") or None
    free_flow_kmh, method = free_flow_of(road_class, row.number("free_flow_kmh"), limit_kmh)
    row.required("length_m")
    return Segment(
        segment_id=segment_id,
        name=Name(
            zh=row.get("name_zh") or row.get("name_en") or segment_id,
            en=row.get("name_en") or row.get("name_zh") or segment_id,
        ),
        district_id=district_ids[row.get("district", "")],
        road_class=road_class,
        length_m=row.number("length_m") or 0.0,
        lanes=max(1, round(row.number("lanes") or 1)),
        speed_limit_kmh=limit_kmh or 0.0,
        free_flow_kmh=free_flow_kmh,
        free_flow_method=method,
        polyline=_polyline(row),
        from_node=row.get("from_node", ""),
        to_node=row.get("to_node", ""),
    )


def _polyline(row: Row) -> tuple[tuple[float, float], ...]:
    text = row.get("polyline")
    if text is None:
        return ()
    wkt = _WKT.match(text)
    pairs = wkt[1].split(",") if wkt else text.split(";")
    try:
        points = [tuple(float(number) for number in pair.split()[:2]) for pair in pairs]
        return tuple((lon, lat) for lon, lat in points)
    except ValueError:
        problem = f"{text[:40]!r} is neither `lon lat;lon lat` nor LINESTRING(lon lat, ...)"
        raise ConfigurationError(row.place, "polyline", problem) from None


def _sensor(row: Row) -> Sensor:
    return Sensor(
        sensor_id=row.required("sensor_id"),
        segment_id=row.required("segment_id"),
        kind=row.get("kind", "loop"),
        lanes=max(1, round(row.number("lanes") or 1)),
        offset_m=row.number("offset_m") or 0.0,
        placement=row.get("placement", ""),
        lon=row.number("lon"),
        lat=row.number("lat"),
    )


def _drawn(segments: tuple[Segment, ...], topology: list[Row] | None) -> tuple[Segment, ...]:
    """The segments on a schematic layout around 0, 0; nodes are made from the topology where absent."""
    position = {segment.segment_id: i for i, segment in enumerate(segments)}
    if topology is not None:
        successors: list[list[int]] = [[] for _ in segments]
        for row in topology:
            at = position.get(row.required("segment_id"))
            if at is None:
                problem = f"{row['segment_id']!r} is not in the table of segments"
                raise ConfigurationError(row.place, "segment_id", problem)
            successors[at] = [position[i] for i in row.get("out", "").split() if i in position]
        start, end = junctions_of_links(successors)
    else:
        numbers: dict[str, int] = {}
        ends = []
        for segment in segments:
            names = (
                segment.from_node or f"\0{segment.segment_id} <",
                segment.to_node or f"\0{segment.segment_id} >",
            )
            ends.append([numbers.setdefault(name, len(numbers)) for name in names])
        start, end = np.array(ends, dtype=np.int64).T
    place = schematic_positions(start, end, np.array([s.length_m for s in segments])) / METRES_PER_DEGREE
    place = np.round(place - place.mean(axis=0), 7)
    return tuple(
        msgspec.structs.replace(
            segment,
            polyline=((float(place[a, 0]), float(place[a, 1])), (float(place[b, 0]), float(place[b, 1]))),
            from_node=segment.from_node or f"n{a}",
            to_node=segment.to_node or f"n{b}",
        )
        for segment, a, b in zip(segments, start, end, strict=True)
    )
