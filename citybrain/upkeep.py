"""What is done for the history once an hour: old partitions go, as the retention settings say."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import structlog

from config.settings import Settings
from models.errors import StoreUnavailable
from store.history import History
from store.retention import apply_retention

PERIOD_S = 3600.0

log = structlog.get_logger(__name__)


def days_kept(settings: Settings) -> dict[str, int]:
    """Table -> days, from the settings."""
    return {
        "observations": settings.retention_observations_days,
        "segment_indices": settings.retention_segment_indices_days,
        "area_indices": settings.retention_area_indices_days,
        "dead_letters": settings.retention_dead_letters_days,
        "accounting": settings.retention_observations_days,
        "alert_events": settings.retention_alert_events_days,
    }


def run_upkeep(settings: Settings, history: History, stopping: threading.Event) -> None:
    """Apply the retention now and every hour, until `stopping` is set."""
    while not stopping.is_set():
        try:
            dropped = apply_retention(history, days_kept(settings), datetime.now(UTC).date())
        except StoreUnavailable as error:
            log.warning("retention waits for the history", problem=str(error))
            stopping.wait(error.retry_after_s)
            continue
        if dropped:
            log.info("old partitions dropped", partitions=dropped)
        stopping.wait(PERIOD_S)
