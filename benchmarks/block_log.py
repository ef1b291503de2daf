"""A workload as a gateway that batches would send it: blocks of about 500 observations of one partition."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.log_records import LogRecord
from benchmarks.payloads import clock_payload, sent_delay_ms
from benchmarks.workload import (
    INVALID_KMH,
    INVALID_SPEED_TENTHS,
    Reports,
    Workload,
    closing_clock_s,
    partition_of_segments,
    reports,
    segment_id,
    sensor_id,
)
from models.observation_block import encode_block

Ints = npt.NDArray[np.int64]

BLOCK_ROWS = 500
LONGEST_WAIT_S = 60
"""Event time after which a gateway sends what it has."""


def block_log(workload: Workload) -> Iterator[LogRecord]:
    """The observations of `json_log` in blocks; a clock record follows where its time has come."""
    partition = np.array(partition_of_segments(workload))[np.arange(workload.sensors) // workload.loops]
    waiting: list[list[Reports]] = [[] for _ in range(workload.partitions)]
    told_s = [0] * workload.partitions
    for second in reports(workload):
        of_row = partition[second.sensor]
        for number in range(workload.partitions):
            rows = np.flatnonzero(of_row == number)
            waiting[number].append(Reports(second.end_s, *(column[rows] for column in second[1:])))
            gathered = sum(len(part.sensor) for part in waiting[number])
            waited_s = second.end_s - waiting[number][0].end_s + 1
            if gathered < BLOCK_ROWS and waited_s < LONGEST_WAIT_S:
                continue
            yield from _blocks(workload, number, waiting[number])
            waiting[number] = []
            if second.end_s - told_s[number] >= workload.clock_every_s:
                told_s[number] = second.end_s
                yield LogRecord(number, None, clock_payload(second.end_s))
    for number, parts in enumerate(waiting):
        yield from _blocks(workload, number, parts)
        yield LogRecord(number, None, clock_payload(closing_clock_s(workload)))


def _blocks(workload: Workload, partition: int, parts: list[Reports]) -> Iterator[LogRecord]:
    if not any(len(part.sensor) for part in parts):
        return
    end_s = np.repeat([part.end_s for part in parts], [len(part.sensor) for part in parts])
    sensor, speed, harmonic, flow, occupancy = (
        np.concatenate([np.asarray(part[i]) for part in parts]) for i in range(1, 6)
    )
    for rows in np.array_split(np.arange(len(sensor)), max(1, round(len(sensor) / BLOCK_ROWS))):
        positions = sensor[rows].tolist()
        ids = [sensor_id(i, workload.loops) for i in positions]
        event_ms = end_s[rows] * 1000
        speed_kmh = np.where(speed[rows] == INVALID_SPEED_TENTHS, INVALID_KMH, speed[rows] / 10)
        if workload.form == "full":
            payload = encode_block(
                event_ms,
                sensor_ids=ids,
                segment_ids=[segment_id(i // workload.loops) for i in positions],
                sent_time_ms=event_ms + sent_delay_ms(sensor[rows]),
                interval_s=workload.period_s,
                speed_kmh=speed_kmh,
                speed_harm_kmh=harmonic[rows] / 10,
                flow_veh=flow[rows],
                occupancy_pct=occupancy[rows] / 10,
            )
        else:
            payload = encode_block(
                event_ms, sensor_ids=ids, interval_s=workload.period_s, speed_kmh=speed_kmh
            )
        yield LogRecord(partition, None, payload)
