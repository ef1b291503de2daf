"""Stock Faust with `take(1000)`: raw bytes, msgspec for what was taken, numpy windows."""

from __future__ import annotations

import asyncio
from typing import Any

import faust

from benchmarks.contenders.numpy_means import NumpyMeans
from benchmarks.contenders.stock_faust import run_until, stock_app
from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.task import Task

TAKEN = 1_000
WITHIN_S = 0.5


def run(task: Task, meter: Meter) -> WindowMeans:
    """Read the topic to its end."""
    means = NumpyMeans(task.workload)

    def declare(done: asyncio.Event) -> faust.App:
        meter.start()
        app = stock_app(task)
        topic = app.topic(
            task.topic, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw"
        )

        async def mean(stream: Any) -> None:
            seen = 0
            async for payloads in stream.take(TAKEN, within=WITHIN_S):
                meter.first()
                means.add(payloads)
                seen += len(payloads)
                if seen == task.records:
                    meter.stop()
                    done.set()

        app.agent(topic, name="mean")(mean)
        return app

    run_until(declare)
    return means.found
