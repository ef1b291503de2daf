"""What the pages need to ask of the history, as a protocol; the caller brings the answers.

Columns come back as arrays of one length, sorted by `window_start` (UTC epoch seconds or datetime64).
Any method may be called from any thread and may take long or raise `Unavailable` or `StoreRejected`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

Columns = Mapping[str, Any]

DayTypeOf = Callable[[date], str]
"""workday, saturday, sunday or holiday, for a date of the city's own calendar."""


class Readers(Protocol):
    """Questions to the history. `start` and `end` are aware; ranges are half-open."""

    def area_history(self, kind: str, area_id: str, window_s: int, start: datetime, end: datetime) -> Columns:
        """Windows of a city, district or corridor with the columns of AREA_DTYPES."""

    def segment_history(self, segment_id: str, window_s: int, start: datetime, end: datetime) -> Columns:
        """Windows of a segment with the columns of SEGMENT_DTYPES."""

    def typical_profile(self, kind: str, area_id: str, day_type: str) -> Columns:
        """slot 0..287 of the local day, n, tti_p10/p50/p90, tpi_p10/p50/p90, speed_p50."""

    def typical_at(self, kind: str, day_type: str, slot: int) -> Columns:
        """The same columns with area_id instead of slot, for every place of a kind."""

    def alerts(self, start: datetime, end: datetime, limit: int) -> Columns:
        """The newest `limit` alert events, newest first.

        alert_id, kind, rule, segment_id, district_id, severity, event, detail, and `at` like window_start.
        """

    def store_health(self) -> StoreHealth:
        """What the store says of itself and of its books."""


@dataclass(frozen=True, slots=True)
class AuditedRange:
    """Offsets [first_offset, next_offset) of one log were audited; the books of this log begin at `head`."""

    log: str
    head: int
    first_offset: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """The store as the health page shows it; None where it does not say.

    `gaps` empty proves that no offset of the ranges in `audited` is missing, and says nothing of others.
    """

    engine: str
    version: str
    disk_free_bytes: float | None
    disk_total_bytes: float | None
    disk_watermark: str
    tables: Mapping[str, int]
    gaps: tuple[str, ...]
    audited: tuple[AuditedRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """How this process runs, for the health page; `host` is the address that it listens on."""

    mode: str = "embedded"
    host: str = "127.0.0.1"
    versions: Mapping[str, str] = field(default_factory=dict)
