"""Room for the history: how much is free where its data are, and how much of it the tables take."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from enum import StrEnum

from models.errors import StoreRejected, StoreUnavailable
from store.history import History, Result

WARNING_FREE_RATIO = 0.15
CRITICAL_FREE_RATIO = 0.05

_DISKS_SQL = (
    "select toFloat64(min(free_space)) as free, toFloat64(min(total_space)) as total from system.disks"
)

_TABLES_SQL = """
    select table as name, sum(rows) as row_count, sum(bytes_on_disk) as disk_bytes, count() as parts
    from system.parts where active and database = {database:String} group by table order by table
"""


class Watermark(StrEnum):
    """How full the disk is. UNKNOWN: an old server does not say."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class DiskSpace:
    """Bytes free and in all of the disk with the least room; NaN where the server does not say."""

    place: str
    free_bytes: float
    total_bytes: float
    watermark: Watermark

    @property
    def free_ratio(self) -> float:
        """Free share, 0..1; NaN where unknown."""
        return self.free_bytes / self.total_bytes if self.total_bytes > 0 else math.nan


def watermark_of(
    free_ratio: float, warning: float = WARNING_FREE_RATIO, critical: float = CRITICAL_FREE_RATIO
) -> Watermark:
    """The state for a free share: critical below `critical`, warning below `warning`, unknown for NaN."""
    if math.isnan(free_ratio):
        return Watermark.UNKNOWN
    if free_ratio < critical:
        return Watermark.CRITICAL
    return Watermark.WARNING if free_ratio < warning else Watermark.OK


def disk_space(
    history: History, warning: float = WARNING_FREE_RATIO, critical: float = CRITICAL_FREE_RATIO
) -> DiskSpace:
    """The room left where the history keeps its data. StoreUnavailable when a server cannot be reached."""
    free, total = _free_and_total(history)
    ratio = free / total if total > 0 else math.nan
    return DiskSpace(
        history.data_directory or history.place, free, total, watermark_of(ratio, warning, critical)
    )


def table_sizes(history: History) -> Result:
    """name, row_count, disk_bytes, parts of every table that has rows; rows not yet collapsed count each."""
    return history.query(_TABLES_SQL, {"database": history.database})


def _free_and_total(history: History) -> tuple[float, float]:
    if history.data_directory is not None:
        try:
            usage = shutil.disk_usage(history.data_directory)
        except OSError as problem:
            raise StoreUnavailable(history.place, f"its directory: {problem.strerror}") from None
        return float(usage.free), float(usage.total)
    try:
        row = history.query(_DISKS_SQL)
    except StoreRejected:  # no such table before 19.15
        return math.nan, math.nan
    return float(row["free"][0]), float(row["total"][0])
