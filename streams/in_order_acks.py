"""When may a batch be acknowledged? Once no window that it touched can change any more.

What is committed is the first offset of the oldest batch that still touches an open window, so that a
crash replays whole windows. Faust acks what raised, hence by hand. Payloads are let go as soon as they are
folded: what waits here is a place in the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from faust.types import EventT

from models.index_columns import LogTime
from streams.batches import Batch


@dataclass(slots=True)
class _Held:
    events: Sequence[EventT[Any]]
    records: int
    last_window_end_ms: int
    found: LogTime | None


@dataclass(slots=True)
class InOrderAcks:
    """The batches of one partition that wait for their windows."""

    _held: deque[_Held] = field(default_factory=deque)

    def hold(self, batch: Batch, last_window_end_ms: int, found: LogTime | None = None) -> None:
        """Remember a batch that touches windows up to `last_window_end_ms` (0: none), and what was known of
        time before it."""
        for each in batch.fetched:
            each.release()
        self._held.append(_Held(batch.events, len(batch), last_window_end_ms, found))

    def first_kept(self, final_before_ms: int) -> LogTime | None:
        """What was known of time before the first batch that `release` would keep; None if it keeps none."""
        for held in self._held:
            if held.last_window_end_ms > final_before_ms:
                return held.found
        return None

    def release(self, final_before_ms: int) -> int:
        """Ack, in order, every batch whose windows all end at or before `final_before_ms`; records acked."""
        acked = 0
        while self._held and self._held[0].last_window_end_ms <= final_before_ms:
            held = self._held.popleft()
            for event in held.events:
                event.ack()
            acked += held.records
        return acked

    def __len__(self) -> int:
        return sum(held.records for held in self._held)
