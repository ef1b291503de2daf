"""Whether the rows that the books claim are really in the table: stored = counted, place by place."""

from __future__ import annotations

from dataclasses import dataclass

from store.accounting import audited_logs, rows_of
from store.history import History, Result
from store.parameters import Parameters

# uniqExact instead of FINAL: rows that are there twice count once, and nothing needs sorting.
_FOUND_SQL = """
    select uniqExact(offset, row_in_record) as n from observations
    where topic = {topic:String} and partition_id = {partition_id:UInt16} and log_id = {log_id:String}
      and offset >= {first_offset:UInt64} and offset < {next_offset:UInt64}
"""


@dataclass(frozen=True)
class LogAudit:
    """One log of one partition: observations that should be stored, and those that are.

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


def audit_logs(history: History, since: int = 0, *, limit_s: float | None = None) -> list[LogAudit]:
    """Compare the books written at `since` (UTC epoch seconds) or later with table `observations`.

    Reads the offsets of the whole table, for each log at most
    `limit_s` long: once an hour is often enough. What retention has dropped from `observations` counts as
    lost: ask for less than that.
    """
    audits = []
    for covered in audited_logs(history, since):
        log, first_offset, next_offset = covered.log, covered.first_offset, covered.next_offset
        expected, certain = _expected(rows_of(history, log, since))
        place: Parameters = {**log._asdict(), "first_offset": first_offset, "next_offset": next_offset}
        found = int(history.query(_FOUND_SQL, place, limit_s=limit_s)["n"][0])
        audits.append(LogAudit(*log, first_offset, next_offset, expected, found, certain))
    return audits


def _expected(log: Result) -> tuple[int, bool]:
    """Stored observations by the rows that follow each other, and whether they do from end to end."""
    first, after, stored = log["first_offset"], log["next_offset"], log["stored"]
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
