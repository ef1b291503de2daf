"""Whatever a fetch holds, decoded at once: JSON observations, blocks of many, clock records, in log order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np

from models.city import City
from models.observation import (
    EARLIEST_MS,
    LATEST_MS,
    ObservationColumns,
    ObservationRecord,
    Refusal,
    RefusedError,
    Row,
    judge,
    judge_payload,
)
from models.observation_block import Block, Ids, is_block, read_block
from models.observation_checks import Ints, Readings, judged, nothing_read
from models.observation_json import FEW_RECORDS, bounds_of_lines, decode_json, decode_lines, read_payloads

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode_batch(
    lines: bytes, payloads: Callable[[], Sequence[bytes]], offsets: Ints, city: City
) -> tuple[ObservationColumns, list[Refusal]]:
    """Decode and validate the records of one partition, in log order; each is JSON or a block.

    `lines` holds all records, a newline between each two; `payloads` cuts them, and is called only where
    there are few, or they are not all JSON lines. `offsets` is int64 (records,). JSON records give what
    `models.observation.decode` gives; of a block the good observations count. At most one refusal per
    record, by position. Never raises for bad data.
    """
    if len(offsets) > FEW_RECORDS:
        bounds = bounds_of_lines(lines, len(offsets))
        if bounds is not None:
            return decode_lines(lines, bounds, offsets, city)
    cut = payloads()
    if any(map(is_block, cut)):
        return _decode_any(cut, offsets, city)
    return decode_json(lines, lambda: cut, offsets, city)


def _decode_any(
    payloads: Sequence[bytes], offsets: Ints, city: City
) -> tuple[ObservationColumns, list[Refusal]]:
    blocks: dict[int, Block] = {}
    malformed: list[Refusal] = []
    json_at: list[int] = []
    for position, payload in enumerate(payloads):
        if not is_block(payload):
            json_at.append(position)
            continue
        try:
            blocks[position] = read_block(payload)
        except RefusedError as refused:
            malformed.append(Refusal(position, refused.reason, refused.detail))
    rows = np.zeros(len(payloads), dtype=np.int64)
    rows[json_at] = 1
    rows[list(blocks)] = [block.rows for block in blocks.values()]
    start = np.cumsum(rows) - rows
    record = np.repeat(np.arange(len(payloads)), rows)
    readings = nothing_read(record, np.arange(len(record)) - start[record])
    if len(json_at) <= FEW_RECORDS:  # such as the clock records between blocks
        readings.certain[start[json_at]] = False
    else:
        readings.put(start[json_at], read_payloads([payloads[i] for i in json_at], city))
    for position, block in blocks.items():
        _fill(readings, int(start[position]), block, city)

    def alone(i: int) -> Row:
        position = int(record[i])
        if position in blocks:
            return judge(_record_of(blocks[position], int(readings.row[i])), city)
        return judge_payload(payloads[position], city)

    rows_of_block = {position: block.rows for position, block in blocks.items()}
    columns, refusals = judged(readings, offsets, city, alone, rows_of_block)
    return columns, sorted(refusals + malformed, key=lambda refusal: refusal.position)


def _fill(readings: Readings, start: int, block: Block, city: City) -> None:
    """Write the observations of a block into rows `start` and following."""
    rows = slice(start, start + block.rows)
    readings.event_ms[rows] = block.event_ms
    readings.sent_ms[rows] = block.sent_ms
    for k, values in enumerate(block.numbers):
        if isinstance(values, np.ndarray) or not math.isnan(values):
            readings.numbers[k, rows] = values
    if block.sensors is not None:
        readings.sensor[rows] = _positions(block.sensors, city.sensor_position)
    if block.vehicles is not None:
        vehicle = block.vehicles.per_row(_numbers_of(block.vehicles.list.ids))
        if block.sensors is not None:
            has_sensor = np.array([i is not None for i in block.sensors.list.ids], dtype=np.int64)
            vehicle = np.where(block.sensors.per_row(has_sensor) != 0, -1, vehicle)
        readings.vehicle[rows] = vehicle
        if block.segments is not None:
            segment = _positions(block.segments, city.segment_position)
            readings.segment[rows] = np.where(vehicle >= 0, segment, -1)


def _positions(ids: Ids, position: dict[str, int]) -> Ints:
    return ids.per_row(ids.list.positions(position))


def _numbers_of(vehicle_ids: list[str | None]) -> Ints:
    return np.array([-1 if i is None else crc32(i.encode()) for i in vehicle_ids], dtype=np.int64)


def _record_of(block: Block, row: int) -> ObservationRecord:
    """One row as a JSON record would hold it. Raises RefusedError for a time that no record can have."""
    sent_ms = int(_at(block.sent_ms, row))
    numbers = [float(_at(values, row)) for values in block.numbers]
    interval_s, speed, harmonic, flow, flow_vph, occupancy = (None if math.isnan(n) else n for n in numbers)
    return ObservationRecord(
        sensor_id=None if block.sensors is None else block.sensors.of(row),
        segment_id=None if block.segments is None else block.segments.of(row),
        vehicle_id=None if block.vehicles is None else block.vehicles.of(row),
        event_time=_time(int(_at(block.event_ms, row)), "event_time_ms"),
        interval_s=interval_s,
        speed_kmh=speed,
        speed_harm_kmh=harmonic,
        flow_veh=flow,
        flow_vph=flow_vph,
        occupancy_pct=occupancy,
        sent_time=_time(sent_ms, "sent_time_ms") if sent_ms else None,
    )


def _at(values: Any, row: int) -> Any:
    """Of a column, or of the one number that holds for every row."""
    return values[row] if isinstance(values, np.ndarray) else values


def _time(epoch_ms: int, field: str) -> str:
    if not EARLIEST_MS <= epoch_ms < LATEST_MS:
        raise RefusedError("out_of_range", f"{field} is {epoch_ms}, expected 1971 to 2099")
    return (_EPOCH + timedelta(milliseconds=epoch_ms)).isoformat()
