"""A workload as the records of a Kafka log, in the order in which they stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.payloads import clock_payload, observation_writer
from benchmarks.workload import (
    Workload,
    clock_due,
    closing_clock_s,
    partition_of_segments,
    reports,
    segment_id,
)


class LogRecord(NamedTuple):
    """One record and where it belongs; a clock record has no key."""

    partition: int
    key: bytes | None
    payload: bytes


def json_log(workload: Workload) -> Iterator[LogRecord]:
    """Every observation a record of its own, clock records between them."""
    write = observation_writer(workload)
    keys = [segment_id(i // workload.loops).encode() for i in range(workload.sensors)]
    of_segment = partition_of_segments(workload)
    partitions = [of_segment[i // workload.loops] for i in range(workload.sensors)]
    for second in reports(workload):
        if clock_due(workload, second.end_s):
            yield from _clocks(workload, second.end_s)
        for sensor, payload in zip(second.sensor.tolist(), write(second), strict=True):
            yield LogRecord(partitions[sensor], keys[sensor], payload)
    yield from _clocks(workload, closing_clock_s(workload))


def _clocks(workload: Workload, epoch_s: int) -> Iterator[LogRecord]:
    payload = clock_payload(epoch_s)
    for partition in range(workload.partitions):
        yield LogRecord(partition, None, payload)
