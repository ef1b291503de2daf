"""Rows of the history's tables for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.index_columns import AREA_DTYPES, SEGMENT_DTYPES, Status
from store.column_types import GivenColumn

MONDAY = 1772409600  # 2026-03-02 00:00 UTC, which is 08:00 in Shanghai

Rows = dict[str, GivenColumn]

AWKWARD_TEXTS = [
    "",
    "中山路",
    "a\tb",
    "a\nb",
    "it's",
    "back\\slash",
    "\\N",
    "\\t",
    'q"q',
    "nul\0",
    "{x:String}",
    "%s%(a)s",
]


def segment_rows(
    segment_ids: Sequence[str], starts: Sequence[int], *, window_s: int = 300, **values: Any
) -> Rows:
    """One row per segment and window start, in that order; `values` set whole columns or one number."""
    ids = [segment_id for segment_id in segment_ids for _ in starts]
    defaults = {"status": Status.FINAL, "revision": 1, "version": 4, "travel_time_index": 1.5, "level": 2}
    return _index_rows(
        SEGMENT_DTYPES, {"segment_id": ids}, list(starts) * len(segment_ids), window_s, defaults, values
    )


def area_rows(
    area_ids: Sequence[str],
    starts: Sequence[int],
    *,
    kind: str = "district",
    window_s: int = 300,
    **values: Any,
) -> Rows:
    """One row per area and window start, in that order; `values` set whole columns or one number."""
    ids = [area_id for area_id in area_ids for _ in starts]
    defaults = {"status": Status.FINAL, "revision": 1, "version": 4, "travel_time_index": 1.5, "level": 2}
    places: Rows = {"area_kind": [kind] * len(ids), "area_id": ids}
    return _index_rows(AREA_DTYPES, places, list(starts) * len(area_ids), window_s, defaults, values)


def observation_rows(offsets: Sequence[int], **values: Any) -> Rows:
    """Observations of one sensor at `offsets` of partition 0, one a second from MONDAY."""
    rows = len(offsets)
    columns: Rows = {
        "topic": ["observations.traffic"] * rows,
        "partition_id": np.zeros(rows, dtype=np.int64),
        "log_id": ["log-1"] * rows,
        "offset": np.array(offsets),
        "row_in_record": np.zeros(rows, dtype=np.int64),
        "sensor_id": ["d1"] * rows,
        "segment_id": ["s1"] * rows,
        "event_time": MONDAY + np.array(offsets),
        "event_ms": np.zeros(rows, dtype=np.int64),
        "interval_s": np.full(rows, 60),
        "speed_kmh": np.full(rows, 50.0),
        "flow_veh": np.full(rows, 10.0),
        "occupancy_pct": np.full(rows, 12.0),
        "vehicle_id": [""] * rows,
        "fate": ["counted"] * rows,
        "synthetic": np.zeros(rows, dtype=np.int64),
        "version": np.array(offsets),
    }
    return columns | {name: _column(value, rows) for name, value in values.items()}


def accounting_rows(ranges: Sequence[tuple[int, int]], **values: Any) -> Rows:
    """One row per [first, next) of partition 0, everything in it stored and counted."""
    rows = len(ranges)
    offsets = np.array(ranges).reshape(rows, 2)
    length = offsets[:, 1] - offsets[:, 0]
    columns: Rows = {
        "topic": ["observations.traffic"] * rows,
        "partition_id": np.zeros(rows, dtype=np.int64),
        "log_id": ["log-1"] * rows,
        "first_offset": offsets[:, 0],
        "next_offset": offsets[:, 1],
        "stored": length,
        "counted": length,
        "duplicate": np.zeros_like(length),
        "late": np.zeros_like(length),
        "dead": np.zeros_like(length),
        "clock": np.zeros_like(length),
        "written_at": np.full(rows, MONDAY),
    }
    return columns | {name: _column(value, rows) for name, value in values.items()}


def _index_rows(
    dtypes: dict[str, str], places: Rows, starts: list[int], window_s: int, defaults: Rows | Any, values: Any
) -> Rows:
    rows = len(starts)
    columns: Rows = dict(places)
    chosen = {
        "window_s": window_s,
        "window_start": starts,
        "synthetic": 0,
        "method_version": 1,
        **defaults,
        **values,
    }
    for name, dtype in {**dtypes, "synthetic": "u1", "method_version": "u2"}.items():
        if name not in columns:
            columns[name] = _column(chosen.get(name, 1), rows, dtype)
    return columns


def _column(value: Any, rows: int, dtype: str | None = None) -> GivenColumn:
    if isinstance(value, str):
        return [value] * rows
    if isinstance(value, list) and value and isinstance(value[0], str):
        return value
    return (
        np.broadcast_to(np.asarray(value), (rows,)).astype(dtype)
        if dtype
        else np.broadcast_to(np.asarray(value), (rows,))
    )
