"""Old partitions go, young ones stay."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ConfigurationError
from store.disk import Watermark, disk_space, table_sizes, watermark_of
from store.history import History
from store.retention import DroppedPartition, apply_retention, partitions_to_drop
from tests.store.rows import MONDAY, observation_rows, segment_rows

TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("partition", "days", "dropped"),
    [
        ("20260301", 30, False),  # exactly 30 days before the 31st
        ("20260228", 30, True),
        ("202602", 30, True),  # ended on the 28th
        ("202602", 31, False),
        ("202603", 1, False),
        ("20260331", 1, False),
        ("20270101", 1, False),
        ("tuple()", 1, False),
        ("20261399", 1, False),
    ],
)
def test_a_partition_goes_when_its_last_day_is_too_old(partition: str, days: int, dropped: bool) -> None:
    assert partitions_to_drop([partition], TODAY, days) == ([partition] if dropped else [])


@given(st.dates(date(1990, 1, 1), TODAY), st.integers(1, 4000))
def test_nothing_within_the_days_is_ever_dropped(day: date, days: int) -> None:
    if (TODAY - day).days <= days:
        assert partitions_to_drop([f"{day:%Y%m%d}", f"{day:%Y%m}"], TODAY, days) == []
    else:
        assert partitions_to_drop([f"{day:%Y%m%d}"], TODAY, days) == [f"{day:%Y%m%d}"]


def test_keeping_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        partitions_to_drop(["20260101"], TODAY, 0)


def test_only_old_partitions_are_dropped_and_told(history: History) -> None:
    days = np.arange(40)
    history.insert("observations", observation_rows(range(40), event_time=MONDAY + 86400 * days))
    history.insert("segment_indices", segment_rows(["s1"], [MONDAY - 60 * 86400, MONDAY]))
    today = datetime.fromtimestamp(MONDAY + 39 * 86400, UTC).date()
    asked = {"observations": 10, "segment_indices": 45}

    planned = apply_retention(history, asked, today, dry_run=True)
    assert history.query("select count() as n from observations")["n"][0] == 40
    dropped = apply_retention(history, asked, today)

    assert dropped == planned
    assert len(dropped) == 29 + 1
    assert DroppedPartition("segment_indices", "202601") in dropped
    left = history.query("select min(event_time) as oldest, count() as n from observations")
    assert (int(left["oldest"][0]), int(left["n"][0])) == (MONDAY + 29 * 86400, 11)
    assert history.query("select window_start from segment_indices")["window_start"].tolist() == [MONDAY]
    assert apply_retention(history, asked, today) == []


@pytest.mark.parametrize("asked", [{"observation": 10}, {"observations": 0}, {"schema_migrations": 10}])
def test_retention_of_an_unknown_table_or_of_no_days_is_refused_before_anything_is_dropped(
    history: History, asked: dict[str, int]
) -> None:
    history.insert("observations", observation_rows([0]))
    with pytest.raises(ConfigurationError, match=f"retention: {next(iter(asked))}"):
        apply_retention(history, {"observations": 1, **asked}, date(2030, 1, 1))
    assert history.query("select count() as n from observations")["n"][0] == 1


@pytest.mark.parametrize(
    ("free", "state"),
    [
        (0.5, "ok"),
        (0.15, "ok"),
        (0.149, "warning"),
        (0.05, "warning"),
        (0.049, "critical"),
        (0.0, "critical"),
    ],
)
def test_the_watermark_says_how_full_the_disk_is(free: float, state: str) -> None:
    assert watermark_of(free) == state


def test_the_disk_of_the_history_is_known_or_said_to_be_unknown(history: History) -> None:
    space = disk_space(history, warning=0.0, critical=0.0)
    if history.data_directory is not None or history.version() >= (19, 15):
        assert 0 < space.free_bytes <= space.total_bytes
        assert space.watermark is Watermark.OK
    else:
        assert np.isnan(space.free_ratio)
        assert space.watermark is Watermark.UNKNOWN


def test_the_room_that_tables_take_is_told(history: History) -> None:
    history.insert("observations", observation_rows(range(1000)))
    sizes = history_sizes = table_sizes(history)
    row = history_sizes["name"].tolist().index("observations")
    assert sizes["row_count"][row] == 1000
    assert sizes["disk_bytes"][row] > 1000
