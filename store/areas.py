"""Questions about areas: city, districts, corridors. Times are UTC epoch seconds, ranges half-open."""

from __future__ import annotations

from models.index_columns import AREA_DTYPES
from store.history import History, Result

AREA_COLUMNS = (*AREA_DTYPES, "synthetic", "method_version")
_COLUMNS = ", ".join(AREA_COLUMNS)

_HISTORY_SQL = f"""
    select {_COLUMNS} from area_indices final
    where window_s = {{window_s:UInt16}} and area_kind = {{kind:String}} and area_id = {{area_id:String}}
      and window_start >= toDateTime({{start:UInt32}}, 'UTC')
      and window_start < toDateTime({{end:UInt32}}, 'UTC')
    order by window_start
"""

_SPAN_SQL = """
    select min(window_start) as oldest, max(window_start) as newest, uniqExact(window_start) as n
    from area_indices where window_s = {window_s:UInt16} and area_kind = {kind:String}
"""


def area_history(history: History, kind: str, area_id: str, window_s: int, start: int, end: int) -> Result:
    """AREA_COLUMNS of one area's windows that start in [start, end), each once, in order of time.

    A window that nobody computed is absent: holes stay holes.
    """
    return history.query(
        _HISTORY_SQL, {"kind": kind, "area_id": area_id, "window_s": window_s, "start": start, "end": end}
    )


def area_span(history: History, window_s: int, kind: str = "city") -> tuple[int, int, int] | None:
    """First and last window start and the number of windows stored of a kind, None when there is none."""
    row = history.query(_SPAN_SQL, {"kind": kind, "window_s": window_s})
    windows = int(row["n"][0])
    return (int(row["oldest"][0]), int(row["newest"][0]), windows) if windows else None
