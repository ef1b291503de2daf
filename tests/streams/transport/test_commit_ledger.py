"""What may be committed while batches are finished in any order."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from streams.transport.commit_ledger import PartitionLedger, Place


@dataclass
class ABatch:
    end: int
    done: bool = False


def handed_over(
    ledger: PartitionLedger[ABatch], count: int, reading: int = 0, starts_at: int = 0
) -> list[ABatch]:
    """`count` batches of 10 offsets each, the first of a reading."""
    found = []
    for number in range(count):
        batch = ABatch(starts_at + 10 * (number + 1))
        assert ledger.hand_over(batch, Place(reading, number, starts_at), batch.end) is None
        found.append(batch)
    return found


def test_nothing_is_committed_before_the_oldest_batch_is_done() -> None:
    ledger: PartitionLedger[ABatch] = PartitionLedger()
    oldest, *others = handed_over(ledger, 3)
    for batch in others:
        batch.done = True
    assert ledger.committable(0) is None
    oldest.done = True
    assert ledger.committable(0) == 30


def test_what_is_ready_stays_ready_until_there_is_more() -> None:
    ledger: PartitionLedger[ABatch] = PartitionLedger()
    first, second = handed_over(ledger, 2)
    first.done = True
    assert [ledger.committable(0), ledger.committable(0)] == [10, 10]
    second.done = True
    assert ledger.committable(0) == 20


def test_batches_that_are_done_are_let_go() -> None:
    ledger: PartitionLedger[ABatch] = PartitionLedger()
    for batch in handed_over(ledger, 3)[:2]:
        batch.done = True
    ledger.committable(0)
    assert len(ledger) == 1


def test_what_was_in_hand_before_a_seek_no_longer_counts() -> None:
    ledger: PartitionLedger[ABatch] = PartitionLedger()
    first, second = handed_over(ledger, 2)
    first.done = True
    assert ledger.committable(0) == 10
    second.done = True
    assert ledger.committable(1) is None, "the position was changed: reading 1"
    (again,) = handed_over(ledger, 1, reading=1, starts_at=5)
    assert ledger.committable(1) is None
    again.done = True
    assert ledger.committable(1) == 15


def test_a_batch_behind_a_dropped_one_is_refused_and_told_where_to_read_on() -> None:
    ledger: PartitionLedger[ABatch] = PartitionLedger()
    handed_over(ledger, 2)
    assert ledger.hand_over(ABatch(40), Place(0, 3, 0), 40) == 20
    assert ledger.hand_over(ABatch(130), Place(1, 1, 100), 130) == 100, "the reading's first was dropped"
    assert len(ledger) == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("fetch"), st.integers(1, 5)),
        st.tuples(st.just("finish"), st.integers(0, 9)),
        st.tuples(st.just("seek"), st.integers(0, 60)),
        st.tuples(st.just("drop"), st.integers(1, 5)),
        st.tuples(st.just("commit"), st.just(0)),
    ),
    max_size=60,
)


@given(steps)
def test_no_offset_is_committed_that_was_not_done_since_the_last_seek(steps: list[tuple[str, int]]) -> None:
    """Offsets are single records here; `position` is the log's reader, who only sees what he is handed."""
    ledger: PartitionLedger[ABatch] = PartitionLedger()
    position = starts_at = reading = number = 0
    batches: list[tuple[ABatch, range]] = []
    for step, size in steps:
        if step in ("fetch", "drop"):
            place, offsets = Place(reading, number, starts_at), range(position, position + size)
            position, number = offsets.stop, number + 1
            if step == "drop":  # fetched, and lost before it was handed over
                continue
            batch = ABatch(offsets.stop)
            missing_from = ledger.hand_over(batch, place, batch.end)
            if missing_from is None:
                batches.append((batch, offsets))
            else:
                assert missing_from <= offsets.start
                position = starts_at = missing_from
                reading, number, batches = reading + 1, 0, []
        elif step == "seek":
            position = starts_at = size
            reading, number, batches = reading + 1, 0, []
        elif step == "finish" and batches:
            batches[size % len(batches)][0].done = True
        committed = ledger.committable(reading)
        if committed is not None:
            done = {offset for batch, offsets in batches if batch.done for offset in offsets}
            assert done.issuperset(range(starts_at, committed))
            undone = [offsets.start for batch, offsets in batches if not batch.done]
            assert committed == min(undone, default=batches[-1][1].stop)
