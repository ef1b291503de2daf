"""Archived observations, as a restarted worker reads them back."""

from __future__ import annotations

import numpy as np

from store.column_types import Array
from store.history import History, Result

# Seconds are fetched as numbers: a server's DateTime is slow to read. The alias differs from the column.
_RECENT_SQL = """
    select topic, partition_id, log_id, offset, row_in_record, sensor_id, segment_id,
      toUnixTimestamp(event_time) as event_epoch_s, event_ms, interval_s,
      speed_kmh, flow_veh, occupancy_pct, vehicle_id, fate, synthetic
    from observations final
    where event_time >= toDateTime({since:UInt32}, 'UTC')
"""


def recent_observations(history: History, since_epoch_s: int) -> Result:
    """Every stored observation with event_time >= `since_epoch_s`, each once, as the log had them.

    Columns of table `observations` but version, event_time in UTC epoch seconds. Sorted by topic, partition
    and offset; of several logs (an embedded broker that started again) the one with older events first.
    For rebuilding open windows: ask for minutes, not days.
    """
    rows = history.query(_RECENT_SQL, {"since": since_epoch_s})
    rows["event_time"] = rows.pop("event_epoch_s").astype(np.int64)
    place = (
        rows["row_in_record"],
        rows["offset"],
        _age_rank(rows),
        rows["partition_id"],
        _codes(rows["topic"]),
    )
    order = np.lexsort(place)
    return {name: values[order] for name, values in rows.items()}


def _age_rank(rows: Result) -> Array:
    """Per row the rank of its log by the log's oldest event."""
    logs = _codes(rows["log_id"])
    oldest = np.full(int(logs.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(oldest, logs, rows["event_time"])
    rank: Array = np.argsort(np.argsort(oldest, kind="stable"))[logs]
    return rank


def _codes(texts: Array) -> Array:
    """Positions of the texts among their sorted distinct values."""
    code = {text: position for position, text in enumerate(sorted(set(texts)))}
    return np.array([code[text] for text in texts], dtype=np.int64)
