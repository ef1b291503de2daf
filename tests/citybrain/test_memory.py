"""What a worker remembers from the archive at its start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from citybrain.memory import remember_alerts, remember_fates, start_from_archive
from models.area import areas_of
from models.errors import StoreUnavailable
from models.partition_index import PartitionIndex
from models.partitioning import partition_of
from models.window import TimeRules
from store.history import History, open_history
from store.migrate import migrate
from streams.archive_partition import ArchivePartition
from streams.topics import OBSERVATIONS
from tests.models.builders import a_city, a_clock, an_observation, columns_of
from tests.streams.test_index_partition import a_batch, events

CITY = a_city()
PARTITIONS = 2


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = open_history(f"chdb:///{tmp_path}/history")
    migrate(opened)
    yield opened
    opened.close()


def recent_records() -> list[bytes]:
    """Observations of the last three minutes, every half minute, of every segment."""
    now_ms = int(time.time()) // 30 * 30_000
    return [
        an_observation(f"s{i}-0", now_ms - 30_000 * k, speed_kmh=17.31 + i * 9 + k, flow_veh=3 + k)
        for k in range(6)
        for i in range(4)
    ]


def archived(history: History, records: list[bytes]) -> None:
    """Archive the records in their partitions, as the worker does."""
    for partition in range(PARTITIONS):
        mine = [r for r in records if partition_of(_segment(r), PARTITIONS) == partition]
        start = remember_fates(history, CITY, OBSERVATIONS.name, "log-1", TimeRules())
        archive = ArchivePartition(partition, "log-1", CITY, start)
        now_ms = int(time.time() * 1000)
        rows, accounting = archive.take(a_batch(events(a_clock(now_ms), *mine, partition=partition)))
        history.insert("observations", rows)
        history.insert("accounting", accounting)


def _segment(record: bytes) -> str:
    return record.split(b'"sensor_id": "')[1].split(b"-")[0].decode()


def test_open_windows_come_back_equal_to_the_bit(history: History) -> None:
    records = recent_records()
    archived(history, records)
    start = start_from_archive(history, CITY, areas_of(CITY), PARTITIONS, TimeRules())
    for partition in range(PARTITIONS):
        live = PartitionIndex(CITY, areas_of(CITY))
        mine = [r for r in records if partition_of(_segment(r), PARTITIONS) == partition]
        live.fold(columns_of(mine, CITY))
        rebuilt = start(partition)
        pairs = zip(live.windows.collect(True), rebuilt.windows.collect(True), strict=True)
        for expected, found in pairs:
            assert (found.window.window_s, found.window.start_ms) == (
                expected.window.window_s,
                expected.window.start_ms,
            )
            np.testing.assert_array_equal(found.window.sums, expected.window.sums)


def test_a_repetition_after_a_restart_is_known_by_its_offset_in_the_log(history: History) -> None:
    records = recent_records()
    archived(history, records)
    repeated = records[0]
    partition = partition_of(_segment(repeated), PARTITIONS)
    start = remember_fates(history, CITY, OBSERVATIONS.name, "log-1", TimeRules())
    restarted = ArchivePartition(partition, "log-1", CITY, start)
    rows, _ = restarted.take(a_batch(events(repeated, first_offset=1000, partition=partition)))
    assert list(rows["fate"]) == ["duplicate"]
    another_log = ArchivePartition(
        partition, "log-2", CITY, remember_fates(history, CITY, OBSERVATIONS.name, "log-2", TimeRules())
    )
    rows, _ = another_log.take(a_batch(events(repeated, first_offset=0, partition=partition)))
    assert list(rows["fate"]) == ["counted"], "offsets of another log say nothing here"


def test_a_history_that_is_away_says_so_when_asked_for_alerts() -> None:
    unreachable = open_history("clickhouse://127.0.0.1:1/citybrain")  # nothing listens on port 1
    try:
        with pytest.raises(StoreUnavailable):
            remember_alerts(unreachable)()
    finally:
        unreachable.close()


def test_what_came_too_late_counts_in_no_rebuilt_window(history: History) -> None:
    archived(history, recent_records())
    late = archived_late(history)
    start = start_from_archive(history, CITY, areas_of(CITY), PARTITIONS, TimeRules())
    partition = partition_of(_segment(late), PARTITIONS)
    starts_ms = {change.window.start_ms for change in start(partition).windows.collect(True)}
    late_ms = int(columns_of([late], CITY).start_ms[0])
    assert late_ms // 60_000 * 60_000 not in starts_ms


def archived_late(history: History) -> bytes:
    """Archive one more observation, too late for any window, and return it."""
    late = an_observation("s1-0", int(time.time()) // 60 * 60_000 - 1_020_000)
    partition = partition_of(_segment(late), PARTITIONS)
    start = remember_fates(history, CITY, OBSERVATIONS.name, "log-1", TimeRules())
    archive = ArchivePartition(partition, "log-1", CITY, start)
    rows, _ = archive.take(a_batch(events(late, first_offset=500, partition=partition)))
    assert list(rows["fate"]) == ["late"], "the log's time is remembered"
    history.insert("observations", rows)
    return late
