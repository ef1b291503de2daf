"""When the next snapshot is due: with what the workers tell, about once a second.

Every partition tells once per clock record, so index records come in waves a second apart. A snapshot that is
built as soon as a wave is in shows it at once; one that is built at moments of its own shows it up to a
second later. Nothing here reads a clock or waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.index_columns import IndexRecord

SHORTEST_S = 0.8
"""Least time between two snapshots. A wave may be early after a late one; waves that come faster than once a
second share a snapshot."""

SILENT_S = 1.0
"""A snapshot without a wave comes after so long: its ages go on."""

LATE_S = 1.25
"""The same while waves come, so that one that is a little late still gets its snapshot."""

AREAS_S = 0.15
"""So long a wave waits for the districts and the city, which the merge worker adds up from it."""

AWAITED_MS = 3_000
"""A partition whose clock is further behind the newest one is catching up or stuck: no wave waits for it."""


@dataclass(slots=True)
class Rhythm:
    """Mutable; times `at_s` are of one monotonic clock and grow. Due at once until the first `ticked`."""

    ticked_at_s: float = float("-inf")
    _told_ms: dict[int, int] = field(default_factory=dict)
    _shown_ms: dict[int, int] = field(default_factory=dict)
    _areas_ms: int = 0
    _wave_at_s: float | None = None
    _in_waves: bool = False

    def heard(self, record: IndexRecord, at_s: float) -> None:
        """Note a record that was folded."""
        if record.kind != "segment":
            if self._wave_at_s is not None:  # before that they lack partitions
                self._areas_ms = max(self._areas_ms, record.clock_ms)
        elif record.resume is not None:  # the last one of what the partition told at once
            self._told_ms[record.partition] = record.clock_ms
            if self._wave_at_s is None and self._wave_is_in():
                self._wave_at_s = at_s

    def due_s(self) -> float:
        """When the next snapshot is due, if nothing more is heard until then."""
        if self._wave_at_s is None:
            return self.ticked_at_s + (LATE_S if self._in_waves else SILENT_S)
        areas_are_in = self._areas_ms >= max(self._told_ms.values())
        ready_s = self._wave_at_s + (0.0 if areas_are_in else AREAS_S)
        return max(self.ticked_at_s + SHORTEST_S, min(ready_s, self.ticked_at_s + LATE_S))

    def ticked(self, at_s: float) -> None:
        """Note that a snapshot shows everything heard until now."""
        self._in_waves = self._wave_at_s is not None
        self.ticked_at_s, self._wave_at_s = at_s, None
        self._shown_ms = dict(self._told_ms)

    def _wave_is_in(self) -> bool:
        """Whether every partition that keeps up has told more than is shown."""
        newest_ms = max(self._told_ms.values())
        return all(
            told_ms > self._shown_ms.get(partition, 0)
            for partition, told_ms in self._told_ms.items()
            if newest_ms - told_ms < AWAITED_MS
        )
