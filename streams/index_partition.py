"""The index job of one partition of a running worker: batches in, records to produce out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import structlog

from models.area_record import encode_partials
from models.dead_letter import DeadLetter, dead_letter
from models.index_columns import (
    LARGEST_ROWS,
    Columns,
    IndexRecord,
    LogTime,
    encode_record,
    in_records,
    pack_columns,
)
from models.observation import ObservationColumns, Refusal
from models.partition_index import AreaPartial, PartitionIndex
from models.window import Fate
from streams.batches import Batch
from streams.careful_fold import Folded, fold_around_failures, fold_batch
from streams.in_order_acks import InOrderAcks
from streams.topics import OBSERVATIONS

FOLDED_AT_ONCE_BYTES = 1_000_000
"""That bounds what is in hand: of a block's observations a hundred bytes each, in columns."""

log = structlog.get_logger(__name__)

_COUNTED_AS = {Fate.COUNTED: "accepted", Fate.DUPLICATE: "duplicate", Fate.LATE: "late"}


@dataclass(frozen=True, slots=True)
class Produce:
    """What one batch leads to; each part may be empty."""

    segments: list[bytes]
    partials: list[bytes]
    dead_letters: list[DeadLetter]


class _Times(NamedTuple):
    """What a record says of time."""

    clock_ms: int
    data_ms: int
    watermark_ms: int


@dataclass(slots=True)
class IndexPartition:
    """State of one partition from its first batch on; a replay begins with another one."""

    index: PartitionIndex
    partition: int
    log_id: str
    counts: Counter[str] = field(default_factory=Counter)
    acks: InOrderAcks = field(default_factory=InOrderAcks)
    next_offset: int | None = None
    missing: int = 0
    told_at_s: float = -math.inf  # the caller's clock
    _told: _Times = field(default_factory=lambda: _Times(0, 0, 0))
    _owes_provisional: bool = False
    """Whether the last word left out what is not published: then the next one need not wait for the clock."""

    def take(
        self, batch: Batch, *, tell: bool = True, provisional: bool = True, careful: bool = False
    ) -> Produce:
        """Fold a batch and say what to produce. Call `settle` once that is durable. Without `tell` what
        changed is told after a later batch, without `provisional` only what is published: a reader who is
        behind waits for the newest anyway.

        When this raises the state is of no use any more; `careful` then leaves out the records that it
        raises for."""
        if self.next_offset is not None and batch.first_offset > self.next_offset:
            self.missing += batch.first_offset - self.next_offset
            gap = {"expected": self.next_offset, "got": batch.first_offset}
            log.warning("records missing", partition=self.partition, **gap)
        self.next_offset = batch.next_offset
        found = self._time_at(batch.first_offset)
        letters: list[DeadLetter] = []
        last_end_ms = 0
        for part in batch.in_parts(FOLDED_AT_ONCE_BYTES):
            folded = self._fold(part, careful)
            ahead = _ahead(folded.columns, folded.fates, part, self.index.windows.clock_ms)
            refusals = folded.refusals + ahead
            self._count(folded.fates, refusals)
            letters += self._letters(part, one_per_record(refusals)) if refusals else []
            lengths_s = self.index.window_lengths_s
            last_end_ms = max(last_end_ms, last_window_end_ms(folded.columns, folded.fates, lengths_s))
        self.acks.hold(batch, last_end_ms, found)
        return Produce(*(self._tell(provisional) if tell else ([], [])), letters)

    def _fold(self, batch: Batch, careful: bool) -> Folded:
        if not careful:
            return fold_batch(self.index.windows, batch, self.index.city)
        self.index.windows, folded = fold_around_failures(self.index.windows, batch, self.index.city)
        return folded

    def read_from(self, batch: Batch) -> int:
        """The offset to read on from when `take` has raised for `batch`."""
        first = self.acks.first_kept(-1)
        return batch.first_offset if first is None else first.offset

    def settle(self, produced: Produce) -> int:
        """Acknowledge what no open window needs any more; returns the number of records.

        Only after a record has told where to resume, so that every commit has its time in the log.
        """
        return self.acks.release(self._final_before_ms()) if produced.segments else 0

    def _final_before_ms(self) -> int:
        windows = self.index.windows
        return windows.watermark_ms - windows.rules.lateness_s * 1000

    def _time_at(self, offset: int) -> LogTime:
        return LogTime(offset, self.index.windows.clock_ms, self.index.windows.basis_ms)

    def _tell(self, provisional: bool) -> tuple[list[bytes], list[bytes]]:
        windows = self.index.windows
        owed = provisional and self._owes_provisional
        if windows.clock_ms and windows.clock_ms <= self._told.clock_ms and not owed:
            return [], []
        self._owes_provisional = not provisional
        before, now = self._told, _Times(windows.clock_ms, windows.newest_event_ms, windows.watermark_ms)
        self._told = now
        output = self.index.collect(provisional)
        resume = self.acks.first_kept(self._final_before_ms()) or self._time_at(self.next_offset or 0)
        parts = in_records(output.segments, len(output.segments["segment_id"]))
        # The last of several says where to resume: then everything before it is told.
        segments = [
            self._segment_record(part, now, resume if number == len(parts) else None)
            for number, part in enumerate(parts, 1)
        ]
        return segments, self._partial_records(output.partials, before, now)

    def _segment_record(self, columns: Columns, times: _Times, resume: LogTime | None) -> bytes:
        return encode_record(
            IndexRecord(
                "segment",
                self.index.city.city_id,
                self.partition,
                *times,
                len(columns["segment_id"]),
                pack_columns("segment", columns),
                dict(self.counts),
                self.log_id,
                resume,
            )
        )

    def _partial_records(self, partials: list[AreaPartial], before: _Times, now: _Times) -> list[bytes]:
        """The partials in records that Kafka takes. Only the last has the watermark that publishes them: a
        window is published when all that is told of it is there."""
        areas = len(self.index.areas)
        at_once = max(1, LARGEST_ROWS // max(areas, 1))
        firsts = range(0, max(len(partials), 1), at_once)
        return [
            encode_partials(
                self.index.city.city_id,
                self.partition,
                *(now if first == firsts[-1] else before),
                areas,
                partials[first : first + at_once],
            )
            for first in firsts
        ]

    def _count(self, fates: np.ndarray, refusals: Sequence[Refusal]) -> None:
        for fate, name in _COUNTED_AS.items():
            self.counts[name] += int((fates == fate).sum())
        for refusal in refusals:
            self.counts[refusal.reason] += refusal.rows

    def _letters(self, batch: Batch, refusals: Sequence[Refusal]) -> list[DeadLetter]:
        offsets, recorded_ms, payloads = batch.offsets, batch.recorded_ms, batch.payloads
        return [
            dead_letter(
                OBSERVATIONS.name,
                batch.partition,
                self.log_id,
                int(offsets[refusal.position]),
                int(recorded_ms[refusal.position]),
                refusal.reason,
                refusal.detail,
                payloads[refusal.position],
            )
            for refusal in refusals
        ]


def _ahead(columns: ObservationColumns, fates: np.ndarray, batch: Batch, clock_ms: int) -> list[Refusal]:
    """Refusals of the events that lie too far in the future, one per record."""
    rows = np.flatnonzero(fates == Fate.AHEAD)
    if not len(rows):
        return []
    offsets = batch.offsets
    refusals = []
    for offset in np.unique(columns.offset[rows]):
        ahead_ms = columns.event_ms[rows[columns.offset[rows] == offset]] - clock_ms
        detail = f"event_time is {ahead_ms.max() / 1000:.0f} s ahead of the log's clock"
        if len(ahead_ms) > 1:
            detail = f"{len(ahead_ms)} observations: {detail}"
        position = int(np.searchsorted(offsets, offset))
        refusals.append(Refusal(position, "ahead_of_clock", detail, len(ahead_ms)))
    return refusals


def one_per_record(refusals: Sequence[Refusal]) -> list[Refusal]:
    """A record is one dead letter, whatever is wrong with it: details of the same record are joined."""
    joined: dict[int, Refusal] = {}
    for refusal in refusals:
        before = joined.get(refusal.position)
        if before is not None:
            detail, rows = f"{before.detail}; {refusal.detail}", before.rows + refusal.rows
            refusal = replace(before, detail=detail, rows=rows)
        joined[refusal.position] = refusal
    return list(joined.values())


def last_window_end_ms(
    columns: ObservationColumns, fates: np.ndarray, window_lengths_s: Sequence[int]
) -> int:
    """End of the newest window that the counted records fall in; 0 where none counts."""
    counted = fates == Fate.COUNTED
    if not counted.any():
        return 0
    longest_ms = max(window_lengths_s) * 1000
    newest_ms = int(np.maximum(columns.start_ms[counted], columns.event_ms[counted] - 1).max())
    return (newest_ms // longest_ms + 1) * longest_ms
