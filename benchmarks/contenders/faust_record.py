"""Plain Faust: an agent, one `faust.Record` per observation, windows in a dictionary."""

from __future__ import annotations

import asyncio

import faust
from faust.types import StreamT

from benchmarks.contenders.dict_means import DictMeans
from benchmarks.contenders.stock_faust import run_until, stock_app
from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.task import Task


class Observation(faust.Record, serializer="json"):
    """The canonical observation; a clock record has nothing but its time."""

    sensor_id: str | None = None
    segment_id: str | None = None
    event_time: str | None = None
    interval_s: float | None = None
    speed_kmh: float | None = None
    speed_harm_kmh: float | None = None
    flow_veh: float | None = None
    occupancy_pct: float | None = None
    sent_time: str | None = None
    clock_time: str | None = None


def run(task: Task, meter: Meter) -> WindowMeans:
    """Read the topic to its end."""
    means = DictMeans(task.workload)

    def declare(done: asyncio.Event) -> faust.App:
        meter.start()
        app = stock_app(task)
        topic = app.topic(task.topic, value_type=Observation, key_type=bytes, key_serializer="raw")

        async def mean(stream: StreamT[Observation]) -> None:
            seen = 0
            async for record in stream:
                meter.first()
                if (
                    record.sensor_id is not None
                    and record.event_time is not None
                    and record.interval_s is not None
                    and record.speed_kmh is not None
                ):
                    means.add(record.sensor_id, record.event_time, record.interval_s, record.speed_kmh)
                seen += 1
                if seen == task.records:
                    meter.stop()
                    done.set()

        app.agent(topic, name="mean")(mean)
        return app

    run_until(declare)
    return means.found()
