"""What happened to alerts, as history keeps it."""

from __future__ import annotations

from store.history import History, Result

_SQL = """
    select alert_id, kind, rule, segment_id, district_id, severity, event, at, detail from alert_events final
    where at >= toDateTime({start:UInt32}, 'UTC') and at < toDateTime({end:UInt32}, 'UTC')
    order by at, alert_id, event limit {limit:UInt32}
"""


def alert_events(history: History, start: int, end: int, limit: int = 10_000) -> Result:
    """Events of alerts with `at` in [start, end) (UTC epoch seconds), oldest first."""
    return history.query(_SQL, {"start": start, "end": end, "limit": limit})
