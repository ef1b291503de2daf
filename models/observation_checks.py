"""Many observations judged at once, by the rules that `models.observation` applies to one.

Columns say for certain what is good. Whatever they cannot say for certain, a fault among it, is judged
alone by `models.observation.judge`: that is slower, and makes both ways give the same rows and refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.city import City
from models.observation import (
    EARLIEST_MS,
    LATEST_MS,
    MAXIMUM_FLOW_VPH_PER_LANE,
    MAXIMUM_INTERVAL_S,
    MAXIMUM_SPEED_KMH,
    SHORT_INTERVAL_VEHICLES_PER_LANE,
    ObservationColumns,
    Refusal,
    RefusedError,
    Row,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NUMBERS = ("interval_s", "speed_kmh", "speed_harm_kmh", "flow_veh", "flow_vph", "occupancy_pct")
TOLD_FAULTS = 20
"""A refusal names the faults of as many rows of a block."""

_JUDGED = ObservationColumns.__slots__[:10]


@dataclass(slots=True)
class Readings:
    """Observations of one partition in log order, read but not judged: arrays of one length."""

    record: Ints  # position of the record in the batch
    row: Ints  # position within the record
    sensor: Ints  # position of sensor_id in City.sensors; -1 where absent or unknown
    segment: Ints  # of a probe: position of segment_id in City.segments; -1 where absent or unknown
    vehicle: Ints  # of a probe: its pseudonym as a number; -1 elsewhere
    event_ms: Ints
    sent_ms: Ints  # 0 where not given
    numbers: Floats  # (6, observations), in the order of NUMBERS; NaN where not given
    certain: Mask  # False: this one must be judged alone

    def put(self, rows: Ints, part: Readings) -> None:
        """Write `part` into the given rows; `record` and `row` are not its business."""
        for name in ("sensor", "segment", "vehicle", "event_ms", "sent_ms", "certain"):
            getattr(self, name)[rows] = getattr(part, name)
        self.numbers[:, rows] = part.numbers


class Fault(NamedTuple):
    """Why one observation of a record is refused."""

    row: int
    reason: str
    detail: str


def nothing_read(record: Ints, row: Ints) -> Readings:
    """Room for as many observations."""
    count = len(record)
    return Readings(
        record,
        row,
        sensor=np.full(count, -1, dtype=np.int64),
        segment=np.full(count, -1, dtype=np.int64),
        vehicle=np.full(count, -1, dtype=np.int64),
        event_ms=np.zeros(count, dtype=np.int64),
        sent_ms=np.zeros(count, dtype=np.int64),
        numbers=np.full((len(NUMBERS), count), np.nan),
        certain=np.ones(count, dtype=np.bool_),
    )


def judged(
    readings: Readings,
    offsets: Ints,
    city: City,
    alone: Callable[[int], Row],
    rows_of_block: Mapping[int, int],
) -> tuple[ObservationColumns, list[Refusal]]:
    """The good observations and why the others are refused, one refusal per record.

    `offsets` is int64 (records,). `alone(i)` judges the i-th observation and raises RefusedError;
    `rows_of_block` has the records that hold many observations, by position.
    """
    columns, good = _judged_together(readings, offsets, city)
    if good.all():
        return columns, []
    kept = np.ones(len(columns), dtype=np.bool_)
    faults: dict[int, list[Fault]] = {}
    for i in np.flatnonzero(~good).tolist():
        try:
            row = alone(i)
        except RefusedError as refused:
            kept[i] = False
            # its words, not the error: that would keep this whole fetch until the garbage is collected
            fault = Fault(int(readings.row[i]), refused.reason, refused.detail)
            faults.setdefault(int(readings.record[i]), []).append(fault)
        else:
            for name, value in zip(_JUDGED, row, strict=True):
                getattr(columns, name)[i] = value
    refusals = [
        _refusal_of_block(position, found, rows_of_block[position])
        if position in rows_of_block
        else Refusal(position, found[0].reason, found[0].detail)
        for position, found in faults.items()
    ]
    return (columns.take(np.flatnonzero(kept)) if faults else columns), refusals


def _refusal_of_block(position: int, found: list[Fault], rows: int) -> Refusal:
    """One refusal for all bad rows: the reason that most of them have, and each row with its own."""
    reasons = [fault.reason for fault in found]
    told = "; ".join(f"row {fault.row}: {fault.reason}: {fault.detail}" for fault in found[:TOLD_FAULTS])
    more = f"; and {len(found) - TOLD_FAULTS} more" if len(found) > TOLD_FAULTS else ""
    detail = f"{len(found)} of {rows} observations: {told}{more}"
    return Refusal(position, max(reasons, key=reasons.count), detail, len(found))


def _judged_together(readings: Readings, offsets: Ints, city: City) -> tuple[ObservationColumns, Mask]:
    """Columns, right where the mask is True."""
    interval_s, speed, harmonic, flow, flow_vph, occupancy = readings.numbers
    sensor, event_ms = readings.sensor, readings.event_ms
    loop, probe = sensor >= 0, readings.vehicle >= 0
    segment, lanes = readings.segment, np.ones(len(sensor))
    if loop.any():  # a city without sensors has nothing to look up
        segment = np.where(loop, city.segment_of_sensor[sensor], segment)
        lanes = city.lanes_of_sensor[sensor]
    with np.errstate(all="ignore"):  # absurd numbers are judged alone
        whole_s = np.rint(interval_s)
        most_vph = MAXIMUM_FLOW_VPH_PER_LANE * lanes
        most_veh = most_vph * whole_s / 3600.0 + SHORT_INTERVAL_VEHICLES_PER_LANE * lanes
        speed_of_loop = np.where(np.isnan(harmonic), speed, harmonic)
        flow_of_loop = np.where(np.isnan(flow), flow_vph * whole_s / 3600.0, flow)
        good = (
            loop
            & ((interval_s >= 1.0) & (interval_s <= MAXIMUM_INTERVAL_S))
            & _fits(speed, MAXIMUM_SPEED_KMH)
            & _fits(harmonic, MAXIMUM_SPEED_KMH)
            & _fits(flow, most_veh)
            & _fits(flow_vph, most_vph)
            & _fits(occupancy, 100.0)
            & ~(np.isnan(speed_of_loop) & np.isnan(flow_of_loop) & np.isnan(occupancy))
        )
        duration_ms = np.where(good, whole_s, 0.0).astype(np.int64) * 1000
        if probe.any():
            good |= probe & (segment >= 0) & (speed >= 0.0) & (speed <= MAXIMUM_SPEED_KMH)
            speed_of_loop[probe] = speed[probe]
            flow_of_loop[probe] = np.nan
            occupancy[probe] = np.nan
    good &= readings.certain & _is_credible(event_ms)
    if readings.sent_ms.any():
        good &= _is_credible(readings.sent_ms) | (readings.sent_ms == 0)
    columns = ObservationColumns(
        sensor=sensor,
        segment=segment,
        vehicle=readings.vehicle,
        start_ms=event_ms - duration_ms,
        event_ms=event_ms,
        speed_kmh=speed_of_loop,
        flow_veh=flow_of_loop,
        occupancy_pct=occupancy,
        sent_ms=readings.sent_ms,
        clock_ms=np.zeros(len(sensor), dtype=np.int64),
        offset=offsets[readings.record],
        row=readings.row,
    )
    return columns, good


def _fits(values: Floats, most: Floats | float) -> Mask:
    """Not given, or from 0 to `most`."""
    fits: Mask = ~((values < 0.0) | (values > most))
    return fits


def _is_credible(moment_ms: Ints) -> Mask:
    credible: Mask = (moment_ms >= EARLIEST_MS) & (moment_ms < LATEST_MS)
    return credible
