"""What happened to alerts, as history keeps it."""

from __future__ import annotations

from models.alert_event import AlertEvent
from store.history import History, Result

_SQL = """
    select alert_id, kind, rule, segment_id, district_id, severity, event, at, detail from alert_events final
    where at >= toDateTime({start:UInt32}, 'UTC') and at < toDateTime({end:UInt32}, 'UTC')
    order by at desc, alert_id desc, version desc limit {limit:UInt32}
"""


def alert_events(history: History, start: int, end: int, limit: int = 10_000) -> Result:
    """Events of alerts with `at` in [start, end) (UTC epoch seconds): the newest `limit`, newest first."""
    return history.query(_SQL, {"start": start, "end": end, "limit": limit})


# An event told again may have another version; the largest is what counts, in any number of rows, so that
# nothing needs FINAL here. The aliases differ from the columns.
_NEWEST_SQL = """
    select alert_id, any(kind) as its_kind, any(rule) as its_rule, any(segment_id) as its_segment,
      any(district_id) as its_district, argMax(severity, version) as last_severity,
      argMax(event, version) as last_event, argMax(detail, version) as last_detail,
      toUnixTimestamp(argMax(at, version)) as last_at, max(version) as last_version
    from alert_events where at >= toDateTime({since:UInt32}, 'UTC')
    group by alert_id order by last_version, alert_id
"""


def newest_alert_events(history: History, since: int) -> list[AlertEvent]:
    """The newest event of each alert that had one since then (UTC epoch seconds), oldest first.

    What is not `cleared` is open. For rebuilding the state of the rules after a start.
    """
    columns = history.query(_NEWEST_SQL, {"since": since})
    return [
        AlertEvent(
            alert_id=str(columns["alert_id"][row]),
            kind=str(columns["its_kind"][row]),
            rule=str(columns["its_rule"][row]),
            segment_id=str(columns["its_segment"][row]),
            district_id=str(columns["its_district"][row]),
            severity=int(columns["last_severity"][row]),
            event=str(columns["last_event"][row]),
            at_ms=int(columns["last_at"][row]) * 1000,
            detail=str(columns["last_detail"][row]),
            version=int(columns["last_version"][row]),
        )
        for row in range(len(columns["alert_id"]))
    ]
