"""What is done for the history once an hour: typical days anew, old partitions away, books compared."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from config.settings import Settings
from models.errors import StoreRejected, StoreUnavailable
from store.areas import area_span
from store.audit import LogAudit, audit_logs
from store.history import History
from store.profile import newest_typical
from store.retention import apply_retention
from store.typical import compute_typical

PERIOD_S = 3600.0
TYPICAL_DAYS = 56
"""What is usual comes from the last eight weeks: eight days of each weekday, four even after gaps."""
LEAST_HISTORY_S = 86_400
AUDITED_S = 86_400
AUDIT_LIMIT_S = 120.0

log = structlog.get_logger(__name__)


def days_kept(settings: Settings) -> dict[str, int]:
    """Table -> days, from the settings."""
    return {
        "observations": settings.retention_observations_days,
        "segment_indices": settings.retention_segment_indices_days,
        "area_indices": settings.retention_area_indices_days,
        "typical": settings.retention_typical_days,
        "accounting": settings.retention_observations_days,
        "dead_letters": settings.retention_dead_letters_days,
        "alert_events": settings.retention_alert_events_days,
    }


def run_upkeep(
    settings: Settings,
    timezone: str,
    day_type_of: Callable[[date], str],
    history: History,
    stopping: threading.Event,
) -> None:
    """Now and every hour, until `stopping` is set; waits while the history is unavailable."""
    while not stopping.is_set():
        try:
            refresh_typical(history, timezone, day_type_of, time.time())
            dropped = apply_retention(history, days_kept(settings), datetime.now(UTC).date())
            report_lost(history, int(time.time()) - AUDITED_S)
        except StoreUnavailable as error:
            log.warning("upkeep waits for the history", problem=str(error))
            stopping.wait(error.retry_after_s)
            continue
        if dropped:
            log.info("old partitions dropped", partitions=[f"{d.table} {d.partition}" for d in dropped])
        stopping.wait(PERIOD_S)


def report_lost(history: History, since_s: int) -> list[LogAudit]:
    """Log and return the logs of which table `observations` lacks rows that the books since then claim.

    A replay of days older than their retention is told of too: its rows are dropped as they come.
    """
    try:
        lost = [audit for audit in audit_logs(history, since_s, limit_s=AUDIT_LIMIT_S) if audit.lost > 0]
    except StoreRejected as error:  # too much for the time or the memory that a question may take
        log.warning("books not compared with the observations", problem=str(error))
        return []
    for audit in lost:
        log.error(
            "observations are missing that the books claim",
            partition=f"{audit.topic}/{audit.partition_id}",
            offsets=f"[{audit.first_offset}, {audit.next_offset})",
            missing=audit.lost,
            certain=audit.certain,
        )
    return lost


def refresh_typical(history: History, timezone: str, day_type_of: Callable[[date], str], now_s: float) -> int:
    """Compute the typical days once a local day, from the whole days before it; the rows written, 0 if none.

    Waits for a day of history. What was computed before stays under its own `as_of`: a page of last week
    shows what was usual then.
    """
    today = datetime.fromtimestamp(now_s, ZoneInfo(timezone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    midnight_s = int(today.timestamp())
    span = area_span(history, 300)
    if span is None or span[0] > midnight_s - LEAST_HISTORY_S:
        return 0
    if (newest_typical(history) or 0) >= midnight_s:
        return 0
    days = [today.date() - timedelta(days=back) for back in range(1, TYPICAL_DAYS + 1)]
    rows = compute_typical(history, midnight_s, {day: day_type_of(day) for day in days}, timezone)
    log.info("typical days computed", rows=rows, as_of=today.isoformat())
    return rows
