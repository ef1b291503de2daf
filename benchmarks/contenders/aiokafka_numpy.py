"""Bare aiokafka: getmany, msgspec for a batch, numpy windows; commits as by default."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer

from benchmarks.contenders.numpy_means import NumpyMeans
from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.task import Task

POLL_MS = 500


def run(task: Task, meter: Meter) -> WindowMeans:
    """Read the topic to its end."""
    means = NumpyMeans(task.workload)
    asyncio.run(_consume(task, meter, means))
    return means.found


async def _consume(task: Task, meter: Meter, means: NumpyMeans) -> None:
    meter.start()
    consumer = AIOKafkaConsumer(
        task.topic,
        bootstrap_servers=task.bootstrap,
        group_id=task.group,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        seen = 0
        while seen < task.records:
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                meter.first()
                means.add([record.value for record in records])
                seen += len(records)
        await consumer.commit()
        meter.stop()
    finally:
        await consumer.stop()
