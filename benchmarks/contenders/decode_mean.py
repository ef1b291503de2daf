"""No broker: msgspec for a whole fetch and numpy windows, the mean only. What bare clients could reach."""

from __future__ import annotations

from benchmarks.contenders.fetches import fetches
from benchmarks.contenders.numpy_means import NumpyMeans
from benchmarks.log_records import json_log
from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.task import Task


def run(task: Task, meter: Meter) -> WindowMeans:
    """Read the workload from memory."""
    means = NumpyMeans(task.workload)
    waiting = [fetch.payloads for fetch in fetches(task.workload, json_log(task.workload))]
    meter.start()
    for payloads in waiting:
        meter.first()
        means.add(payloads)
    meter.stop()
    return means.found
