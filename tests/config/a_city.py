"""Small cities to test with."""

from __future__ import annotations

from models.city import City, Corridor, District, Landmark, Name, Segment, Sensor


def a_segment(segment_id: str = "a-b", **changes: object) -> Segment:
    fields: dict[str, object] = {
        "segment_id": segment_id,
        "name": Name("文二路", "Wen'er Road"),
        "district_id": "west",
        "road_class": "arterial",
        "length_m": 500.0,
        "lanes": 2,
        "speed_limit_kmh": 60.0,
        "free_flow_kmh": 48.5,
        "free_flow_method": "stated",
        "polyline": ((120.15, 30.25), (120.155, 30.2501)),
        "from_node": "a",
        "to_node": "b",
    }
    return Segment(**{**fields, **changes})  # type: ignore[arg-type]


def a_city(**changes: object) -> City:
    """Two segments in one street, a sensor on each."""
    fields: dict[str, object] = {
        "city_id": "twostreets",
        "name": Name("两街市", "Two Streets"),
        "timezone": "Asia/Shanghai",
        "segments": (
            a_segment(),
            a_segment("b-c", polyline=((120.155, 30.2501), (120.16, 30.2502)), speed_limit_kmh=0.0),
        ),
        "sensors": (
            Sensor("S1", "a-b", "loop", 2, 100.0, "mid_block", 120.151, 30.25),
            Sensor("S2", "b-c"),
        ),
        "districts": (District("west", Name("西区", "West")),),
        "corridors": (Corridor("wener", Name("文二路", "Wen'er Road"), ("a-b", "b-c")),),
        "landmarks": (Landmark(Name("钟楼", "Bell Tower"), 120.152, 30.251),),
        "expected_period_s": 30,
    }
    return City(**{**fields, **changes})  # type: ignore[arg-type]
