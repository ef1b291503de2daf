"""History columns as series: regular in time, holes kept as holes, rounded the same everywhere.

One place decides how a value is rounded and named, so that a page, the API and an export agree.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from models.index_columns import Source, Status

PUBLISHED_AFTER_S = 60
"""A window that has ended so long ago should be in the history: settling and archiving take less."""

AREA_FIELDS: dict[str, int | None] = {
    "status": None,
    "revision": 0,
    "observations": 0,
    "segments": 0,
    "traffic_performance_index": 2,
    "travel_time_index": 3,
    "delay_time_proportion": 4,
    "level": 0,
    "speed_kmh": 1,
    "congested_km": 2,
    "vkt_km": 2,
    "vht_h": 3,
    "coverage": 3,
}
"""Published fields of an area window and their decimals; None is a word."""

SEGMENT_FIELDS: dict[str, int | None] = {
    "status": None,
    "revision": 0,
    "observations": 0,
    "travel_time_index": 3,
    "level": 0,
    "speed_kmh": 1,
    "flow_vph": 0,
    "coverage": 3,
    "source": None,
}

_WORDS: dict[str, type[Status] | type[Source]] = {"status": Status, "source": Source}


def epoch_seconds(columns: Mapping[str, Any], name: str = "window_start") -> npt.NDArray[np.int64]:
    """A time column as UTC epoch seconds, whether it came as numbers or as datetime64."""
    column = np.asarray(columns[name])
    if np.issubdtype(column.dtype, np.datetime64):
        return column.astype("datetime64[s]").astype(np.int64)
    return column.astype(np.int64)


def fields_of(kind: str) -> dict[str, int | None]:
    """The published fields of a kind of place."""
    return SEGMENT_FIELDS if kind == "segment" else AREA_FIELDS


def published_series(kind: str, columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Columns as JSON-ready lists: window_start in ISO form, numbers rounded, NaN as None."""
    series: dict[str, list[Any]] = {"window_start": [iso(s) for s in epoch_seconds(columns).tolist()]}
    for name, digits in fields_of(kind).items():
        if name in columns:
            series[name] = _published(name, digits, columns[name])
    return series


def csv_of(series: Mapping[str, list[Any]], place: str) -> str:
    """One row per window, the place in every row; an absent value is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["place", *series])
    writer.writerows([_safe_cell(place), *row] for row in zip(*series.values(), strict=True))
    return out.getvalue()


def with_gaps(
    start_s: npt.NDArray[np.int64], values: npt.NDArray[np.float64], window_s: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The series with one NaN where windows are missing, so that no line crosses a hole."""
    if len(start_s) < 2:
        return start_s, values
    hole_after = np.flatnonzero(np.diff(start_s) > window_s)
    return (
        np.insert(start_s, hole_after + 1, start_s[hole_after] + window_s),
        np.insert(values, hole_after + 1, np.nan),
    )


def missing_windows(
    start_s: npt.NDArray[np.int64], window_s: int, since_s: float, until_s: float, now_s: float
) -> int:
    """Windows that begin in [since, until), should be published by now, and are not among `start_s`.

    All times are UTC epoch seconds. What ends in the future, or within the last PUBLISHED_AFTER_S, is not
    missing yet.
    """
    first, end = -(-since_s // window_s), -(-until_s // window_s)
    due = min(end, (now_s - PUBLISHED_AFTER_S) // window_s)
    known = np.unique(start_s // window_s)
    return int(max(0, due - first) - ((known >= first) & (known < due)).sum())


def iso(epoch_s: int) -> str:
    """UTC, to the second, with Z."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat().replace("+00:00", "Z")


def _published(name: str, digits: int | None, column: Any) -> list[Any]:
    if digits is None:
        words = _WORDS[name]
        return [words(int(value)).name.lower() for value in column]
    if digits == 0:
        return [None if not np.isfinite(value) else int(value) for value in np.asarray(column).tolist()]
    return [
        None if not np.isfinite(v) else round(v, digits) for v in np.asarray(column, dtype=float).tolist()
    ]


def _safe_cell(value: str) -> str:
    """A cell that a spreadsheet will not run as a formula."""
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
