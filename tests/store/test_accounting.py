"""The books of the archive: every offset is explained, and what they claim is there."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.accounting import AuditedLog, Gap, Kind, Log, audited_logs, gaps_in
from store.audit import audit_logs
from store.history import History, Result
from store.readings import counted_gaps
from tests.store.rows import MONDAY, Rows, accounting_rows, observation_rows


def as_read(rows: Rows) -> Result:
    """Rows of one log as the table returns them: arrays, sorted by first_offset."""
    order = np.argsort(np.asarray(rows["first_offset"]))
    return {name: np.asarray(values)[order] for name, values in rows.items() if not isinstance(values, list)}


def gap(first: int, after: int, kind: Kind = "missing", partition_id: int = 0, log_id: str = "log-1") -> Gap:
    return Gap("observations.traffic", partition_id, log_id, first, after, kind)


def test_books_without_rows_have_no_gaps(history: History) -> None:
    assert counted_gaps(history) == []
    assert audit_logs(history) == []


def test_a_removed_row_is_found(history: History) -> None:
    history.insert("accounting", accounting_rows([(0, 10), (10, 25), (40, 50)]))
    assert counted_gaps(history) == [gap(25, 40)]

    history.insert("accounting", accounting_rows([(25, 40)]))
    assert counted_gaps(history) == []


def test_each_log_and_partition_has_its_own_books(history: History) -> None:
    history.insert("accounting", accounting_rows([(0, 10), (10, 20)], partition_id=[0, 1]))
    history.insert("accounting", accounting_rows([(5, 10), (12, 20)], log_id="log-2", partition_id=1))
    assert counted_gaps(history) == [gap(10, 12, log_id="log-2", partition_id=1)]


def test_a_replay_that_was_cut_differently_is_no_gap(history: History) -> None:
    history.insert("accounting", accounting_rows([(0, 10), (10, 30), (30, 40)]))
    history.insert("accounting", accounting_rows([(10, 17), (17, 35), (35, 60)], written_at=MONDAY + 1))
    assert counted_gaps(history) == []


def test_a_row_that_does_not_explain_all_its_offsets_is_told(history: History) -> None:
    history.insert(
        "accounting", accounting_rows([(0, 10), (10, 20)], stored=[10, 7], counted=[10, 7], dead=1, clock=1)
    )
    assert counted_gaps(history) == [gap(10, 20, "unaccounted")]


def test_stored_must_be_counted_duplicate_and_late(history: History) -> None:
    history.insert(
        "accounting", accounting_rows([(0, 10), (10, 20)], counted=[10, 6], duplicate=[0, 2], late=[0, 1])
    )
    assert counted_gaps(history) == [gap(10, 20, "unbalanced")]


def test_what_was_written_before_the_time_asked_for_is_left_out(history: History) -> None:
    history.insert(
        "accounting",
        accounting_rows([(0, 10), (20, 30), (30, 40)], written_at=[MONDAY, MONDAY + 60, MONDAY + 60]),
    )
    assert counted_gaps(history, since=MONDAY + 1) == []
    assert counted_gaps(history) == [gap(10, 20)]


def test_the_books_say_where_they_begin_and_what_of_them_is_looked_at(history: History) -> None:
    history.insert(
        "accounting",
        accounting_rows([(7, 10), (10, 30), (30, 40)], written_at=[MONDAY, MONDAY + 60, MONDAY + 61]),
    )
    history.insert("accounting", accounting_rows([(0, 5)], partition_id=1))
    log = Log("observations.traffic", 0, "log-1")
    assert audited_logs(history, since=MONDAY + 1) == [AuditedLog(log, 7, 10, 40)]
    assert audited_logs(history) == [
        AuditedLog(log, 7, 7, 40),
        AuditedLog(log._replace(partition_id=1), 0, 0, 5),
    ]


def test_a_gap_beside_an_overlap_of_the_same_length_is_found(history: History) -> None:
    history.insert("accounting", accounting_rows([(0, 10), (5, 15), (20, 30)]))
    assert counted_gaps(history) == [gap(15, 20)]


def test_books_of_three_days_are_audited_in_little_memory(history: History) -> None:
    day = 86_400
    rows = [(offset, offset + 3) for offset in range(0, 9 * day, 3)]
    history.insert("accounting", accounting_rows(rows, written_at=MONDAY + np.arange(len(rows))))
    tracemalloc.start()
    assert counted_gaps(history, since=MONDAY + 2 * day) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), min_size=1, unique_by=lambda pair: pair[0])
)
def test_gaps_are_exactly_the_offsets_that_no_row_covers(ranges: list[tuple[int, int]]) -> None:
    cuts = [(first, first + length) for first, length in ranges]
    found = gaps_in(Log("observations.traffic", 0, "log-1"), as_read(accounting_rows(cuts)))

    covered = {offset for first, after in cuts for offset in range(first, after)}
    whole = set(range(min(first for first, _ in cuts), max(after for _, after in cuts)))
    assert {offset for g in found for offset in range(g.first_offset, g.next_offset)} == whole - covered


def test_rows_that_the_books_claim_and_the_table_lacks_are_lost(history: History) -> None:
    history.insert("observations", observation_rows(range(20)))
    history.insert(
        "accounting",
        accounting_rows([(0, 10), (10, 24)], stored=[10, 12], counted=[10, 12], dead=[0, 1], clock=[0, 1]),
    )

    (audit,) = audit_logs(history)
    assert (audit.expected, audit.found, audit.lost, audit.certain) == (22, 20, 2, True)


@pytest.mark.parametrize("times", [1, 3])
def test_replays_and_new_cuts_lose_and_count_nothing_twice(history: History, times: int) -> None:
    cuts = [[(0, 10), (10, 30), (30, 50)], [(10, 25), (25, 50)], [(10, 11), (11, 50)]]
    for number, cut in enumerate(cuts[:times]):
        history.insert("observations", observation_rows(range(cut[0][0], 50)))
        history.insert("accounting", accounting_rows(cut, written_at=MONDAY + number))

    (audit,) = audit_logs(history)
    assert (audit.expected, audit.found, audit.lost) == (50, 50, 0)
    assert counted_gaps(history) == []
