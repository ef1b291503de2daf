"""The order of the log.

file   1.2   1.4   3.1   2.0(late)        times in seconds
log  |1 1.2  1.4 |2 |3 3.1   2.0          | is a clock tick
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.feeds.ordering import log_order
from streams.feeds.records import FeedRecord

DAY_S = 86_400


def a_record(second: float, name: str = "f") -> FeedRecord:
    return FeedRecord("k", round(second * 1000), b"", name, 0)


def drawn(*recordings: list[float], trailing_s: int = 0) -> list[str]:
    """The log as |second for a tick and the second for a record."""
    files = [[a_record(second) for second in recording] for recording in recordings]
    return [
        f"|{entry[1] / 1000:g}" if entry[0] == "clock" else f"{entry[1].available_ms / 1000:g}"
        for entry in log_order(*files, trailing_s=trailing_s)
    ]


def test_a_tick_stands_before_what_was_known_in_its_second() -> None:
    assert drawn([1.2, 1.4, 3.1, 2.0]) == ["|1", "1.2", "1.4", "|2", "|3", "3.1", "2"]


def test_a_record_known_on_the_second_comes_behind_its_tick() -> None:
    assert drawn([1, 2]) == ["|1", "1", "|2", "2"]


def test_the_order_of_the_file_is_kept() -> None:
    assert drawn([5.0, 4.0, 5.5, 4.5]) == ["|5", "5", "4", "5.5", "4.5"]


def test_several_recordings_are_merged_by_the_time_they_were_known() -> None:
    assert drawn([1.0, 2.0, 4.0], [1.5, 3.5]) == ["|1", "1", "1.5", "|2", "2", "|3", "3.5", "|4", "4"]


def test_time_goes_on_behind_the_last_record_where_asked() -> None:
    assert drawn([1.0], trailing_s=3) == ["|1", "1", "|2", "|3", "|4"]


def test_an_empty_recording_is_an_empty_log() -> None:
    assert drawn([], [], trailing_s=5) == []


def test_one_wrong_clock_does_not_move_the_time() -> None:
    seconds = [10.0 + i / 10 for i in range(600)]
    wrong = [*seconds[:300], seconds[300] + DAY_S, *seconds[300:]]
    ticks = [entry for entry in drawn(wrong) if entry.startswith("|")]
    assert ticks == [f"|{second}" for second in range(10, 70)]
    assert len(drawn(wrong)) == len(ticks) + 601


def test_a_wrong_clock_in_the_first_record_does_not_begin_the_log() -> None:
    seconds = [DAY_S * 20_000.0 + i / 10 for i in range(50)]
    for first in (0.0, DAY_S * 20_001.0):
        ticks = [entry for entry in drawn([first, *seconds]) if entry.startswith("|")]
        assert ticks == [f"|{DAY_S * 20_000 + second:g}" for second in range(5)]


def test_a_gap_in_the_recording_is_ticked_through() -> None:
    log = drawn([1.0, 1000.0, 1000.5, 1001.0])
    assert log[:2] == ["|1", "1"]
    assert [entry for entry in log if entry.startswith("|")] == [f"|{s}" for s in range(1, 1002)]


def test_a_sparse_recording_without_times_of_sending_begins_at_its_first_record() -> None:
    log = drawn([300.0 * (i // 5) for i in range(5 * 40)])
    assert log[:2] == ["|0", "0"]
    assert log[5:7] == ["0", "|1"]


@given(
    st.lists(st.integers(0, 400_000), max_size=40),
    st.lists(st.integers(0, 400_000), max_size=40),
    st.integers(0, 5),
)
def test_ticks_are_one_a_second_and_no_record_is_lost(
    first: list[int], second: list[int], trailing_s: int
) -> None:
    files = [[a_record(ms / 1000, name) for ms in times] for name, times in (("a", first), ("b", second))]
    log = list(log_order(*files, trailing_s=trailing_s))
    ticks = [entry[1] for entry in log if entry[0] == "clock"]
    assert ticks == (list(range(ticks[0], ticks[-1] + 1, 1000)) if ticks else [])
    assert bool(ticks) == bool(log)
    for name, times in (("a", first), ("b", second)):
        kept = [e[1].available_ms for e in log if e[0] == "observation" and e[1].source == name]
        assert kept == times
