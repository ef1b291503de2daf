"""Every question that pages, the API and restarted workers ask of the history, in one place."""

from __future__ import annotations

from store.accounting import Gap, counted_gaps
from store.alert_log import alert_events, newest_alert_events
from store.areas import AREA_COLUMNS, area_history, area_span, latest_areas
from store.audit import LogAudit, audit_logs
from store.dead_letters import dead_letter_counts, recent_dead_letters
from store.disk import DiskSpace, Watermark, disk_space, table_sizes
from store.observations import recent_observations
from store.profile import TYPICAL_COLUMNS, typical_at, typical_profile
from store.rankings import ranking
from store.segments import SEGMENT_COLUMNS, segment_history, segments_at

__all__ = [
    "AREA_COLUMNS",
    "SEGMENT_COLUMNS",
    "TYPICAL_COLUMNS",
    "DiskSpace",
    "Gap",
    "LogAudit",
    "Watermark",
    "alert_events",
    "area_history",
    "area_span",
    "audit_logs",
    "counted_gaps",
    "dead_letter_counts",
    "disk_space",
    "latest_areas",
    "newest_alert_events",
    "ranking",
    "recent_dead_letters",
    "recent_observations",
    "segment_history",
    "segments_at",
    "table_sizes",
    "typical_at",
    "typical_profile",
]
