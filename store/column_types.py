"""ClickHouse column types and the numpy arrays that stand for them.

Numbers are arrays of their own width, DateTime is int64 UTC epoch seconds, Date int64 days since 1970,
strings (also Enum and LowCardinality) are object arrays of str. NULL does not occur in our tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import StoreRejected
from store.failures import TYPE_MISMATCH

Array = npt.NDArray[Any]
GivenColumn = Array | Sequence[str] | Sequence[int] | Sequence[float]

NUMPY_TYPES: dict[str, np.dtype[Any]] = {
    "UInt8": np.dtype("<u1"),
    "UInt16": np.dtype("<u2"),
    "UInt32": np.dtype("<u4"),
    "UInt64": np.dtype("<u8"),
    "Int8": np.dtype("<i1"),
    "Int16": np.dtype("<i2"),
    "Int32": np.dtype("<i4"),
    "Int64": np.dtype("<i8"),
    "Float32": np.dtype("<f4"),
    "Float64": np.dtype("<f8"),
    "Bool": np.dtype("<u1"),
    "DateTime": np.dtype("<u4"),
    "Date": np.dtype("<u2"),
}
RESULT_TYPES: dict[str, np.dtype[Any]] = {
    **NUMPY_TYPES,
    "DateTime": np.dtype(np.int64),
    "Date": np.dtype(np.int64),
}

_WRAPPER = re.compile(r"^LowCardinality\((.*)\)$")
_ENUM_MEMBER = re.compile(r"'((?:[^'\\]|\\.)*)'\s*=\s*(-?\d+)")


def plain_type(kind: str) -> str:
    """`DateTime('UTC')` -> `DateTime`, `LowCardinality(String)` -> `String`, `Enum8(...)` -> `Enum8`."""
    inner = _WRAPPER.match(kind)
    return (inner[1] if inner else kind).split("(")[0]


def is_text(kind: str) -> bool:
    """Whether values of the type are Python strings on our side."""
    return plain_type(kind) in ("String", "Enum8", "Enum16")


def enum_names(kind: str) -> dict[int, str]:
    """Number -> name of `Enum8('counted' = 1, ...)`."""
    return {int(number): re.sub(r"\\(.)", r"\1", name) for name, number in _ENUM_MEMBER.findall(kind)}


def empty_result(kind: str) -> Array:
    """A column of length 0 of the type."""
    return np.empty(0, dtype=object if is_text(kind) else RESULT_TYPES.get(plain_type(kind), object))


def column_for_insert(place: str, name: str, kind: str, values: GivenColumn) -> Array:
    """`values` as the array to send for a column of type `kind`: object array of str, or numbers.

    A value that the type cannot hold (text in a number column, -1 in an unsigned one, 70000 in a UInt16,
    a fraction in an integer column) raises StoreRejected naming the column: nothing wraps around quietly.
    """
    if is_text(kind):
        return _text_column(place, name, kind, values)
    wanted = NUMPY_TYPES.get(plain_type(kind))
    if wanted is None:
        raise StoreRejected(place, TYPE_MISMATCH, f"column {name!r}: type {kind} is not one we write")
    given = np.asarray(values)
    if given.ndim != 1 or given.dtype.kind not in "biuf":
        raise StoreRejected(place, TYPE_MISMATCH, f"column {name!r}: {given.dtype} given, {kind} needed")
    if given.dtype == wanted or given.size == 0:
        return np.ascontiguousarray(given, dtype=wanted)
    if wanted.kind == "f":
        return given.astype(wanted)
    limits = np.iinfo(wanted)
    if given.dtype.kind == "f" and not (np.isfinite(given).all() and (given == np.trunc(given)).all()):
        raise StoreRejected(place, TYPE_MISMATCH, f"column {name!r}: not whole numbers, {kind} needed")
    if int(given.min()) < limits.min or int(given.max()) > limits.max:
        raise StoreRejected(
            place, TYPE_MISMATCH, f"column {name!r}: {given.min()}..{given.max()} does not fit {kind}"
        )
    return given.astype(wanted)


def _text_column(place: str, name: str, kind: str, values: GivenColumn) -> Array:
    column = np.empty(len(values), dtype=object)
    column[:] = values.tolist() if isinstance(values, np.ndarray) else values
    for value in set(map(type, column)):
        if value is not str:
            raise StoreRejected(place, TYPE_MISMATCH, f"column {name!r}: {value.__name__} given, text needed")
    distinct: set[str] = set(column)
    for text in distinct:
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise StoreRejected(
                place, TYPE_MISMATCH, f"column {name!r}: {text[:80]!a} cannot be written as UTF-8"
            )
    if plain_type(kind).startswith("Enum"):
        names = enum_names(kind)
        unknown = distinct - set(names.values())
        if unknown:
            raise StoreRejected(
                place,
                TYPE_MISMATCH,
                f"column {name!r}: {sorted(unknown)[0]!r} is none of {sorted(names.values())}",
            )
    return column
