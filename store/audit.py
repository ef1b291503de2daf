"""Whether the rows that the books claim are really in the table: stored = counted, offset by offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from store.accounting import ROWS_SQL, logs_in
from store.history import History, Result
from store.parameters import Parameters

# uniqExact instead of FINAL: rows that are there twice count once, and nothing needs sorting.
_FOUND_SQL = """
    select uniqExact(offset) as n from observations
    where topic = {topic:String} and partition_id = {partition_id:UInt16} and log_id = {log_id:String}
      and offset >= {first_offset:UInt64} and offset < {next_offset:UInt64}
"""


@dataclass(frozen=True)
class LogAudit:
    """One log of one partition: offsets that should be stored, and those that are.

    `certain` is False where a row is missing, and where a replay was cut differently and has not yet passed
    the old cut: what overlapping rows say of clock records and dead letters cannot be added up until it has.
    """

    topic: str
    partition_id: int
    log_id: str
    first_offset: int
    next_offset: int
    expected: int
    found: int
    certain: bool

    @property
    def lost(self) -> int:
        """Observations that the books claim and the table does not have."""
        return self.expected - self.found


def audit_logs(history: History, since: int = 0) -> list[LogAudit]:
    """Compare the books written at `since` (UTC epoch seconds) or later with table `observations`.

    For topics with one observation per record. Reads the offsets of the whole table: every few minutes
    is often enough. What retention has dropped from `observations` counts as lost: ask for less than that.
    """
    rows = history.query(ROWS_SQL, {"since": since})
    audits = []
    for start, end in logs_in(rows):
        log = {name: values[start:end] for name, values in rows.items()}
        expected, certain = _expected(log)
        topic, partition_id, log_id = str(log["topic"][0]), int(log["partition_id"][0]), str(log["log_id"][0])
        first_offset, next_offset = int(log["first_offset"][0]), int(log["next_offset"].max())
        place: Parameters = {
            "topic": topic,
            "partition_id": partition_id,
            "log_id": log_id,
            "first_offset": first_offset,
            "next_offset": next_offset,
        }
        found = int(history.query(_FOUND_SQL, place)["n"][0])
        audits.append(
            LogAudit(topic, partition_id, log_id, first_offset, next_offset, expected, found, certain)
        )
    return audits


def _expected(log: Result) -> tuple[int, bool]:
    """Stored offsets by the rows of one log that follow each other, and whether they do from end to end."""
    first = log["first_offset"].astype(np.int64)
    after = log["next_offset"].astype(np.int64)
    stored = log["stored"].astype(np.int64)
    position, expected, certain = int(first[0]), 0, True
    for row in range(len(first)):
        if first[row] >= position:
            certain = certain and first[row] == position
            expected += int(stored[row])
            position = int(after[row])
        elif after[row] > position:
            certain = False
            position = int(after[row])
    return expected, certain
