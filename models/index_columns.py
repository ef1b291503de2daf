"""Published results as columns: what the stream produces, the archive stores and the wall reads.

Every column is an array of the same length; places travel by id, so that a record means the same to a
reader with another revision of the city folder. The wire form is msgpack of one map per record.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np
import numpy.typing as npt


class Status(IntEnum):
    """Where a window stands. A later status of the same window replaces an earlier one."""

    PROVISIONAL = 0
    PUBLISHED = 1
    AMENDED = 2
    FINAL = 3


class Source(IntEnum):
    """Where a segment's speed comes from."""

    NONE = 0
    LOOP = 1
    PROBE = 2
    FUSED = 3


class WeightSource(IntEnum):
    """Where the vehicle weight of a segment comes from."""

    MEASURED_FLOW = 1
    LANES = 2


Column = npt.NDArray[np.generic] | list[str]
Columns = dict[str, Column]

SEGMENT_DTYPES: dict[str, str] = {
    "segment_id": "str",  # place
    "window_s": "u2",  # window length, 60 or 300
    "window_start": "u4",  # UTC epoch seconds, half-open [start, start + window_s)
    "status": "u1",  # Status
    "revision": "u4",  # 0 while provisional; 1 at first publication, then counts amendments
    "version": "u8",  # grows with what is known: observations folded x 4 + status; the largest wins
    "observations": "u4",  # counted in this window
    "speed_kmh": "f4",  # space-mean
    "flow_vph": "f4",  # NaN where no sensor counts vehicles
    "travel_time_index": "f4",  # >= 1
    "level": "u1",  # 1..5, GB/T 33171 speed ratio table
    "coverage": "f4",  # share of the window covered by observations of this segment's sensors, 0..1
    "source": "u1",  # Source
    "weight_source": "u1",  # WeightSource
}

AREA_DTYPES: dict[str, str] = {
    "area_kind": "str",  # city | district | corridor
    "area_id": "str",
    "window_s": "u2",
    "window_start": "u4",
    "status": "u1",
    "revision": "u4",
    "version": "u8",
    "observations": "u4",
    "segments": "u4",  # measured segments
    "travel_time_index": "f4",  # ratio of sums: vehicle hours over free-flow vehicle hours
    "delay_time_proportion": "f4",  # 1 - 1 / travel_time_index
    "traffic_performance_index": "f4",  # 0..10 from the delay time proportion
    "level": "u1",
    "speed_kmh": "f4",  # vehicle km over vehicle hours
    "vkt_km": "f8",  # vehicle kilometres in the window
    "vht_h": "f8",  # vehicle hours in the window
    "congested_km": "f4",  # measured length at level 4 or 5
    "coverage": "f4",  # measured length over instrumented length, 0..1
}

AREA_KINDS = ("city", "district", "corridor")


class LogTime(msgspec.Struct, frozen=True):
    """What a partition's windows knew of time before the record at `offset`: the log's clock, and the basis
    that the watermark follows (models.window)."""

    offset: int
    clock_ms: int
    basis_ms: int


class IndexRecord(msgspec.Struct):
    """One record of topics `indices` and `area-indices`: everything one partition said at one tick.

    `kind` is "segment" or "area"; `clock_ms` the log's time at the tick; `data_ms` the newest event time
    seen in the partition; `columns` the columns above, numbers as little-endian bytes of their dtype.
    """

    kind: str
    city_id: str
    partition: int
    clock_ms: int
    data_ms: int
    watermark_ms: int
    rows: int
    columns: dict[str, bytes | list[str]]
    counts: dict[str, int] = {}  # accepted, duplicate, late and each refusal reason, since the worker's start
    log_id: str = ""
    resume: LogTime | None = None  # segment only: where the worker that takes over begins to read


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(IndexRecord)


def dtypes_of(kind: str) -> dict[str, str]:
    """Column name -> numpy dtype (little endian) or "str", in table order. `kind`: segment | area."""
    return SEGMENT_DTYPES if kind == "segment" else AREA_DTYPES


def pack_columns(kind: str, columns: Columns) -> dict[str, bytes | list[str]]:
    """Columns to their wire form; a missing column raises KeyError."""
    packed: dict[str, bytes | list[str]] = {}
    for name, dtype in dtypes_of(kind).items():
        column = columns[name]
        packed[name] = list(column) if dtype == "str" else np.asarray(column, dtype="<" + dtype).tobytes()
    return packed


LARGEST_ROWS = 5_000
"""Rows of one record: some 400 kB, well below the 1 MB that Kafka takes by default."""


def in_records(columns: Columns, rows: int) -> list[Columns]:
    """Columns of `rows` rows as parts that fit into a record each, in order; one empty part of no rows."""
    return [
        {name: column[first : first + LARGEST_ROWS] for name, column in columns.items()}
        for first in range(0, max(rows, 1), LARGEST_ROWS)
    ]


def unpack_columns(record: IndexRecord) -> Columns:
    """The columns of a record as arrays of their documented dtypes (ids stay lists)."""
    columns: Columns = {}
    for name, dtype in dtypes_of(record.kind).items():
        raw = record.columns[name]
        columns[name] = list(raw) if isinstance(raw, list) else np.frombuffer(raw, dtype="<" + dtype)
    return columns


def encode_record(record: IndexRecord) -> bytes:
    """The record as msgpack."""
    return _encoder.encode(record)


def decode_record(payload: bytes) -> IndexRecord:
    """Raises msgspec.DecodeError for what is not an index record."""
    return _decoder.decode(payload)
