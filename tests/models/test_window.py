"""Windows: which one, when it is published, what is late, and that batches do not matter."""

from __future__ import annotations

import itertools
import tracemalloc
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import sums
from models.index_columns import Status
from models.window import Fate, PartitionWindows, TimeRules
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation, columns_of

CITY = a_city()
SECOND = 1000
MINUTE = 60_000


def windows_of(lengths: tuple[int, ...] = (60,), **rules: int) -> PartitionWindows:
    return PartitionWindows(len(CITY.segments), TimeRules(**rules), lengths)


def fold(windows: PartitionWindows, *payloads: bytes) -> list[Fate]:
    return [Fate(fate) for fate in windows.fold(columns_of(list(payloads), CITY))]


def told(windows: PartitionWindows) -> list[tuple[int, Status, list[int]]]:
    """(window start in s after noon, status, segments) of what a collection says without provisionals."""
    return [
        ((change.window.start_ms - NOON_MS) // SECOND, change.status, change.segments.tolist())
        for change in windows.collect(provisional=False)
    ]


#   noon      +30s      +60s
#    |--- 30 s ---|--- 30 s ---|
#    [      window 0          )[   window 60 ...
def test_an_observation_belongs_to_the_window_that_its_start_falls_in() -> None:
    windows = windows_of()
    fold(windows, a_clock(NOON_MS), an_observation("s0-0", NOON_MS + 60 * SECOND))
    assert [change.window.start_ms for change in windows.collect(True)] == [NOON_MS]


def test_an_observation_that_straddles_an_edge_counts_whole_where_it_starts() -> None:
    windows = windows_of()
    fold(windows, an_observation("s0-0", NOON_MS + 70 * SECOND, interval_s=20))
    (change,) = windows.collect(True)
    assert change.window.start_ms == NOON_MS
    assert change.window.sums[0, sums.VEHICLES_MILLI] == 10_000


def test_an_observation_longer_than_a_window_fills_every_window_it_covers() -> None:
    windows = windows_of((60, 300))
    fold(windows, an_observation("s0-0", NOON_MS + 300 * SECOND, interval_s=300, flow_veh=50))
    found = {
        (c.window.window_s, (c.window.start_ms - NOON_MS) // SECOND): c.window.sums[0]
        for c in windows.collect(True)
    }
    assert sorted(found) == [(60, 0), (60, 60), (60, 120), (60, 180), (60, 240), (300, 0)]
    assert found[60, 120][sums.VEHICLES_MILLI] == 10_000, "its vehicles are shared over the minutes"
    assert found[300, 0][sums.VEHICLES_MILLI] == 50_000
    assert found[300, 0][sums.OBSERVATIONS] == 1, "and it counts once"


def test_a_window_is_published_when_the_watermark_passes_its_end() -> None:
    windows = windows_of(settle_s=10)
    fold(windows, a_clock(NOON_MS), an_observation("s0-0", NOON_MS + 30 * SECOND))
    fold(windows, an_observation("s1-0", NOON_MS + 69 * SECOND))
    assert told(windows) == [], "69 s - 10 s has not passed 60 s"
    fold(windows, an_observation("s1-0", NOON_MS + 70 * SECOND))
    assert told(windows) == [(0, Status.PUBLISHED, [0, 1])]
    assert told(windows) == [], "it is told once"


def test_a_record_that_finds_the_watermark_at_the_very_end_amends() -> None:
    windows = windows_of(settle_s=10)
    fold(windows, a_clock(NOON_MS), an_observation("s0-0"), an_observation("s1-0", NOON_MS + 70 * SECOND))
    assert windows.watermark_ms == NOON_MS + MINUTE
    fold(windows, an_observation("s2-0"))
    assert told(windows) == [(0, Status.PUBLISHED, [0, 1]), (0, Status.AMENDED, [2])]


def test_a_late_observation_amends_the_window_and_tells_only_its_segment() -> None:
    windows = windows_of()
    fold(windows, a_clock(NOON_MS), an_observation("s0-0"), an_observation("s1-0", NOON_MS + 120 * SECOND))
    told(windows)
    assert fold(windows, an_observation("s2-0")) == [Fate.COUNTED]
    (change,) = windows.collect(False)
    assert (change.status, change.segments.tolist()) == (Status.AMENDED, [2])
    assert change.window.amendments.tolist() == [0, 0, 1, 0]


def test_after_the_lateness_a_window_is_final_and_reopens_for_nobody() -> None:
    windows = windows_of(settle_s=10, lateness_s=600)
    end = NOON_MS + MINUTE
    fold(windows, a_clock(NOON_MS), an_observation("s0-0"))
    fold(windows, a_clock(end + 640 * SECOND))
    assert told(windows) == [(0, Status.PUBLISHED, [0]), (0, Status.FINAL, [0])]
    assert fold(windows, an_observation("s1-0")) == [Fate.LATE]
    assert told(windows) == []


def test_a_repeated_observation_counts_in_no_window() -> None:
    windows = windows_of()
    assert fold(windows, an_observation(), an_observation("s1-0"), an_observation()) == [
        Fate.COUNTED,
        Fate.COUNTED,
        Fate.DUPLICATE,
    ]
    assert fold(windows, an_observation(flow_veh=19)) == [Fate.DUPLICATE]
    (change,) = windows.collect(True)
    assert change.window.sums[0, sums.VEHICLES_MILLI] == 10_000


def test_an_event_far_ahead_of_the_clock_is_quarantined_and_moves_no_watermark() -> None:
    windows = windows_of(ahead_s=120)
    fold(windows, a_clock(NOON_MS), an_observation("s0-0"))
    before = windows.watermark_ms
    assert fold(windows, an_observation("s1-0", NOON_MS + 86_400 * SECOND)) == [Fate.AHEAD]
    assert windows.watermark_ms == before
    assert fold(windows, an_observation("s1-0", NOON_MS + 120 * SECOND)) == [Fate.COUNTED]


def test_without_any_clock_record_no_event_moves_the_watermark() -> None:
    windows = windows_of()
    fold(windows, an_observation("s0-0", NOON_MS + 86_400 * SECOND))
    assert windows.watermark_ms == 0


def test_in_silence_the_clock_publishes_the_window() -> None:
    windows = windows_of(settle_s=10, idle_s=30)
    fold(windows, a_clock(NOON_MS), an_observation("s0-0"))
    fold(windows, a_clock(NOON_MS + 99 * SECOND))
    assert told(windows) == []
    fold(windows, a_clock(NOON_MS + 100 * SECOND))
    assert told(windows) == [(0, Status.PUBLISHED, [0])]


def test_a_standing_queue_is_not_an_empty_road() -> None:
    windows = windows_of()
    fold(windows, an_observation(speed_kmh=None, flow_veh=0, occupancy_pct=95.0))
    (change,) = windows.collect(True)
    assert change.window.sums[0, sums.SLOWNESS] > 0


@st.composite
def _logs(draw: st.DrawFn) -> list[bytes]:
    """A few minutes of a log: observations somewhat out of order, repeats, clocks, some far ahead."""
    log, clock = [], NOON_MS
    for _ in range(draw(st.integers(5, 40))):
        clock += draw(st.integers(0, 20)) * SECOND
        kind = draw(st.sampled_from(["clock", "observation", "observation", "observation", "ahead"]))
        if kind == "clock":
            log.append(a_clock(clock))
            continue
        delay = draw(st.integers(0, 900)) * SECOND
        end = clock + 3600 * SECOND if kind == "ahead" else clock - delay // 10 * 10
        sensor = f"s{draw(st.integers(0, 3))}-0"
        interval = draw(st.sampled_from([20, 30, 60, 150, 300]))
        speed = draw(st.sampled_from([None, 8.35, 30.0, 61.7]))
        log.append(an_observation(sensor, end, interval_s=interval, speed_kmh=speed))
    return log


def _first_published(windows: PartitionWindows, batches: list[list[bytes]]) -> dict[tuple[int, int], object]:
    """What each window said when it was published, and only then."""
    found: dict[tuple[int, int], object] = {}
    for batch in batches:
        windows.fold(columns_of(batch, CITY))
        for change in windows.collect(provisional=True):
            if change.status == Status.PUBLISHED:
                key = (change.window.window_s, change.window.start_ms)
                assert key not in found, "a window is published once"
                found[key] = (change.window.sums.tolist(), change.segments.tolist())
    return found


@settings(max_examples=60)
@given(_logs(), st.integers(2, 9))
def test_however_the_log_is_cut_a_window_is_published_with_the_same_values(
    log: list[bytes], size: int
) -> None:
    whole = _first_published(windows_of((60, 300), lateness_s=120), [log])
    cut = [log[i : i + size] for i in range(0, len(log), size)]
    assert _first_published(windows_of((60, 300), lateness_s=120), cut) == whole
    assert _first_published(windows_of((60, 300), lateness_s=120), [[record] for record in log]) == whole


def _finals(windows: PartitionWindows, batches: list[list[bytes]]) -> dict[tuple[int, int], list[list[int]]]:
    finals = {}
    for batch in batches:
        windows.fold(columns_of(batch, CITY))
        for change in windows.collect(False):
            if change.status == Status.FINAL:
                finals[change.window.window_s, change.window.start_ms] = change.window.sums.tolist()
    for change in windows.finish():
        finals[change.window.window_s, change.window.start_ms] = change.window.sums.tolist()
    return finals


@settings(max_examples=60)
@given(_logs(), st.lists(st.integers(1, 39), max_size=6))
def test_however_the_log_is_cut_the_final_windows_are_equal(log: list[bytes], cuts: list[int]) -> None:
    edges = [0, *sorted({cut for cut in cuts if cut < len(log)}), len(log)]
    batches = [log[a:b] for a, b in itertools.pairwise(edges) if a < b]
    one_by_one = [[record] for record in log]
    expected = _finals(windows_of((60, 300), lateness_s=120), [log])
    assert _finals(windows_of((60, 300), lateness_s=120), batches) == expected
    assert _finals(windows_of((60, 300), lateness_s=120), one_by_one) == expected


@settings(max_examples=60)
@given(_logs(), st.randoms(use_true_random=False))
def test_reordered_within_the_lateness_the_final_windows_are_equal(log: list[bytes], random: Random) -> None:
    rules = {"lateness_s": 86_400, "ahead_s": 86_400}
    # Of records that repeat a (sensor, event_time) the first counts, so that only one of each may take part.
    once: dict[bytes, bytes] = {}
    for record in log:
        if b"sensor_id" in record:
            once.setdefault(record[: record.index(b"interval")], record)
    first = list(once.values())
    second = random.sample(first, len(first))
    expected = _finals(windows_of((60, 300), **rules), [[a_clock(NOON_MS), *first]])
    assert _finals(windows_of((60, 300), **rules), [[a_clock(NOON_MS), *second]]) == expected


@pytest.mark.parametrize("length_s", [60, 300])
def test_sums_are_whole_numbers(length_s: int) -> None:
    windows = windows_of((length_s,))
    fold(windows, an_observation(speed_kmh=33.333, flow_veh=7))
    (change,) = windows.collect(True)
    assert change.window.sums.dtype == np.int64


def test_fates_alone_are_those_of_folding_and_open_no_window() -> None:
    log = [
        a_clock(NOON_MS),
        an_observation(),
        an_observation(),
        an_observation("s1-0", NOON_MS - 86_400 * SECOND),
    ]
    log += [an_observation("s1-0", NOON_MS + 86_400 * SECOND), an_observation("s2-0", interval_s=300)]
    folding, judging = windows_of((60, 300)), windows_of((60, 300))
    for records in (log, [], [an_observation("s3-0"), an_observation()]):
        columns = columns_of(records, CITY)
        assert judging.judge(columns).tolist() == folding.fold(columns).tolist()
        assert judging.watermark_ms == folding.watermark_ms
    assert list(judging.collect(True)) == []


def test_more_records_than_are_taken_at_once_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    log = [an_observation(f"s{i % 4}-0", NOON_MS + i * SECOND) for i in range(100)]
    log = [a_clock(NOON_MS + 50 * SECOND), *log[50:], *log[:60]]
    expected = _finals(windows_of((60, 300)), [log])
    fates = windows_of((60, 300)).fold(columns_of(log, CITY)).tolist()
    monkeypatch.setattr("models.window.MOST_AT_ONCE", 7)
    assert _finals(windows_of((60, 300)), [log]) == expected
    assert windows_of((60, 300)).fold(columns_of(log, CITY)).tolist() == fates


def test_memory_grows_with_the_segments_seen_and_not_with_the_city() -> None:
    def bytes_for(city_segments: int) -> int:
        windows = PartitionWindows(city_segments)
        tracemalloc.start()
        try:
            for minute in range(10):
                end = NOON_MS + minute * MINUTE + 30 * SECOND
                windows.fold(
                    columns_of([a_clock(end), *(an_observation(f"s{i}-0", end) for i in range(4))], CITY)
                )
                list(windows.collect(True))
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert bytes_for(1_000_000) - bytes_for(10) < 100_000
