"""From records to columns: decode, validate, and say why a record is refused.

The canonical traffic observation is a JSON object: required `sensor_id`, `event_time` (with zone),
`interval_s`, and at least one of `speed_kmh`, `speed_harm_kmh`, `flow_veh`, `flow_vph`,
`occupancy_pct`. A matched probe sample has `vehicle_id`, `segment_id`, `event_time`, `speed_kmh` and
no interval. A clock record has only `clock_time`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from models.city import City
from models.moments import epoch_ms_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAXIMUM_RECORD_BYTES = 64 * 1024
MAXIMUM_INTERVAL_S = 3600
MAXIMUM_SPEED_KMH = 200.0
MAXIMUM_FLOW_VPH_PER_LANE = 3600.0
NO_JSON_NUMBER = "NaN or Infinity is no JSON number, write null where nothing is known"
SHORT_INTERVAL_VEHICLES_PER_LANE = 2.0
"""Vehicles that an interval of seconds may count beyond that rate: traffic comes in whole vehicles."""
EARLIEST_MS, LATEST_MS = 31_536_000_000, 4_102_444_800_000
"""1971 to 2099, UTC: what lies outside is a broken clock, and does not fit the history's DateTime."""

REASONS = (
    "too_large",
    "invalid_utf8",
    "malformed_json",
    "malformed_block",
    "wrong_type",
    "missing_field",
    "not_finite",
    "out_of_range",
    "no_measurement",
    "unknown_sensor",
    "unknown_segment",
    "ahead_of_clock",
    "processing_failed",
)
"""Why a record can become a dead letter; the last two are decided when it is folded: `processing_failed` is a
fault of the program on this record."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is kept as a dead letter, whole or in part; at most one per record.

    `position` is its index in the batch, `rows` the number of observations in it that count for nothing.
    """

    position: int
    reason: str
    detail: str
    rows: int = 1


@dataclass(slots=True)
class ObservationColumns:
    """Records of one partition in log order, as arrays of one length; null measurements are NaN.

    `clock_ms` is the time of a clock record and 0 elsewhere; a clock record has no other content.
    """

    sensor: Ints  # position in City.sensors; -1 for a probe or clock
    segment: Ints  # position in City.segments; -1 for a clock
    vehicle: Ints  # probe's pseudonym as a number; -1 elsewhere
    start_ms: Ints
    event_ms: Ints
    speed_kmh: Floats
    flow_veh: Floats
    occupancy_pct: Floats
    sent_ms: Ints  # 0 where not given
    clock_ms: Ints
    offset: Ints  # of the record in its partition
    row: Ints  # position of the observation within its record; 0 in JSON

    def __len__(self) -> int:
        return len(self.event_ms)

    def take(self, rows: npt.NDArray[np.bool_] | Ints) -> ObservationColumns:
        """The chosen rows, by mask or positions."""
        return ObservationColumns(*(getattr(self, name)[rows] for name in self.__slots__))


class ObservationRecord(msgspec.Struct, gc=False):
    """The fields of a JSON record that are read; a block's rows have the same."""

    sensor_id: str | None = None
    segment_id: str | None = None
    vehicle_id: str | None = None
    event_time: str | None = None
    interval_s: float | None = None
    speed_kmh: float | None = None
    speed_harm_kmh: float | None = None
    flow_veh: float | None = None
    flow_vph: float | None = None
    occupancy_pct: float | None = None
    sent_time: str | None = None
    clock_time: str | None = None


_one = msgspec.json.Decoder(ObservationRecord)

Row = tuple[int, int, int, int, int, float, float, float, int, int]
"""One observation: the first ten of `ObservationColumns`, from `sensor` to `clock_ms`."""


def decode(
    payloads: Sequence[bytes], offsets: Sequence[int] | Ints, city: City
) -> tuple[ObservationColumns, list[Refusal]]:
    """Decode and validate the JSON records of one partition, in log order, one by one.

    Returns the columns of what was understood (rows of refused records are left out) and the refusals.
    Never raises for bad data. `models.observation_batch` does the same for whole fetches at once.
    """
    rows: list[Row] = []
    kept: list[int] = []
    refusals: list[Refusal] = []
    for position, payload in enumerate(payloads):
        try:
            rows.append(judge_payload(payload, city))
            kept.append(position)
        except RefusedError as refused:
            refusals.append(Refusal(position, refused.reason, refused.detail))
    return _columns(rows, np.asarray(offsets, dtype=np.int64)[kept]), refusals


class RefusedError(Exception):
    """Why one observation is refused."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


def judge_payload(payload: bytes, city: City) -> Row:
    """The observation of one JSON record. Raises RefusedError."""
    return judge(_decode_one(payload), city)


def _decode_one(payload: bytes) -> ObservationRecord:
    if len(payload) > MAXIMUM_RECORD_BYTES:
        raise RefusedError("too_large", f"{len(payload)} bytes, at most {MAXIMUM_RECORD_BYTES}")
    try:
        return _one.decode(payload)
    except UnicodeDecodeError as error:
        raise RefusedError("invalid_utf8", str(error)) from error
    except RecursionError as error:
        raise RefusedError("malformed_json", "nested too deeply") from error
    except msgspec.ValidationError as error:
        reason = "not_finite" if "out of range" in str(error) else "wrong_type"
        raise RefusedError(reason, str(error)) from error
    except msgspec.DecodeError as error:
        reason = _why_undecodable(payload)
        detail = NO_JSON_NUMBER if reason == "not_finite" else str(error)
        raise RefusedError(reason, detail) from error


def _why_undecodable(payload: bytes) -> str:
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_utf8"
    bare = re.sub(rb'"[^"]*"', b"", payload)
    return "not_finite" if b"NaN" in bare or b"Infinity" in bare else "malformed_json"


def _epoch_ms(text: str, field: str) -> int:
    try:
        epoch_ms = epoch_ms_of(text)
    except ValueError as error:
        raise RefusedError("wrong_type", f"{field}: {error}") from error
    if not EARLIEST_MS <= epoch_ms < LATEST_MS:
        raise RefusedError("out_of_range", f"{field} is {text}, expected 1971 to 2099")
    return epoch_ms


def _between(value: float | None, low: float, high: float, field: str) -> float:
    if value is None:
        return math.nan
    if not math.isfinite(value):
        raise RefusedError("not_finite", f"{field} is {value}")
    if not low <= value <= high:
        raise RefusedError("out_of_range", f"{field} is {value:g}, expected {low:g} to {high:g}")
    return value


def judge(record: ObservationRecord, city: City) -> Row:
    """The observation that a record holds. Raises RefusedError."""
    if record.clock_time is not None:
        if record != ObservationRecord(clock_time=record.clock_time):
            raise RefusedError(
                "wrong_type", "clock_time beside an observation: a clock record has nothing else"
            )
        clock_ms = _epoch_ms(record.clock_time, "clock_time")
        return (-1, -1, -1, 0, 0, math.nan, math.nan, math.nan, 0, clock_ms)
    if record.event_time is None:
        raise RefusedError("missing_field", "event_time")
    event_ms = _epoch_ms(record.event_time, "event_time")
    sent_ms = 0 if record.sent_time is None else _epoch_ms(record.sent_time, "sent_time")
    if record.vehicle_id is not None and record.sensor_id is None:
        return _probe_row(record, event_ms, sent_ms, city)
    return _loop_row(record, event_ms, sent_ms, city)


def _probe_row(record: ObservationRecord, event_ms: int, sent_ms: int, city: City) -> Row:
    segment = city.segment_position.get(record.segment_id or "")
    if segment is None:
        raise RefusedError("unknown_segment", f"segment_id {record.segment_id!r} is not in the city folder")
    speed = _between(record.speed_kmh, 0.0, MAXIMUM_SPEED_KMH, "speed_kmh")
    if math.isnan(speed):
        raise RefusedError("no_measurement", "a probe sample needs speed_kmh")
    vehicle = crc32((record.vehicle_id or "").encode())
    return (-1, segment, vehicle, event_ms, event_ms, speed, math.nan, math.nan, sent_ms, 0)


def _loop_row(record: ObservationRecord, event_ms: int, sent_ms: int, city: City) -> Row:
    if record.sensor_id is None:
        raise RefusedError("missing_field", "sensor_id")
    if record.interval_s is None:
        raise RefusedError("missing_field", "interval_s")
    sensor = city.sensor_position.get(record.sensor_id)
    if sensor is None:
        raise RefusedError("unknown_sensor", f"sensor_id {record.sensor_id!r} is not in the city folder")
    interval_s = round(_between(record.interval_s, 1.0, MAXIMUM_INTERVAL_S, "interval_s"))
    speed = _between(record.speed_kmh, 0.0, MAXIMUM_SPEED_KMH, "speed_kmh")
    harmonic = _between(record.speed_harm_kmh, 0.0, MAXIMUM_SPEED_KMH, "speed_harm_kmh")
    if not math.isnan(harmonic):
        speed = harmonic
    lanes = max(1, city.sensors[sensor].lanes)
    most_vph = MAXIMUM_FLOW_VPH_PER_LANE * lanes
    most_veh = most_vph * interval_s / 3600.0 + SHORT_INTERVAL_VEHICLES_PER_LANE * lanes
    flow = _between(record.flow_veh, 0.0, most_veh, "flow_veh")
    flow_vph = _between(record.flow_vph, 0.0, most_vph, "flow_vph")
    if math.isnan(flow):
        flow = flow_vph * interval_s / 3600.0
    occupancy = _between(record.occupancy_pct, 0.0, 100.0, "occupancy_pct")
    if math.isnan(speed) and math.isnan(flow) and math.isnan(occupancy):
        raise RefusedError("no_measurement", "none of speed_kmh, flow_veh, flow_vph, occupancy_pct")
    segment = int(city.segment_of_sensor[sensor])
    start_ms = event_ms - interval_s * 1000
    return (sensor, segment, -1, start_ms, event_ms, speed, flow, occupancy, sent_ms, 0)


def _columns(rows: list[Row], offset: Ints) -> ObservationColumns:
    if not rows:
        rows_by_field: list[Sequence[float]] = [()] * 10
    else:
        rows_by_field = list(zip(*rows, strict=True))
    sensor, segment, vehicle, start, event, speed, flow, occupancy, sent, clock = rows_by_field

    def whole(values: Sequence[float]) -> Ints:
        return np.array(values, dtype=np.int64)

    def real(values: Sequence[float]) -> Floats:
        return np.array(values, dtype=np.float64)

    return ObservationColumns(
        whole(sensor),
        whole(segment),
        whole(vehicle),
        whole(start),
        whole(event),
        real(speed),
        real(flow),
        real(occupancy),
        whole(sent),
        whole(clock),
        offset,
        np.zeros(len(rows), dtype=np.int64),
    )
