"""The columnar wire form of observations: one record, a *block*, holds many, as a msgpack map of columns.

For gateways that batch. The keys and what they hold: docs/feeds.md, "Blocks". The first byte tells a block
from JSON. All of a block must belong to the partition that it is sent to: `models.partitioning.partition_of`
is the same for every segment in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from models.observation import MAXIMUM_RECORD_BYTES, RefusedError
from models.observation_checks import NUMBERS, Floats, Ints

BLOCK_VERSION = 1
MAXIMUM_BLOCK_BYTES = MAXIMUM_RECORD_BYTES
"""As for any record: a dead letter keeps it whole."""
MAXIMUM_BLOCK_ROWS = 4096
REMEMBERED_SENSOR_LISTS = 256
"""Lists of ids of as many gateways are looked up once; one of 500 sensors takes about 50 kB."""

_TIME: np.dtype[Any] = np.dtype("<i8")
_NUMBER: dict[int, np.dtype[Any]] = {4: np.dtype("<f4"), 8: np.dtype("<f8")}
_INDEX: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


_Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


_ABSENT, _NIL = msgspec.Raw(), b"\xc0"


class BlockRecord(msgspec.Struct):
    """The keys of a block."""

    version: int
    rows: int
    event_time_ms: _Int64 | bytes
    sent_time_ms: _Int64 | bytes | None = None
    interval_s: float | bytes | None = None
    speed_kmh: float | bytes | None = None
    speed_harm_kmh: float | bytes | None = None
    flow_veh: float | bytes | None = None
    flow_vph: float | bytes | None = None
    occupancy_pct: float | bytes | None = None
    sensor_ids: msgspec.Raw = _ABSENT
    vehicle_ids: list[str | None] | None = None
    segment_ids: list[str | None] | None = None
    sensor_index: bytes | None = None
    vehicle_index: bytes | None = None
    segment_index: bytes | None = None


_decoder = msgspec.msgpack.Decoder(BlockRecord)
_list_decoder = msgspec.msgpack.Decoder(list[str | None])
_encoder = msgspec.msgpack.Encoder()


class IdList:
    """The distinct ids of a block, in the order their numbers say."""

    __slots__ = ("_last", "ids")

    def __init__(self, ids: list[str | None]) -> None:
        self.ids = ids
        self._last: tuple[dict[str, int], Ints] | None = None

    def positions(self, position: dict[str, int]) -> Ints:
        """`position` of each id, -1 where it has none; remembered for the dictionary that was asked last."""
        if self._last is None or self._last[0] is not position:
            position_or_none: dict[str | None, int] = position  # type: ignore[assignment]
            found = map(position_or_none.get, self.ids, repeat(-1))
            self._last = position, np.fromiter(found, np.int64, len(self.ids))
        return self._last[1]


@dataclass(frozen=True, slots=True)
class Ids:
    """The id of each row: number `index[row]` of the list, or number `row` where there is no index."""

    list: IdList
    index: npt.NDArray[np.unsignedinteger] | None

    def of(self, row: int) -> str | None:
        """The id of a row."""
        return self.list.ids[row if self.index is None else int(self.index[row])]

    def per_row(self, of_ids: Ints) -> Ints:
        """What belongs to each id, for each row."""
        return of_ids if self.index is None else of_ids[self.index]


@dataclass(frozen=True, slots=True)
class Block:
    """A record of many observations whose form is right; the observations are not judged yet."""

    rows: int
    event_ms: Ints | int
    sent_ms: Ints | int
    numbers: tuple[Floats | float, ...]  # in the order of NUMBERS
    sensors: Ids | None
    vehicles: Ids | None
    segments: Ids | None


def is_block(payload: bytes) -> bool:
    """Whether a record claims to be a block: it begins as a msgpack map does, and no JSON can."""
    return bool(payload) and (0x80 <= payload[0] <= 0x8F or payload[0] in (0xDE, 0xDF))


def read_block(payload: bytes) -> Block:
    """The columns of a block. Raises RefusedError (`too_large`, `malformed_block`)."""
    if len(payload) > MAXIMUM_BLOCK_BYTES:
        raise RefusedError("too_large", f"{len(payload)} bytes, at most {MAXIMUM_BLOCK_BYTES}")
    try:
        wire = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("malformed_block", str(error)) from error
    if wire.version != BLOCK_VERSION:
        raise RefusedError("malformed_block", f"version {wire.version}, expected {BLOCK_VERSION}")
    if not 0 <= wire.rows <= MAXIMUM_BLOCK_ROWS:
        raise RefusedError("malformed_block", f"{wire.rows} rows, expected 0 to {MAXIMUM_BLOCK_ROWS}")
    return Block(
        wire.rows,
        _times(wire, "event_time_ms"),
        _times(wire, "sent_time_ms"),
        tuple(_numbers(wire, name) for name in NUMBERS),
        _ids(_sensors(wire.sensor_ids), wire.sensor_index, wire.rows, "sensor"),
        _ids(_listed(wire.vehicle_ids), wire.vehicle_index, wire.rows, "vehicle"),
        _ids(_listed(wire.segment_ids), wire.segment_index, wire.rows, "segment"),
    )


def encode_block(
    event_time_ms: npt.ArrayLike,
    *,
    sensor_ids: Sequence[str | None] | None = None,
    vehicle_ids: Sequence[str | None] | None = None,
    segment_ids: Sequence[str | None] | None = None,
    sent_time_ms: npt.ArrayLike | None = None,
    single_precision: bool = False,
    **numbers: npt.ArrayLike,
) -> bytes:
    """A block of observations in the order given, which is the order they are taken in.

    Ids are one per row; `numbers` are keywords of NUMBERS, one number for all rows or one for each, NaN where
    not measured. Times are UTC epoch milliseconds, likewise. `single_precision` halves the numbers and keeps
    seven digits of each. Raises ValueError for unknown names, lengths that differ, and what is larger than
    a block may be.
    """
    ids = {"sensor": sensor_ids, "vehicle": vehicle_ids, "segment": segment_ids}
    rows = max((len(given) for given in ids.values() if given is not None), default=0)
    if rows > MAXIMUM_BLOCK_ROWS:
        raise ValueError(f"{rows} rows, a block has at most {MAXIMUM_BLOCK_ROWS}")
    wire: dict[str, object] = {"version": BLOCK_VERSION, "rows": rows}
    wire["event_time_ms"] = _encoded_column(event_time_ms, rows, _TIME, "event_time_ms")
    if sent_time_ms is not None:
        wire["sent_time_ms"] = _encoded_column(sent_time_ms, rows, _TIME, "sent_time_ms")
    for name, values in numbers.items():
        if name not in NUMBERS:
            raise ValueError(f"{name} is none of {', '.join(NUMBERS)}")
        wire[name] = _encoded_column(values, rows, _NUMBER[4 if single_precision else 8], name)
    for kind, given in ids.items():
        if given is not None:
            wire |= _encoded_ids(given, rows, kind)
    payload = _encoder.encode(wire)
    if len(payload) > MAXIMUM_BLOCK_BYTES:
        raise ValueError(f"{len(payload)} bytes, a block has at most {MAXIMUM_BLOCK_BYTES}: send fewer rows")
    return payload


def _encoded_column(values: npt.ArrayLike, rows: int, kind: np.dtype[Any], name: str) -> object:
    column = np.asarray(values, dtype=kind)
    if column.ndim == 0:
        return column.item()
    if column.shape != (rows,):
        raise ValueError(f"{name} has shape {column.shape} for {rows} rows")
    return column.tobytes()


def _encoded_ids(ids: Sequence[str | None], rows: int, kind: str) -> dict[str, object]:
    if len(ids) != rows:
        raise ValueError(f"{len(ids)} {kind}_ids for {rows} rows")
    position = {name: i for i, name in enumerate(dict.fromkeys(ids))}
    if len(position) == rows:
        return {f"{kind}_ids": list(ids)}
    width = 1 if len(position) <= 1 << 8 else 2 if len(position) <= 1 << 16 else 4
    index = np.array([position[name] for name in ids], dtype=_INDEX[width])
    return {f"{kind}_ids": list(position), f"{kind}_index": index.tobytes()}


def _times(wire: BlockRecord, name: str) -> Ints | int:
    value: bytes | int | None = getattr(wire, name)
    return _column(value, wire.rows, {8: _TIME}, name) if isinstance(value, bytes) else value or 0


def _numbers(wire: BlockRecord, name: str) -> Floats | float:
    value: bytes | float | None = getattr(wire, name)
    if value is None:
        return math.nan
    return _column(value, wire.rows, _NUMBER, name) if isinstance(value, bytes) else value


def _listed(ids: list[str | None] | None) -> IdList | None:
    return None if ids is None else IdList(ids)


def _sensors(raw: msgspec.Raw) -> IdList | None:
    packed = bytes(raw)
    return None if packed in (b"", _NIL) else _sensor_list(packed)


@lru_cache(maxsize=REMEMBERED_SENSOR_LISTS)
def _sensor_list(raw: bytes) -> IdList:
    """A gateway sends the same sensors again and again; to look them up costs more than all the rest."""
    try:
        return IdList(_list_decoder.decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("malformed_block", f"sensor_ids: {error}") from error


def _ids(ids: IdList | None, index: bytes | None, rows: int, kind: str) -> Ids | None:
    if ids is None:
        if index is not None:
            raise RefusedError("malformed_block", f"{kind}_index without {kind}_ids")
        return None
    count = len(ids.ids)
    if index is None:
        if count != rows:
            raise RefusedError("malformed_block", f"{count} {kind}_ids for {rows} rows and no index")
        return Ids(ids, None)
    column = _column(index, rows, _INDEX, f"{kind}_index")
    if rows and int(column.max()) >= count:
        raise RefusedError("malformed_block", f"{kind}_index is {column.max()}, but {count} {kind}_ids")
    return Ids(ids, column)


def _column(data: bytes, rows: int, kinds: Mapping[int, np.dtype[Any]], name: str) -> Any:
    for width, kind in kinds.items():
        if len(data) == rows * width:
            return np.frombuffer(data, kind)
    widths = " or ".join(map(str, kinds))
    raise RefusedError("malformed_block", f"{name} has {len(data)} bytes, expected {rows} x {widths}")
