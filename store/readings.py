"""Every question that pages, the API and restarted workers ask of the history, in one place."""

from __future__ import annotations

from store.accounting import AuditedLog, Gap, audited_logs, counted_gaps
from store.alert_log import alert_events, newest_alert_events
from store.areas import AREA_COLUMNS, area_history, area_span
from store.audit import LogAudit, audit_logs
from store.dead_letters import dead_letter_counts, recent_dead_letters
from store.disk import DiskSpace, Watermark, disk_space, table_sizes
from store.observations import recent_observations
from store.profile import TYPICAL_COLUMNS, typical_at, typical_profile
from store.rankings import ranking
from store.segments import SEGMENT_COLUMNS, segment_history

__all__ = [
    "AREA_COLUMNS",
    "SEGMENT_COLUMNS",
    "TYPICAL_COLUMNS",
    "AuditedLog",
    "DiskSpace",
    "Gap",
    "LogAudit",
    "Watermark",
    "alert_events",
    "area_history",
    "area_span",
    "audit_logs",
    "audited_logs",
    "counted_gaps",
    "dead_letter_counts",
    "disk_space",
    "newest_alert_events",
    "ranking",
    "recent_dead_letters",
    "recent_observations",
    "segment_history",
    "table_sizes",
    "typical_at",
    "typical_profile",
]
