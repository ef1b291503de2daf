"""The demo city as a City: the drawing of `models.demo_roads` cut into directed segments with sensors.

A pure function of the seed: the shipped city folder is this, written down.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np
import numpy.typing as npt

from models.city import City, Corridor, District, Landmark, Name, Segment, Sensor
from models.demo_network import demo_network, pieces
from models.demo_roads import (
    CENTRE,
    CITY_NAME,
    DISTRICTS,
    EASTWARD_WAYS,
    LANDMARKS,
    NORTHWARD_WAYS,
    ROADS,
    STADIUM,
    Road,
    bent,
    river_y,
)
from models.planar_network import (
    Edge,
    cumulative_km,
    point_at,
    shifted_right,
    simplified,
)
from models.stateless_random import uniform
from models.synthetic_traffic import TrafficPlan, plan_traffic

Points = npt.NDArray[np.float64]

DEMO_SEED = 20260301
DEMO_CITY_ID = "demo"
DEMO_TIMEZONE = "Asia/Shanghai"

# In the sand of the Badain Jaran, so that no real street lies under the invented ones.
ORIGIN_LON, ORIGIN_LAT = 102.40, 40.10
KM_PER_DEGREE_LAT = 111.195
KM_PER_DEGREE_LON = KM_PER_DEGREE_LAT * float(np.cos(np.deg2rad(ORIGIN_LAT)))

SPEED_LIMIT_KMH = {"freeway": 100.0, "expressway": 80.0, "arterial": 60.0, "collector": 40.0}
FREE_FLOW_KMH = {"freeway": 94.0, "expressway": 74.0, "arterial": 49.0, "collector": 34.0}
MEDIAN_KM = {"freeway": 0.046, "expressway": 0.044, "arterial": 0.036, "collector": 0.030}
"""Half the distance between the two directions as drawn: wider than in truth, so that both can be seen."""


def demo_city(seed: int = DEMO_SEED) -> City:
    """The whole demo city; the same seed gives the same city, to the last digit."""
    edges, node_names = demo_network()
    segments = _segments(edges, node_names, seed)
    used = {segment.district_id for segment in segments}
    return City(
        city_id=DEMO_CITY_ID,
        name=CITY_NAME,
        timezone=DEMO_TIMEZONE,
        segments=tuple(segments),
        sensors=tuple(_sensors(segments, seed)),
        districts=tuple(District(d.district_id, d.name) for d in DISTRICTS if d.district_id in used),
        corridors=tuple(_corridors(segments)),
        landmarks=tuple(_landmarks()),
        synthetic=True,
        expected_period_s=60,
    )


def _segments(edges: list[Edge], roads_at: dict[int, list[int]], seed: int) -> list[Segment]:
    segments: list[Segment] = []
    counts: Counter[int] = Counter()
    for whole in edges:
        for edge in pieces(whole):
            counts[edge.line] += 1
            for way in (0, 1):
                segments.append(_segment(edge, way, counts[edge.line], roads_at, seed))
    return segments


def _slug(name: Name) -> str:
    return re.sub(r"[^a-z]+", "-", name.en.lower().replace("'", "")).strip("-")


def _segment(edge: Edge, way: int, number: int, roads_at: dict[int, list[int]], seed: int) -> Segment:
    road = ROADS[edge.line]
    points = _drawn(edge.points if way == 0 else edge.points[::-1], road)
    polyline = tuple((round(float(lon), 6), round(float(lat), 6)) for lon, lat in _degrees(points))
    ends = (edge.start_node, edge.end_node) if way == 0 else (edge.end_node, edge.start_node)
    segment_id = f"{_slug(road.name)}-{'ab'[way]}{number:02d}"
    unlike = 1.0 + 0.06 * (2.0 * float(uniform(seed, 11, edge.line, number, way)[0]) - 1.0)
    limit = SPEED_LIMIT_KMH[road.road_class]
    middle = point_at(edge.points, np.array([cumulative_km(edge.points)[-1] / 2]))[0]
    return Segment(
        segment_id=segment_id,
        name=_segment_name(road, way, number, ends, roads_at),
        district_id=_district_of(middle),
        road_class=road.road_class,
        length_m=round(length_m(polyline), 1),
        lanes=road.lanes,
        speed_limit_kmh=limit,
        free_flow_kmh=round(min(limit, FREE_FLOW_KMH[road.road_class] * unlike), 1),
        free_flow_method="stated",
        polyline=polyline,
        from_node=f"n{ends[0]}",
        to_node=f"n{ends[1]}",
    )


def _drawn(plan: Points, road: Road) -> Points:
    """The carriageway as drawn: bent like the plan, on its own side, with few vertices."""
    total = float(cumulative_km(plan)[-1])
    dense = point_at(plan, np.linspace(0.0, total, max(3, int(total / 0.05))))
    line = simplified(bent(dense), 0.006)
    return shifted_right(line, MEDIAN_KM[road.road_class])


def _degrees(local_km: Points) -> Points:
    return np.column_stack(
        [ORIGIN_LON + local_km[:, 0] / KM_PER_DEGREE_LON, ORIGIN_LAT + local_km[:, 1] / KM_PER_DEGREE_LAT]
    )


def length_m(polyline: tuple[tuple[float, float], ...]) -> float:
    """Length of a WGS84 polyline on the sphere of 6371.0088 km, metres."""
    lon, lat = np.deg2rad(np.array(polyline)).T
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    return float(2 * 6_371_008.8 * np.arcsin(np.sqrt(half)).sum())


def _segment_name(
    road: Road, way: int, number: int, ends: tuple[int, int], roads_at: dict[int, list[int]]
) -> Name:
    """The road with the cross roads at both ends; a number where an end has no name."""
    crossing = [_cross_road(road, roads_at.get(node, [])) for node in ends]
    unnamed = crossing[0] is None or crossing[1] is None
    zh, en = road.name.zh, road.name.en
    if road.ways is not None or unnamed:
        way_name = (road.ways or _ways_by_heading(road))[way]
        zh, en = f"{zh}{way_name.zh}", f"{en} {way_name.en}"
    if crossing[0] is None or crossing[1] is None:
        return Name(f"{zh}{number}段", f"{en}, section {number}")
    return Name(f"{zh}（{crossing[0].zh}→{crossing[1].zh}）", f"{en}, {crossing[0].en} to {crossing[1].en}")


def _ways_by_heading(road: Road) -> tuple[Name, Name]:
    east, north = np.abs(road.points[-1] - road.points[0])
    return EASTWARD_WAYS if east > north else NORTHWARD_WAYS


def _cross_road(road: Road, lines: list[int]) -> Name | None:
    others = [ROADS[line] for line in lines if ROADS[line] is not road]
    return others[0].name if others else None


def _district_of(plan_point: Points) -> str:
    bank = 1 if plan_point[1] > river_y(plan_point[:1])[0] else -1
    near = [site for site in DISTRICTS if site.bank in (0, bank)]
    distance = [np.hypot(site.x_km - plan_point[0], site.y_km - plan_point[1]) for site in near]
    return near[int(np.argmin(distance))].district_id


def _sensors(segments: list[Segment], seed: int) -> list[Sensor]:
    """About 85 % of the segments have a loop, one in eight of those a second one."""
    sensors = []
    for i, segment in enumerate(segments):
        chance = float(uniform(seed, 21, i)[0])
        unmeasured = chance > (0.94 if segment.road_class in ("freeway", "expressway") else 0.84)
        places: tuple[float, ...] = (
            () if unmeasured else (0.3, 0.75) if chance < 0.105 else (0.35 + 0.3 * chance,)
        )
        along = np.array(
            [(lon * KM_PER_DEGREE_LON, lat * KM_PER_DEGREE_LAT) for lon, lat in segment.polyline]
        )
        total = float(cumulative_km(along)[-1])
        for k, share in enumerate(places, start=1):
            x, y = point_at(along, np.array([share * total]))[0]
            sensors.append(
                Sensor(
                    sensor_id=f"{segment.segment_id}-s{k}",
                    segment_id=segment.segment_id,
                    kind="loop",
                    lanes=segment.lanes,
                    offset_m=round(share * segment.length_m, 1),
                    placement="mid_block",
                    lon=round(float(x) / KM_PER_DEGREE_LON, 6),
                    lat=round(float(y) / KM_PER_DEGREE_LAT, 6),
                )
            )
    return sensors


def _corridors(segments: list[Segment]) -> list[Corridor]:
    by_way: dict[str, list[str]] = defaultdict(list)
    for segment in segments:
        by_way[re.sub(r"\d+$", "", segment.segment_id)].append(segment.segment_id)
    corridors = []
    for road in ROADS:
        for letter, way in zip("ab", road.ways or (), strict=False):
            own = sorted(by_way[f"{_slug(road.name)}-{letter}"], reverse=letter == "b")
            corridors.append(
                Corridor(
                    corridor_id=f"{_slug(road.name)}-{letter}",
                    name=Name(f"{road.name.zh}{way.zh}", f"{road.name.en} {way.en}"),
                    segment_ids=tuple(own),
                )
            )
    return corridors


def _landmarks() -> list[Landmark]:
    places = _degrees(bent(np.array([(x, y) for _, x, y in LANDMARKS])))
    return [
        Landmark(name, round(float(lon), 6), round(float(lat), 6))
        for (name, _, _), (lon, lat) in zip(LANDMARKS, places, strict=True)
    ]


def demo_traffic(city: City, seed: int = DEMO_SEED, hour_shift_h: float = 0.0) -> TrafficPlan:
    """The traffic plan that belongs to the demo city; see `models.synthetic_traffic`."""
    centre, stadium = _degrees(bent(np.array([CENTRE, STADIUM])))
    return plan_traffic(
        city,
        seed,
        centre=(float(centre[0]), float(centre[1])),
        stadium=(float(stadium[0]), float(stadium[1])),
        hour_shift_h=hour_shift_h,
    )
