"""No broker: citybrain's own decoding, validation and windows, JSON or columnar; nothing is produced.

What the whole job could reach if Kafka, indices and results cost nothing.
"""

from __future__ import annotations

import numpy as np

from benchmarks.bench_city import bench_city
from benchmarks.block_log import block_log
from benchmarks.contenders.fetches import fetches
from benchmarks.log_records import json_log
from benchmarks.meter import Meter
from benchmarks.oracle import IndexWindows
from benchmarks.task import Task
from models.index_columns import Status
from models.observation_batch import decode_batch
from models.open_window import Window
from models.segment_index import segment_values
from models.window import PartitionWindows

WINDOW_S = 60


def run(task: Task, meter: Meter) -> IndexWindows:
    """Read the workload from memory; the windows of a minute that became final."""
    workload = task.workload
    city = bench_city(workload)
    log = block_log(workload) if task.columnar else json_log(workload)
    waiting = list(fetches(workload, log))
    final: list[Window] = []
    meter.start()
    partitions = [PartitionWindows(len(city.segments)) for _ in range(workload.partitions)]
    for fetch in waiting:
        meter.first()
        offsets = np.arange(fetch.first_offset, fetch.first_offset + len(fetch.payloads))
        columns, _ = decode_batch(b"\n".join(fetch.payloads), fetch.cut, offsets, city)
        windows = partitions[fetch.partition]
        windows.fold(columns)
        final += [change.window for change in windows.collect(True) if change.status == Status.FINAL]
    meter.stop()
    shape = (workload.minutes, workload.segments)
    found = IndexWindows(np.zeros(shape, dtype=np.int64), np.full(shape, np.nan))
    for window in final:
        if window.window_s == WINDOW_S:
            measured = np.flatnonzero(window.sums[:, 0])
            values = segment_values(window.sums, measured, WINDOW_S, city)
            minute = (window.start_ms // 1000 - workload.begin_s) // WINDOW_S
            found.observations[minute, values.segment] = values.observations
            found.speed_kmh[minute, values.segment] = values.speed_kmh
    return found
