"""The books of the archive: what became of every offset of the log, and proof that none was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from store.column_types import Array
from store.history import History, Result

ROWS_SQL = """
    select topic, partition_id, log_id, first_offset, next_offset,
      stored, counted, duplicate, late, dead, clock
    from accounting final
    where written_at >= toDateTime({since:UInt32}, 'UTC')
    order by topic, partition_id, log_id, first_offset
"""


_NUMBERS = ("first_offset", "next_offset", "stored", "counted", "duplicate", "late", "dead", "clock")

Kind = Literal["missing", "unaccounted", "unbalanced"]


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


def counted_gaps(history: History, since: int = 0) -> list[Gap]:
    """Everything in the books that does not add up, by topic, partition, log and offset; [] is proof.

    `since` (UTC epoch seconds) leaves out what was written before; each log then begins with the first
    row left. A replay that was cut differently overlaps earlier rows, which is no gap.
    """
    return gaps_in(history.query(ROWS_SQL, {"since": since}))


def gaps_in(rows: Result) -> list[Gap]:
    """`counted_gaps` on accounting columns sorted by topic, partition_id, log_id, first_offset."""
    if len(rows["first_offset"]) == 0:
        return []
    number = {name: rows[name].astype(np.int64) for name in _NUMBERS}
    first, after = number["first_offset"], number["next_offset"]
    covered = covered_until(rows, first, after)
    explained = number["stored"] + number["dead"] + number["clock"]
    spoken_for = number["counted"] + number["duplicate"] + number["late"]
    found = [
        *_gaps(rows, first > covered, covered, first, "missing"),
        *_gaps(rows, explained < after - first, first, after, "unaccounted"),
        *_gaps(rows, number["stored"] != spoken_for, first, after, "unbalanced"),
    ]
    return sorted(found, key=lambda gap: (gap.topic, gap.partition_id, gap.log_id, gap.first_offset))


def logs_in(rows: Result) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each (topic, partition_id, log_id) in sorted rows."""
    changes = np.zeros(len(rows["topic"]), dtype=np.bool_)
    changes[:1] = True
    for name in ("topic", "partition_id", "log_id"):
        changes[1:] |= rows[name][1:] != rows[name][:-1]
    starts = np.flatnonzero(changes).tolist()
    return list(zip(starts, [*starts[1:], len(changes)], strict=False))


def covered_until(rows: Result, first: Array, after: Array) -> Array:
    """Per row, the offset up to which the rows before it in its log reach; its own first one in the first."""
    covered = np.empty_like(first)
    for start, end in logs_in(rows):
        covered[start] = first[start]
        covered[start + 1 : end] = np.maximum.accumulate(after[start:end])[:-1]
    return covered


def _gaps(rows: Result, wrong: Array, first: Array, after: Array, kind: Kind) -> list[Gap]:
    return [
        Gap(
            topic=str(rows["topic"][row]),
            partition_id=int(rows["partition_id"][row]),
            log_id=str(rows["log_id"][row]),
            first_offset=int(first[row]),
            next_offset=int(after[row]),
            kind=kind,
        )
        for row in np.flatnonzero(wrong)
    ]
