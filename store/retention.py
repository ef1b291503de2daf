"""How long history is kept: whole partitions (days or months) are dropped once all of them is too old."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from models.errors import ConfigurationError
from store.history import History

# Every table but schema_migrations, which says what the others look like.
RETAINED_TABLES = (
    "observations",
    "segment_indices",
    "area_indices",
    "typical",
    "accounting",
    "dead_letters",
    "alert_events",
)

_PARTITIONS_SQL = """
    select distinct partition as id from system.parts
    where active and database = {database:String} and table = {table:String} order by id
"""


@dataclass(frozen=True)
class DroppedPartition:
    """A partition (20260301 or 202603) that was dropped, or would be."""

    table: str
    partition: str


def partitions_to_drop(partitions: Iterable[str], today: date, days: int) -> list[str]:
    """Those partitions (YYYYMMDD or YYYYMM) whose last day is more than `days` days before `today`.

    Anything that is no such number is kept. `days` below 1 raises ValueError: that would drop the present.
    """
    if days < 1:
        raise ValueError(f"retention of {days} days: at least 1")
    oldest_kept = today - timedelta(days=days)
    return [partition for partition in partitions if (last := _last_day(partition)) and last < oldest_kept]


def apply_retention(
    history: History, days_by_table: Mapping[str, int], today: date, *, dry_run: bool = False
) -> list[DroppedPartition]:
    """Drop what is older than its table's days; the partitions dropped (with `dry_run`: that would be).

    `today` is the UTC date. Tables that are not named keep everything. ConfigurationError for a table that
    does not grow old or fewer days than 1.
    """
    for table, days in days_by_table.items():
        if table not in RETAINED_TABLES or days < 1:
            problem = f"{days} days" if table in RETAINED_TABLES else f"no table {table!r}"
            raise ConfigurationError(
                "retention", table, problem, f"at least 1 day for any of {', '.join(RETAINED_TABLES)}"
            )
    dropped = []
    for table, days in days_by_table.items():
        there = history.query(_PARTITIONS_SQL, {"database": history.database, "table": table})["id"]
        for partition in partitions_to_drop(map(str, there), today, days):
            if not dry_run:
                # Old servers take the number bare only.
                history.execute(f"alter table {table} drop partition {int(partition)}")
            dropped.append(DroppedPartition(table, partition))
    return dropped


def _last_day(partition: str) -> date | None:
    if not partition.isdigit() or len(partition) not in (6, 8):
        return None
    year, month = int(partition[:4]), int(partition[4:6])
    try:
        day = int(partition[6:]) if len(partition) == 8 else calendar.monthrange(year, month)[1]
        return date(year, month, day)
    except ValueError:
        return None
