"""citybrain: the product's own index worker, unchanged, until everything is indexed and committed.

Validation, repetitions, lateness, windows of one and five minutes, indices, area sums, dead letters,
all produced and confirmed by the broker, then the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from benchmarks.bench_city import bench_city
from benchmarks.meter import Meter
from benchmarks.task import Task
from models.area import areas_of
from models.partition_index import PartitionIndex
from streams.broker import BrokerAddress, kafka_address
from streams.embedded_broker import FETCH_WAIT_MS
from streams.fetch_wait import shorten_fetch_wait
from streams.index_app import IndexWorker, create_index_app

LOOK_EVERY_S = 0.01


def run(task: Task, meter: Meter) -> None:
    """Index the topic to its end; what was found stands in the topics of the results."""
    city = bench_city(task.workload)
    areas = areas_of(city)

    def start(_: int) -> PartitionIndex:
        return PartitionIndex(city, areas)

    broker = embedded_at(task.bootstrap) if task.embedded else kafka_address(task.bootstrap)
    asyncio.run(_index(task, meter, broker, start))


def embedded_at(bootstrap: str) -> BrokerAddress:
    """The address of an embedded broker that runs in another process, its topics made already."""
    shorten_fetch_wait(bootstrap, FETCH_WAIT_MS)
    return BrokerAddress(
        bootstrap=bootstrap,
        log_id="bench",
        embedded=True,
        client_arguments={"api_version": (2, 3)},
        fetch_arguments={"fetch_max_wait_ms": FETCH_WAIT_MS},
        _create=lambda _: None,
    )


async def _index(
    task: Task, meter: Meter, broker: BrokerAddress, start: Callable[[int], PartitionIndex]
) -> None:
    meter.start()
    worker = create_index_app(broker, task.workload.partitions, start)
    await worker.app.start()
    try:
        while not worker.partitions:
            await _look_later(worker)
        meter.first()
        while indexed(worker) < task.records:
            await _look_later(worker)
        while committed(worker) < task.records:
            await worker.app.consumer.commit()
            await _look_later(worker)
        meter.stop()
    finally:
        await worker.app.stop()


async def _look_later(worker: IndexWorker) -> None:
    if worker.app.crashed:
        raise RuntimeError("the index worker crashed") from worker.app.crash_reason
    await asyncio.sleep(LOOK_EVERY_S)


def indexed(worker: IndexWorker) -> int:
    """Records that were folded."""
    return sum(state.next_offset or 0 for state in list(worker.partitions.values()))


def committed(worker: IndexWorker) -> int:
    """Records that Kafka was told are done with; Faust keeps them beside its consumer."""
    offsets = worker.app.consumer._committed_offset  # type: ignore[attr-defined]
    return sum(offset or 0 for offset in offsets.values())
