"""Questions about segments. Times are UTC epoch seconds, ranges half-open."""

from __future__ import annotations

from models.index_columns import SEGMENT_DTYPES
from store.history import History, Result

SEGMENT_COLUMNS = (*SEGMENT_DTYPES, "synthetic", "method_version")
_COLUMNS = ", ".join(SEGMENT_COLUMNS)

_HISTORY_SQL = f"""
    select {_COLUMNS} from segment_indices final
    where window_s = {{window_s:UInt16}} and segment_id = {{segment_id:String}}
      and window_start >= toDateTime({{start:UInt32}}, 'UTC')
      and window_start < toDateTime({{end:UInt32}}, 'UTC')
    order by window_start
"""


def segment_history(history: History, segment_id: str, window_s: int, start: int, end: int) -> Result:
    """SEGMENT_COLUMNS of one segment's windows that start in [start, end), each once, in order of time."""
    return history.query(
        _HISTORY_SQL, {"segment_id": segment_id, "window_s": window_s, "start": start, "end": end}
    )
