"""The wire form of area partials: integer sums of one partition, one record per tick, msgpack."""

from __future__ import annotations

import msgspec
import numpy as np

from models import area as a
from models.index_columns import Status
from models.partition_index import AreaPartial


class WindowPartial(msgspec.Struct):
    """Sums of every area of one window: little-endian int64 (areas, models.area.COLUMNS)."""

    window_s: int
    start_ms: int
    status: int
    sums: bytes


class PartialRecord(msgspec.Struct):
    """One record of topic `area-partials`.

    `areas` is the number of areas: a reader with another city folder refuses the record.
    """

    city_id: str
    partition: int
    clock_ms: int
    data_ms: int
    watermark_ms: int
    areas: int
    windows: list[WindowPartial]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(PartialRecord)


def encode_partials(
    city_id: str,
    partition: int,
    clock_ms: int,
    data_ms: int,
    watermark_ms: int,
    areas: int,
    partials: list[AreaPartial],
) -> bytes:
    """The wire form of what one partition tells at one tick."""
    windows = [
        WindowPartial(p.window_s, p.start_ms, int(p.status), p.sums.astype("<i8").tobytes()) for p in partials
    ]
    return _encoder.encode(PartialRecord(city_id, partition, clock_ms, data_ms, watermark_ms, areas, windows))


def decode_partials(payload: bytes) -> tuple[PartialRecord, list[AreaPartial]]:
    """Raises msgspec.DecodeError for what is not a partial record."""
    record = _decoder.decode(payload)
    partials = []
    for window in record.windows:
        sums = np.frombuffer(window.sums, dtype="<i8").reshape(record.areas, a.COLUMNS).copy()
        partials.append(AreaPartial(window.window_s, window.start_ms, Status(window.status), sums))
    return record, partials
