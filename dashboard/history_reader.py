"""The pages' readers on a real history: `Readers` answered by the questions of the store."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime

from dashboard.readers import AuditedRange, Columns, StoreHealth
from store.disk import WARNING_FREE_RATIO
from store.history import History
from store.readings import (
    alert_events,
    area_history,
    audited_logs,
    counted_gaps,
    disk_space,
    segment_history,
    table_sizes,
    typical_at,
    typical_profile,
)

AUDITED_S = 86_400
"""The books of the last day are looked at; what was found before was shown then."""


@dataclass(frozen=True, slots=True)
class HistoryReaders:
    """`readers.Readers` over an open history; any method may be called from any thread."""

    history: History
    free_warning_ratio: float = WARNING_FREE_RATIO

    def area_history(self, kind: str, area_id: str, window_s: int, start: datetime, end: datetime) -> Columns:
        """Windows of a city, district or corridor."""
        return area_history(self.history, kind, area_id, window_s, _epoch_s(start), _epoch_s(end))

    def segment_history(self, segment_id: str, window_s: int, start: datetime, end: datetime) -> Columns:
        """Windows of a segment."""
        return segment_history(self.history, segment_id, window_s, _epoch_s(start), _epoch_s(end))

    def typical_profile(self, kind: str, area_id: str, day_type: str) -> Columns:
        """The typical day of one place."""
        return typical_profile(self.history, kind, area_id, day_type)

    def typical_at(self, kind: str, day_type: str, slot: int) -> Columns:
        """One slot of the typical day of every place of a kind."""
        return typical_at(self.history, kind, day_type, slot)

    def alerts(self, start: datetime, end: datetime, limit: int) -> Columns:
        """The newest alert events, newest first."""
        return alert_events(self.history, _epoch_s(start), _epoch_s(end), limit)

    def store_health(self) -> StoreHealth:
        """Engine, disk, tables and the gaps in the books of the last day."""
        since = int(time.time()) - AUDITED_S
        space = disk_space(self.history, warning=self.free_warning_ratio)
        sizes = table_sizes(self.history)
        return StoreHealth(
            engine="chDB" if self.history.data_directory is not None else "ClickHouse",
            version=".".join(str(part) for part in self.history.version()),
            disk_free_bytes=_known(space.free_bytes),
            disk_total_bytes=_known(space.total_bytes),
            disk_watermark=str(space.watermark),
            tables={str(n): int(c) for n, c in zip(sizes["name"], sizes["row_count"], strict=True)},
            gaps=tuple(
                f"{gap.topic}/{gap.partition_id} [{gap.first_offset}, {gap.next_offset}) {gap.kind}"
                for gap in counted_gaps(self.history, since)
            ),
            audited=tuple(
                AuditedRange(f"{a.log.topic}/{a.log.partition_id}", a.head, a.first_offset, a.next_offset)
                for a in audited_logs(self.history, since)
            ),
        )


def _epoch_s(moment: datetime) -> int:
    return max(0, math.ceil(moment.timestamp()))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
