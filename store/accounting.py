"""The books of the archive: what became of every offset of the log, and proof that none was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from store.column_types import Array
from store.history import History, Result
from store.parameters import Parameters

# Over all rows, for min needs no FINAL: where the books of a log begin, beside what is looked at.
_LOGS_SQL = """
    select topic, partition_id, log_id, min(first_offset) as head, max(next_offset) as after,
      minIf(first_offset, written_at >= toDateTime({since:UInt32}, 'UTC')) as since_offset,
      countIf(written_at >= toDateTime({since:UInt32}, 'UTC')) as n
    from accounting group by topic, partition_id, log_id having n > 0 order by topic, partition_id, log_id
"""

# Where every stretch but the last ends on the start of another one, a chain leads from the first offset to
# the last and nothing is missing. Equal sums of hashes say so in one pass that keeps no rows; the few logs
# where they differ (a gap, or a replay that was cut differently) are then looked at row by row.
_UNSOUND_SQL = """
    select topic, partition_id, log_id,
      sum(cityHash64(first_offset)) - cityHash64(min(first_offset)) as starts,
      sum(cityHash64(next_offset)) - cityHash64(max(next_offset)) as ends,
      countIf(stored + dead + clock < next_offset - first_offset or stored != counted + duplicate + late)
        as wrong
    from accounting final where written_at >= toDateTime({since:UInt32}, 'UTC')
    group by topic, partition_id, log_id having starts != ends or wrong > 0
    order by topic, partition_id, log_id
"""

_ROWS_SQL = """
    select first_offset, next_offset, stored, counted, duplicate, late, dead, clock
    from accounting final
    where topic = {topic:String} and partition_id = {partition_id:UInt16} and log_id = {log_id:String}
      and written_at >= toDateTime({since:UInt32}, 'UTC')
    order by first_offset
"""

Kind = Literal["missing", "unaccounted", "unbalanced"]


class Log(NamedTuple):
    """One partition of a topic, as one broker kept it."""

    topic: str
    partition_id: int
    log_id: str


@dataclass(frozen=True)
class AuditedLog:
    """What of a log the books cover: they begin at `head`; what is looked at is [first_offset, next_offset).

    A head above 0 leaves offsets that no book tells of: archived never, or before the group's first offset,
    or dropped by retention.
    """

    log: Log
    head: int
    first_offset: int
    next_offset: int


@dataclass(frozen=True)
class Gap:
    """Something in the books that does not add up, for offsets [first_offset, next_offset).

    missing: no row covers them. unaccounted: their row covers more offsets than it explains (stored, dead,
    clock). unbalanced: their row's stored is not counted + duplicate + late.
    """

    topic: str
    partition_id: int
    log_id: str
    first_offset: int
    next_offset: int
    kind: Kind

    @property
    def offsets(self) -> int:
        """How many places in the log are meant."""
        return self.next_offset - self.first_offset


def audited_logs(history: History, since: int = 0) -> list[AuditedLog]:
    """The logs that the books tell of since then (UTC epoch seconds), by topic, partition and log."""
    found = history.query(_LOGS_SQL, {"since": since})
    return [
        AuditedLog(log, int(head), int(first), int(after))
        for log, head, first, after in zip(
            _logs(found), found["head"], found["since_offset"], found["after"], strict=True
        )
    ]


def counted_gaps(history: History, since: int = 0) -> list[Gap]:
    """Everything in the books that does not add up, by topic, partition, log and offset.

    `since` (UTC epoch seconds) leaves out what was written before; each log then begins with the first
    row left. [] proves that nothing is missing between the first and the last offset of `audited_logs`. A
    replay that was cut differently overlaps earlier rows, which is no gap.
    """
    unsound = _logs(history.query(_UNSOUND_SQL, {"since": since}))
    return [gap for log in unsound for gap in gaps_in(log, rows_of(history, log, since))]


def rows_of(history: History, log: Log, since: int = 0) -> Result:
    """The books of one log, numbers only, by first offset."""
    asked: Parameters = {**log._asdict(), "since": since}
    return {name: values.astype(np.int64) for name, values in history.query(_ROWS_SQL, asked).items()}


def gaps_in(log: Log, rows: Result) -> list[Gap]:
    """What does not add up in the rows of one log, sorted by first_offset."""
    first, after = rows["first_offset"], rows["next_offset"]
    if len(first) == 0:
        return []
    covered = np.concatenate([first[:1], np.maximum.accumulate(after)[:-1]])
    explained = rows["stored"] + rows["dead"] + rows["clock"]
    spoken_for = rows["counted"] + rows["duplicate"] + rows["late"]
    found = [
        *_gaps(log, first > covered, covered, first, "missing"),
        *_gaps(log, explained < after - first, first, after, "unaccounted"),
        *_gaps(log, rows["stored"] != spoken_for, first, after, "unbalanced"),
    ]
    return sorted(found, key=lambda gap: gap.first_offset)


def _logs(found: Result) -> list[Log]:
    return [
        Log(str(topic), int(partition_id), str(log_id))
        for topic, partition_id, log_id in zip(
            found["topic"], found["partition_id"], found["log_id"], strict=True
        )
    ]


def _gaps(log: Log, wrong: Array, first: Array, after: Array, kind: Kind) -> list[Gap]:
    return [Gap(*log, int(first[row]), int(after[row]), kind) for row in np.flatnonzero(wrong)]
