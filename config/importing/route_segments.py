"""One segment per sensor along each route, where a source knows positions and roads but no segments."""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from config.importing.corridors import slug, unique_id
from config.importing.tables import Row
from models.city import ROAD_CLASSES, Corridor, Name, Segment, Sensor
from models.free_flow import free_flow_of
from models.route_order import COMPASS, order_along_route

Floats = npt.NDArray[np.float64]

METRES_PER_DEGREE = 111_195.0
LONGEST_M = 3000.0
"""A longer gap is not one segment: the next sensor says nothing about the road before it."""
LAST_M = 500.0
_DIRECTION = re.compile(r"(?:[-_ ]|^)([NSEW])(?:B|bound)?$", re.IGNORECASE)


def route_segments(
    rows: list[Row], road_class: str = "freeway"
) -> tuple[tuple[Segment, ...], tuple[Sensor, ...], tuple[Corridor, ...]]:
    """Segments from each sensor to the next one of its route, the sensors at their starts, and a
    corridor per route.

    The order is the `order` field where given, else the shortest way through the sensors towards the
    direction that the route's name ends with. Raises ConfigurationError where a position is missing.
    """
    assert road_class in ROAD_CLASSES
    routes: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for field in ("lon", "lat"):
            row.required(field)
        routes[row.get("route", row.required("sensor_id"))].append(row)
    segments: list[Segment] = []
    sensors: list[Sensor] = []
    corridors: list[Corridor] = []
    for route in sorted(routes):
        members = _segments_of_route(route, routes[route], road_class)
        segments += [segment for segment, _ in members]
        sensors += [_sensor(row, segment) for segment, row in members]
        if len(members) > 1:
            corridor_id = unique_id(slug(route), [c.corridor_id for c in corridors])
            ids = tuple(segment.segment_id for segment, _ in members)
            corridors.append(Corridor(corridor_id, Name(route, route), ids))
    return tuple(segments), tuple(sensors), tuple(corridors)


def _segments_of_route(route: str, rows: list[Row], road_class: str) -> list[tuple[Segment, Row]]:
    degrees = np.array([(row.number("lon"), row.number("lat")) for row in rows], dtype=np.float64)
    scale = METRES_PER_DEGREE * np.array([np.cos(np.deg2rad(degrees[:, 1].mean())), 1.0])
    points_m = degrees * scale
    found = _DIRECTION.search(route)
    direction = found[1].upper() if found else ""
    if all("order" in row for row in rows):
        order = np.argsort([row.number("order") or 0.0 for row in rows], kind="stable")
    else:
        order = order_along_route(points_m - points_m.mean(axis=0), direction)
    ordered = [rows[i] for i in order]
    ends_m = _ends_m(points_m[order], direction)
    segments = []
    for i, (row, begin_m, end_m) in enumerate(zip(ordered, points_m[order], ends_m, strict=True)):
        name = row.get("route", row["sensor_id"])
        free_flow_kmh, method = free_flow_of(road_class, None, None)
        segment = Segment(
            segment_id=row.get("segment_id", row["sensor_id"]),
            name=Name(name, name),
            district_id="all",
            road_class=road_class,
            length_m=round(float(np.hypot(*(end_m - begin_m))), 1),
            lanes=max(1, round(row.number("lanes") or 1)),
            speed_limit_kmh=0.0,
            free_flow_kmh=free_flow_kmh,
            free_flow_method=method,
            polyline=(_degrees(begin_m, scale), _degrees(end_m, scale)),
            from_node=f"{slug(route)}:{i}",
            to_node=f"{slug(route)}:{i + 1}",
        )
        segments.append((segment, row))
    return segments


def _ends_m(points_m: Floats, direction: str) -> Floats:
    """Where each segment ends: at the next sensor, or after `LONGEST_M` of a longer gap."""
    if len(points_m) == 1:
        return points_m + LAST_M * np.array([COMPASS.get(direction, COMPASS["E"])])
    ways = np.diff(points_m, axis=0)
    ways = np.vstack([ways, ways[-1:]])
    length_m = np.hypot(ways[:, 0], ways[:, 1])
    wanted_m = np.minimum(length_m, LONGEST_M)
    wanted_m[-1] = LAST_M
    # two sensors at one place: a segment of a metre keeps both visible to the index
    unit = np.divide(
        ways, length_m[:, None], out=np.tile([1.0, 0.0], (len(ways), 1)), where=length_m[:, None] > 0
    )
    ends_m: Floats = points_m + unit * np.maximum(wanted_m, 1.0)[:, None]
    return ends_m


def _degrees(point_m: Floats, scale: Floats) -> tuple[float, float]:
    lon, lat = np.round(point_m / scale, 7)
    return float(lon), float(lat)


def _sensor(row: Row, segment: Segment) -> Sensor:
    return Sensor(
        sensor_id=row["sensor_id"],
        segment_id=segment.segment_id,
        kind=row.get("kind", "loop"),
        lanes=segment.lanes,
        offset_m=0.0,
        placement=row.get("placement", "mid_block"),
        lon=row.number("lon"),
        lat=row.number("lat"),
    )
