"""ClickHouse's Native format: blocks of columns as bytes, to and from numpy.

A block is its numbers of columns and rows (varints), then per column name, type and values: numbers as
little-endian bytes, a string as varint length and UTF-8, LowCardinality as a dictionary and positions in it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from models.errors import StoreRejected
from store.column_types import (
    NUMPY_TYPES,
    RESULT_TYPES,
    Array,
    enum_names,
    is_text,
    plain_type,
)

_POSITION_TYPES = (np.dtype("<u1"), np.dtype("<u2"), np.dtype("<u4"), np.dtype("<u8"))
_UNKNOWN_TYPE = 50


class _EncodedTexts(dict[str, bytes]):
    """Text to its bytes with length, each distinct text encoded once."""

    def __missing__(self, text: str) -> bytes:
        raw = text.encode()
        encoded = self[text] = _varint(len(raw)) + raw
        return encoded


def encode_block(columns: Iterable[tuple[str, str, Array]]) -> bytes:
    """One block from (name, ClickHouse type, array); text columns travel as String, the engine converts."""
    listed = list(columns)
    rows = len(listed[0][2])
    parts = [_varint(len(listed)), _varint(rows)]
    for name, kind, values in listed:
        if is_text(kind):
            texts = _EncodedTexts()
            parts += [_text(name), _text("String"), *map(texts.__getitem__, values)]
        else:
            parts += [_text(name), _text(kind), values.tobytes()]
    return b"".join(parts)


def decode_blocks(raw: bytes) -> dict[str, Array]:
    """Columns by name over all blocks, {} when there is none. StoreRejected for a type we do not read."""
    chunks: dict[str, list[Array]] = {}
    position = 0
    while position < len(raw):
        count, position = _read_varint(raw, position)
        rows, position = _read_varint(raw, position)
        for _ in range(count):
            name, position = _read_text(raw, position)
            kind, position = _read_text(raw, position)
            values, position = _read_column(raw, position, name, kind, rows)
            chunks.setdefault(name, []).append(values)
    return {name: parts[0] if len(parts) == 1 else np.concatenate(parts) for name, parts in chunks.items()}


def _read_column(raw: bytes, position: int, name: str, kind: str, rows: int) -> tuple[Array, int]:
    plain = plain_type(kind)
    if kind == "LowCardinality(String)":
        return _read_low_cardinality(raw, position, rows)
    if kind == "String":
        return _read_texts(raw, position, rows)
    if plain in ("Enum8", "Enum16"):
        numbers = np.frombuffer(raw, "<i1" if plain == "Enum8" else "<i2", rows, position)
        names = enum_names(kind)
        values = np.empty(rows, dtype=object)
        values[:] = [names[number] for number in numbers.tolist()]
        return values, position + numbers.nbytes
    wire = NUMPY_TYPES.get(plain)
    if wire is None or kind.startswith("LowCardinality"):
        raise StoreRejected("result", _UNKNOWN_TYPE, f"column {name!r}: type {kind} is not one we read")
    values = np.frombuffer(raw, wire, rows, position)
    return values.astype(RESULT_TYPES[plain]), position + values.nbytes


def _read_texts(raw: bytes, position: int, rows: int) -> tuple[Array, int]:
    texts: list[str] = []
    known: dict[bytes, str] = {}
    for _ in range(rows):
        length = raw[position]
        position += 1
        if length > 127:
            length, position = _read_varint(raw, position - 1)
        piece = raw[position : position + length]
        position += length
        text = known.get(piece)
        if text is None:
            text = known[piece] = piece.decode("utf-8", "replace")
        texts.append(text)
    values = np.empty(rows, dtype=object)
    values[:] = texts
    return values, position


def _read_low_cardinality(raw: bytes, position: int, rows: int) -> tuple[Array, int]:
    _, flags, size = struct.unpack_from("<QQQ", raw, position)
    dictionary, position = _read_texts(raw, position + 24, size)
    positions = np.frombuffer(raw, _POSITION_TYPES[flags & 0xFF], rows, position + 8)
    return dictionary[positions], position + 8 + positions.nbytes


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _text(text: str) -> bytes:
    raw = text.encode()
    return _varint(len(raw)) + raw


def _read_varint(raw: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = raw[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
        shift += 7


def _read_text(raw: bytes, position: int) -> tuple[str, int]:
    length, position = _read_varint(raw, position)
    return raw[position : position + length].decode(), position + length
