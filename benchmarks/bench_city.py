"""The city that a workload's sensors belong to."""

from __future__ import annotations

from benchmarks.workload import Workload, segment_id, sensor_id
from models.city import City, Corridor, District, Name, Segment, Sensor

DISTRICTS = 20
CORRIDORS = 10
SEGMENTS_OF_A_CORRIDOR = 20


def bench_city(workload: Workload) -> City:
    """Segments of 400 m with two lanes and a free flow of 80 km/h, in districts and corridors."""
    ids = [segment_id(i) for i in range(workload.segments)]
    along = min(SEGMENTS_OF_A_CORRIDOR, workload.segments)
    starts = range(0, min(CORRIDORS * along, workload.segments - along + 1), along)
    return City(
        city_id="bench",
        name=Name("测试", "Bench"),
        timezone="Asia/Shanghai",
        segments=tuple(
            Segment(
                name,
                Name(name, name),
                f"d{i % DISTRICTS}",
                "arterial",
                400.0,
                2,
                60.0,
                80.0,
                "stated",
                ((120.0 + i % 300 / 1000, 30.0 + i // 300 / 1000), (120.004 + i % 300 / 1000, 30.0)),
            )
            for i, name in enumerate(ids)
        ),
        sensors=tuple(
            Sensor(sensor_id(i, workload.loops), ids[i // workload.loops], lanes=2)
            for i in range(workload.sensors)
        ),
        districts=tuple(District(f"d{i}", Name(f"d{i}", f"d{i}")) for i in range(DISTRICTS)),
        corridors=tuple(
            Corridor(f"c{n}", Name(f"c{n}", f"c{n}"), tuple(ids[start : start + along]))
            for n, start in enumerate(starts)
        ),
        synthetic=True,
        expected_period_s=workload.period_s,
    )
