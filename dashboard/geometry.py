"""What does not change about a city while pages are open: places, names and lines."""

from __future__ import annotations

from typing import Any

from dashboard.latest import segment_order
from models.city import City, Name


def city_geometry(city: City) -> dict[str, Any]:
    """Everything a page needs to draw the map, with segments in the order of every snapshot."""
    directed = {(segment.from_node, segment.to_node) for segment in city.segments if segment.from_node}
    return {
        "city_id": city.city_id,
        "name": _name(city.name),
        "timezone": city.timezone,
        "schematic": city.schematic,
        "synthetic": city.synthetic,
        "expected_period_s": city.expected_period_s,
        "order": segment_order(city),
        "segments": [
            {
                "id": segment.segment_id,
                "name": _name(segment.name),
                "district_id": segment.district_id,
                "road_class": segment.road_class,
                "length_m": round(segment.length_m, 1),
                "two_way": (segment.to_node, segment.from_node) in directed,
                "line": [[round(lon, 6), round(lat, 6)] for lon, lat in segment.polyline],
            }
            for segment in city.segments
        ],
        "districts": [
            {
                "id": district.district_id,
                "name": _name(district.name),
                "at": _centre(city, district.district_id),
            }
            for district in city.districts
        ],
        "corridors": [
            {
                "id": corridor.corridor_id,
                "name": _name(corridor.name),
                "segment_ids": list(corridor.segment_ids),
            }
            for corridor in city.corridors
        ],
        "landmarks": [
            {"name": _name(landmark.name), "at": [landmark.lon, landmark.lat]} for landmark in city.landmarks
        ],
    }


def _centre(city: City, district_id: str) -> list[float] | None:
    """Mean of the district's segments, each weighted by its length; None for a district without any."""
    weight = lon = lat = 0.0
    for segment in city.segments:
        if segment.district_id == district_id and segment.polyline:
            middle = segment.polyline[len(segment.polyline) // 2]
            weight += segment.length_m
            lon += middle[0] * segment.length_m
            lat += middle[1] * segment.length_m
    return [round(lon / weight, 6), round(lat / weight, 6)] if weight else None


def _name(name: Name) -> dict[str, str]:
    return {"zh": name.zh or name.en, "en": name.en or name.zh}
