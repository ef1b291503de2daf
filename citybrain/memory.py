"""What a worker remembers at its start: windows and fates from archived observations, open alerts."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from models.alert_event import AlertEvent
from models.area import Areas
from models.city import City
from models.partition_index import PartitionIndex
from models.partitioning import partition_of
from models.window import WINDOW_LENGTHS_S, PartitionWindows, TimeRules
from store.alert_log import newest_alert_events
from store.history import History, Result
from store.observations import recent_observations
from store.resumption import archived_time, counted_before
from streams.archive_partition import archived_columns

ALERTS_REMEMBERED_S = 30 * 86_400
"""An alert that has said nothing for so long is not continued after a start."""


def remembered_s(rules: TimeRules) -> int:
    """How far back an observation can still matter: a whole longest window before the lateness, plus it."""
    longest_s = max(WINDOW_LENGTHS_S)
    return rules.lateness_s + rules.settle_s + rules.ahead_s + 2 * longest_s


def start_from_archive(
    history: History, city: City, areas: Areas, partitions: int, rules: TimeRules
) -> Callable[[int], PartitionIndex]:
    """For an embedded broker, whose log ends with its process: open windows come back from the archive.

    Only whole longest windows are read, so that none is rebuilt from a part of its observations.
    """
    longest_s = max(WINDOW_LENGTHS_S)
    since_s = (int(time.time()) - remembered_s(rules)) // longest_s * longest_s
    rows = recent_observations(history, since_s)
    # What came too late then must not count now, only because no clock record was archived.
    wanted = (rows["event_time"] - rows["interval_s"] >= since_s) & (rows["fate"] == "counted")
    rows = _chosen(rows, wanted)
    partition = np.array([partition_of(str(key), partitions) for key in rows["segment_id"]], dtype=np.int64)

    def start(number: int) -> PartitionIndex:
        index = PartitionIndex(city, areas, rules)
        columns = archived_columns(_chosen(rows, partition == number), city)
        index.fold(columns)
        # No clock record came with them, so they moved no time; but this is how new the picture is.
        index.windows.newest_event_ms = int(columns.event_ms.max(initial=0))
        return index

    return start


def remember_fates(
    history: History, city: City, topic: str, log_id: str, rules: TimeRules
) -> Callable[[int, int], PartitionWindows]:
    """For the archive: the log's time before an offset, and what was counted lately before it, so that after
    a restart it calls late, ahead or a repetition what it would have called so without."""

    def start(partition: int, first_offset: int) -> PartitionWindows:
        windows = PartitionWindows(len(city.segments), rules)
        known = archived_time(history, topic, partition, log_id, first_offset)
        if known is not None:
            since_s = max(0, known.basis_ms // 1000 - remembered_s(rules))
            rows = counted_before(history, topic, partition, log_id, first_offset, since_s)
            windows.fold(archived_columns(rows, city))
            windows.resume(known.clock_ms, known.basis_ms)
        return windows

    return start


def remember_alerts(history: History) -> Callable[[], list[AlertEvent]]:
    """For the alerts: asks for the newest event of each alert. Raises StoreUnavailable and StoreRejected; the
    alerts go on meanwhile, and ask again."""
    return lambda: newest_alert_events(history, int(time.time()) - ALERTS_REMEMBERED_S)


def _chosen(rows: Result, mask: np.ndarray) -> Result:
    return {name: values[mask] for name, values in rows.items()}
