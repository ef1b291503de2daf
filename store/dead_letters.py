"""Refused records, as the health page and `citybrain dead-letters` show them."""

from __future__ import annotations

from store.history import History, Result
from store.parameters import Parameters

_RECENT_SQL = """
    select topic, partition_id, log_id, offset, received_at, reason, detail, payload from dead_letters final
    where received_at >= toDateTime({since:UInt32}, 'UTC')
    order by received_at desc, topic, partition_id, offset desc limit {limit:UInt32}
"""

_COUNTS_SQL = """
    select reason, count() as letters, max(received_at) as newest from dead_letters final
    where received_at >= toDateTime({since:UInt32}, 'UTC')
    group by reason order by letters desc, reason
"""


_AT_SQL = """
    select topic, partition_id, log_id, offset, received_at, reason, detail, payload from dead_letters final
    where topic = {topic:String} and partition_id = {partition:UInt16} and offset = {offset:UInt64}
      and startsWith(log_id, {log:String})
    order by received_at, log_id limit 100
"""


def recent_dead_letters(history: History, since: int, limit: int = 100) -> Result:
    """The newest refused records first, those received at `since` (UTC epoch seconds) or later."""
    return history.query(_RECENT_SQL, {"since": since, "limit": limit})


def dead_letters_at(history: History, topic: str, partition: int, offset: int, log: str) -> Result:
    """What was refused at one place, oldest first: one record for each log whose id begins with `log`."""
    asked: Parameters = {"topic": topic, "partition": partition, "offset": offset, "log": log}
    return history.query(_AT_SQL, asked)


def dead_letter_counts(history: History, since: int) -> Result:
    """reason, letters, newest (UTC epoch seconds) of what was received at `since` or later, most first."""
    return history.query(_COUNTS_SQL, {"since": since})
