"""A city folder from a simulator's topology.json."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field, ValidationError

from config.importing.corridors import derive_corridors, slug, unique_id
from config.strict_yaml import StrictModel, first, mistakes_of, read_text
from models.city import City, District, Name, Segment, Sensor
from models.errors import ConfigurationError
from models.free_flow import free_flow_of


class _Segment(StrictModel):
    segment_id: str
    name: str = Field(min_length=1)
    district: str
    road_class: str
    length_m: float
    lanes: int
    speed_limit_kmh: float | None = None
    free_flow_kmh: float | None = None
    from_node: str = ""
    to_node: str = ""
    polyline: list[list[float]]


class _Sensor(StrictModel):
    sensor_id: str
    segment_id: str
    offset_m: float = 0.0
    lanes: int = 1
    placement: str = ""
    kind: str = "loop"
    lonlat: list[float] | None = Field(default=None, min_length=2, max_length=2)


class _Topology(StrictModel):
    city: str
    scenario: str = ""
    crs: str = "EPSG:4326"
    driving_side: str = "right"
    sensor_interval_s: int = 60
    districts: list[str] = Field(min_length=1)
    segments: list[_Segment] = Field(min_length=1)
    sensors: list[_Sensor]


def import_oracle(path: Path, timezone: str) -> City:
    """The city of a topology.json; its traffic is simulated, so the city is marked synthetic.

    Raises ConfigurationError naming the wrong field.
    """
    topology = _read(path)
    if topology.crs != "EPSG:4326":
        raise ConfigurationError(str(path), "crs", f"must be EPSG:4326, not {topology.crs!r}")
    district_ids: dict[str, str] = {}
    for name in topology.districts:
        district_ids[name] = unique_id(slug(name), district_ids.values())
    segments = tuple(
        _segment(path, number, segment, district_ids) for number, segment in enumerate(topology.segments)
    )
    return City(
        city_id=slug(topology.city),
        name=Name(topology.city, topology.city),
        timezone=timezone,
        segments=segments,
        sensors=tuple(_sensor(sensor) for sensor in topology.sensors),
        districts=tuple(District(i, Name(name, name)) for name, i in district_ids.items()),
        corridors=derive_corridors(segments),
        synthetic=True,
        expected_period_s=topology.sensor_interval_s,
    )


def _read(path: Path) -> _Topology:
    try:
        return _Topology.model_validate(json.loads(read_text(path)))
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path} line {error.lineno}", "", f"not JSON: {error.msg}") from None
    except ValidationError as error:
        first(mistakes_of(error, str(path)))
        raise


def _segment(path: Path, number: int, given: _Segment, district_ids: dict[str, str]) -> Segment:
    place = f"{path} segments.{number} ({given.segment_id})"
    if given.district not in district_ids:
        raise ConfigurationError(place, "district", f"{given.district!r} is not in districts")
    try:
        free_flow_kmh, method = free_flow_of(given.road_class, given.free_flow_kmh, given.speed_limit_kmh)
    except KeyError:
        problem = f"{given.road_class!r} is no road class that we know"
        raise ConfigurationError(place, "road_class", problem) from None
    if len(given.polyline) < 2 or any(len(point) != 2 for point in given.polyline):
        raise ConfigurationError(place, "polyline", "must be at least two pairs of lon, lat")
    return Segment(
        segment_id=given.segment_id,
        name=Name(given.name, given.name),
        district_id=district_ids[given.district],
        road_class=given.road_class,
        length_m=float(given.length_m),
        lanes=given.lanes,
        speed_limit_kmh=float(given.speed_limit_kmh or 0),
        free_flow_kmh=float(free_flow_kmh),
        free_flow_method=method,
        polyline=tuple((float(p[0]), float(p[1])) for p in given.polyline),
        from_node=given.from_node,
        to_node=given.to_node,
    )


def _sensor(given: _Sensor) -> Sensor:
    lon, lat = given.lonlat if given.lonlat is not None else (None, None)
    return Sensor(
        given.sensor_id,
        given.segment_id,
        given.kind,
        given.lanes,
        float(given.offset_m),
        given.placement,
        lon,
        lat,
    )
