"""Which records of the index topics the hub may fold: whole ones, of its city, that can be drawn.

The topics are open to every program that reaches the broker, and to workers of another release. What the
hub takes unread stays in its picture, so everything that a later tick relies on is looked at here.
"""

from __future__ import annotations

import numpy as np

from models.index_columns import IndexRecord, Status, decode_record, dtypes_of

KINDS = ("segment", "area")
LATEST_MS = 2**32 * 1000
"""Beyond the windows that a column can name, in 2106."""
LARGEST_COUNT = 2**53
HIGHEST_LEVEL = 5


class ForeignRecord(ValueError):
    """The record is none that this hub can show; the message says why."""


def read_index_record(payload: bytes | None, city_id: str) -> IndexRecord:
    """The record, fit for `latest.fold`. Raises ForeignRecord or msgspec.MsgspecError."""
    record = decode_record(payload or b"")
    if record.kind not in KINDS:
        raise ForeignRecord(f"kind {record.kind!r} is none of {', '.join(KINDS)}")
    if record.city_id != city_id:
        raise ForeignRecord(f"city {record.city_id!r} is not {city_id!r}")
    _check_numbers(record)
    _check_columns(record)
    return record


def _check_numbers(record: IndexRecord) -> None:
    for name in ("clock_ms", "data_ms", "watermark_ms"):
        if getattr(record, name) >= LATEST_MS:
            raise ForeignRecord(f"{name} {getattr(record, name)} is no time")
    for name, count in record.counts.items():
        if not 0 <= count < LARGEST_COUNT:
            raise ForeignRecord(f"count {name!r} is {count}")


def _check_columns(record: IndexRecord) -> None:
    if not record.rows and not record.columns:
        return
    for name, dtype in dtypes_of(record.kind).items():
        column = record.columns.get(name)
        if column is None:
            raise ForeignRecord(f"column {name} is missing")
        if isinstance(column, list) != (dtype == "str"):
            raise ForeignRecord(f"column {name} is not of type {dtype}")
        width = 1 if dtype == "str" else np.dtype(dtype).itemsize
        if len(column) != record.rows * width:
            raise ForeignRecord(f"column {name} has not {record.rows} values of type {dtype}")
    for name, highest in (("level", HIGHEST_LEVEL), ("status", int(max(Status)))):
        found = record.columns[name]
        if isinstance(found, bytes) and found and max(found) > highest:
            raise ForeignRecord(f"column {name} has a value above {highest}")
