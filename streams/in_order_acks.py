"""When may a record be acknowledged? Once no window that its batch touched can change any more.

What is committed is the first offset of the oldest batch that still touches an open window, so that a
crash replays whole windows. Faust commits past unfinished records when acks come out of order, hence
strictly in order, and it acks what raised, hence by hand. Payloads are let go as soon as they are folded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from faust.types import EventT

from models.index_columns import LogTime


@dataclass(frozen=True, slots=True)
class _Held:
    events: Sequence[EventT[bytes]]
    last_window_end_ms: int
    found: LogTime | None


@dataclass(slots=True)
class InOrderAcks:
    """The records of one partition that wait for their windows."""

    _held: deque[_Held] = field(default_factory=deque)

    def hold(
        self, events: Sequence[EventT[bytes]], last_window_end_ms: int, found: LogTime | None = None
    ) -> None:
        """Remember a batch that touches windows up to `last_window_end_ms` (0: none), and what was known of
        time before it."""
        for event in events:
            event.value = event.message.value = None
        self._held.append(_Held(events, last_window_end_ms, found))

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
            for event in self._held.popleft().events:
                event.ack()
                acked += 1
        return acked

    def __len__(self) -> int:
        return sum(len(held.events) for held in self._held)
