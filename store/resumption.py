"""What a restarted archive has to know of one partition: the time of its log, and what it stored lately."""

from __future__ import annotations

from typing import NamedTuple

from store.history import History, Result
from store.parameters import Parameters

_TIME_SQL = """
    select clock_ms, basis_ms from accounting final
    where topic = {topic:String} and partition_id = {partition:UInt16} and log_id = {log_id:String}
      and next_offset <= {offset:UInt64} and clock_ms > 0
    order by next_offset desc limit 1
"""

# The alias differs from the column, so that the condition means the column.
_BEFORE_SQL = """
    select segment_id, sensor_id, vehicle_id, toUnixTimestamp(event_time) as event_epoch_s, event_ms,
      interval_s, speed_kmh, flow_veh, occupancy_pct, offset, row_in_record
    from observations final
    where event_time >= toDateTime({since:UInt32}, 'UTC') and topic = {topic:String}
      and partition_id = {partition:UInt16} and log_id = {log_id:String} and offset < {offset:UInt64}
      and fate = 'counted'
    order by offset, row_in_record
"""


class ArchivedTime(NamedTuple):
    """The log's clock and the basis of the watermark, epoch ms."""

    clock_ms: int
    basis_ms: int


def archived_time(
    history: History, topic: str, partition: int, log_id: str, offset: int
) -> ArchivedTime | None:
    """The time of a partition's log before the record at `offset`, None where nothing was archived before."""
    row = history.query(_TIME_SQL, _place(topic, partition, log_id, offset))
    return ArchivedTime(int(row["clock_ms"][0]), int(row["basis_ms"][0])) if len(row["clock_ms"]) else None


def counted_before(
    history: History, topic: str, partition: int, log_id: str, offset: int, since: int
) -> Result:
    """The counted observations of a partition before `offset` with event_time >= `since` (UTC epoch seconds),
    in log order. For minutes, not days."""
    rows = history.query(_BEFORE_SQL, {**_place(topic, partition, log_id, offset), "since": since})
    rows["event_time"] = rows.pop("event_epoch_s").astype("int64")
    return rows


def _place(topic: str, partition: int, log_id: str, offset: int) -> Parameters:
    return {"topic": topic, "partition": partition, "log_id": log_id, "offset": offset}
