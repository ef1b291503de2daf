"""Writing a City as a city folder: what `load_city` reads back is equal to what was written."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import yaml

from config.city_schema import SENSOR_COLUMNS
from models.city import City, Name, Segment, Sensor

CITY_FILE, SEGMENTS_FILE, SENSORS_FILE = "city.yaml", "segments.geojson", "sensors.csv"


def write_city(city: City, folder: Path, calendar: str | None = None) -> None:
    """Write the three files into `folder` (made if absent); files already there are replaced.

    `calendar` is the name of a shipped calendar or of a .yaml file in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        (CITY_FILE, _city_yaml(city, calendar)),
        (SEGMENTS_FILE, _segments_geojson(city)),
        (SENSORS_FILE, _sensors_csv(city.sensors)),
    ):
        (folder / name).write_bytes(text.encode())


def _city_yaml(city: City, calendar: str | None) -> str:
    content: dict[str, Any] = {
        "city_id": city.city_id,
        "name": _name(city.name),
        "timezone": city.timezone,
        "expected_period_s": city.expected_period_s,
        "schematic": city.schematic,
        "synthetic": city.synthetic,
    }
    if calendar is not None:
        content["calendar"] = calendar
    content["districts"] = [{"district_id": d.district_id, "name": _name(d.name)} for d in city.districts]
    content["corridors"] = [
        {"corridor_id": c.corridor_id, "name": _name(c.name), "segment_ids": list(c.segment_ids)}
        for c in city.corridors
    ]
    content["landmarks"] = [{"name": _name(m.name), "lon": m.lon, "lat": m.lat} for m in city.landmarks]
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, default_flow_style=None, width=105)


def _name(name: Name) -> dict[str, str]:
    return {"zh": name.zh, "en": name.en}


def _segments_geojson(city: City) -> str:
    """One feature per line, so that a change of one segment is a change of one line."""
    features = ",\n".join(
        json.dumps(_feature(s), ensure_ascii=False, separators=(",", ":")) for s in city.segments
    )
    return '{"type":"FeatureCollection","features":[\n' + features + "\n]}\n"


def _feature(segment: Segment) -> dict[str, Any]:
    properties = {
        "segment_id": segment.segment_id,
        "name_zh": segment.name.zh,
        "name_en": segment.name.en,
        "district": segment.district_id,
        "road_class": segment.road_class,
        "length_m": segment.length_m,
        "lanes": segment.lanes,
        "speed_limit_kmh": segment.speed_limit_kmh or None,
        "free_flow_kmh": segment.free_flow_kmh,
        "free_flow_method": segment.free_flow_method,
        "from_node": segment.from_node,
        "to_node": segment.to_node,
    }
    geometry = {"type": "LineString", "coordinates": [list(point) for point in segment.polyline]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _sensors_csv(sensors: tuple[Sensor, ...]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SENSOR_COLUMNS)
    for sensor in sensors:
        cells = (getattr(sensor, column) for column in SENSOR_COLUMNS)
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
