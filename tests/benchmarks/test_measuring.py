"""What is measured, and when an observation counts as seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.glass import seen_after_s
from benchmarks.meter import Meter, cpu_s, peak_rss_mb, rss_mb
from benchmarks.percentiles import percentiles


def work() -> int:
    return sum(i * i for i in range(300_000))


def test_a_meter_counts_what_is_between_start_and_stop() -> None:
    meter = Meter()
    before_s = cpu_s()
    meter.start()
    work()
    meter.first()
    work()
    meter.first()  # only the first call counts
    meter.stop()
    whole_s = cpu_s() - before_s
    figures = meter.figures(1_000)
    assert 0 < figures.cpu_from_first_s < figures.cpu_s <= whole_s
    assert figures.wall_from_first_s < figures.wall_s
    assert figures.peak_rss_mb == pytest.approx(peak_rss_mb(), rel=0.2)


def test_a_meter_that_saw_no_record_has_no_figures() -> None:
    meter = Meter()
    meter.start()
    meter.stop()
    with pytest.raises(ValueError, match="measured nothing"):
        meter.figures(1_000)


def test_memory_now_is_no_more_than_it_ever_was() -> None:
    assert 0 < rss_mb() <= peak_rss_mb()


def test_percentiles_are_those_of_the_sample() -> None:
    found = percentiles([i / 100 for i in range(101)])
    assert found == {"p50_s": 0.5, "p95_s": 0.95, "p99_s": 0.99, "samples": 101}


FOLLOWED = np.array([4, 9])
SNAPSHOTS = [100.0, 101.0, 102.0, 103.0]


def test_an_observation_is_seen_with_the_first_snapshot_that_shows_another_coverage() -> None:
    shown = [np.array(row, dtype=np.uint8) for row in ([25, 0], [25, 0], [50, 0], [50, 25])]
    seen, missing = seen_after_s([(4, 100.5), (9, 102.75)], FOLLOWED, SNAPSHOTS, shown)
    assert seen == [1.5, 0.25]
    assert missing == 0


def test_an_observation_that_changes_nothing_is_missing() -> None:
    shown = [np.array([25, 0], dtype=np.uint8)] * 4
    assert seen_after_s([(4, 100.5)], FOLLOWED, SNAPSHOTS, shown) == ([], 1)
