"""The congestion rule: timelines drawn in windows of five minutes, and what a replay tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.alert import Conditions, CongestionRule, recall, remembered_conditions, step
from models.alert_event import AlertEvent, alert_id, decode_alert_event, encode_alert_event, parts_of
from models.index_columns import Columns, Status
from tests.models.builders import NOON_MS, a_city

CITY = a_city()
RULE = CongestionRule()
NOON_S = NOON_MS // 1000
WINDOW_S = 300


def windows(
    *levels: tuple[int, int], status: Status = Status.PUBLISHED, segment_id: str = "s0", window_s: int = 300
) -> Columns:
    """A record's rows: (number of the window after noon, level)."""
    return {
        "segment_id": [segment_id] * len(levels),
        "window_s": np.full(len(levels), window_s),
        "window_start": np.array([NOON_S + number * WINDOW_S for number, _ in levels], dtype=np.int64),
        "status": np.full(len(levels), status),
        "level": np.array([level for _, level in levels], dtype=np.int64),
        "travel_time_index": np.full(len(levels), 4.0),
    }


def run(records: list[Columns], conditions: Conditions | None = None) -> list[AlertEvent]:
    """Everything that is told, each record ten seconds after the end of its last window."""
    conditions, told = conditions or {}, []
    for record in records:
        clock_ms = (int(np.asarray(record["window_start"]).max()) + WINDOW_S + 10) * 1000
        conditions, events = step(conditions, record, clock_ms, CITY, RULE)
        told += events
    return told


def timeline(drawing: str) -> list[tuple[str, int, int]]:
    """(event, window that told it, severity). One figure per window: its level, `.` for none."""
    records = [windows((number, int(level))) for number, level in enumerate(drawing) if level != "."]
    return [
        (event.event, (event.at_ms // 1000 - 10 - NOON_S) // WINDOW_S - 1, event.severity)
        for event in run(records)
    ]


@pytest.mark.parametrize(
    ("drawing", "told"),
    [
        # one bad window is not enough, two in a row are
        ("1511", []),
        ("155", [("raised", 2, 2)]),
        # level 4 is neither bad nor good: it breaks both runs
        ("545", []),
        ("554343", [("raised", 1, 2)]),
        ("5543433", [("raised", 1, 2), ("cleared", 6, 2)]),
        # good windows clear in twos
        ("5531", [("raised", 1, 2), ("cleared", 3, 2)]),
        ("5535533", [("raised", 1, 2), ("cleared", 6, 2)]),
        # a missing window breaks the run that raises ...
        ("5.5", []),
        ("5.55", [("raised", 3, 2)]),
        # ... and clears nothing, however long it lasts
        ("55......", [("raised", 1, 2)]),
        ("55....5", [("raised", 1, 2), ("changed", 6, 3)]),
        ("55.1....1", [("raised", 1, 2), ("cleared", 8, 2)]),
        # half an hour and an hour make it more severe, once each; it never gets less
        ("555555", [("raised", 1, 2), ("changed", 5, 3)]),
        ("5555555555555", [("raised", 1, 2), ("changed", 5, 3), ("changed", 11, 4)]),
        ("5555554455", [("raised", 1, 2), ("changed", 5, 3)]),
        # after it cleared, the same segment can be raised again
        ("55115511", [("raised", 1, 2), ("cleared", 3, 2), ("raised", 5, 2), ("cleared", 7, 2)]),
    ],
)
def test_timelines(drawing: str, told: list[tuple[str, int, int]]) -> None:
    assert timeline(drawing) == told


def test_an_alert_is_named_by_its_rule_its_segment_and_its_first_bad_window() -> None:
    first, *_ = run([windows((3, 5)), windows((4, 5))])
    assert first.alert_id == f"congestion.s0.{NOON_S + 3 * WINDOW_S}"
    assert parts_of(first.alert_id) == ("congestion", "s0", NOON_S + 3 * WINDOW_S)
    assert (first.segment_id, first.district_id, first.kind) == ("s0", "d0", "congestion")
    assert first.detail == "level 5, at 5 or worse for 10 min since 2026-03-02T04:15Z; travel time index 4.00"


def test_a_segment_id_may_contain_dots_and_spaces() -> None:
    assert parts_of(alert_id("congestion", "a.b 7.1", 12)) == ("congestion", "a.b 7.1", 12)
    with pytest.raises(ValueError, match="no alert id"):
        parts_of("congestion")


def test_only_published_values_of_the_rules_own_windows_count() -> None:
    bad = [(0, 5), (1, 5)]
    assert run([windows(*bad, status=Status.PROVISIONAL)]) == []
    assert run([windows(*bad, status=Status.AMENDED)]) == []
    assert run([windows(*bad, window_s=60)]) == []
    assert run([windows(*bad, status=Status.FINAL)]) == []
    assert len(run([windows(*bad)])) == 1


#   window   0  1        a late observation makes window 1 worse: nobody is told
#   first    5  2
#   then        5
def test_later_revisions_tell_nobody() -> None:
    records = [windows((0, 5)), windows((1, 2)), windows((1, 5), status=Status.FINAL)]
    assert run(records) == []


def test_windows_of_one_record_are_taken_by_their_start() -> None:
    assert [event.event for event in run([windows((1, 5), (0, 5))])] == ["raised"]


def test_a_segment_that_is_not_in_the_city_folder_is_passed_over() -> None:
    assert run([windows((0, 5), (1, 5), segment_id="elsewhere")]) == []


DRAWINGS = st.text("..12345555", min_size=1, max_size=40)


@given(DRAWINGS, st.integers(0, 40), st.integers(0, 40))
def test_reading_the_log_again_from_anywhere_tells_nothing_new(drawing: str, stop: int, back: int) -> None:
    records = [windows((number, int(level))) for number, level in enumerate(drawing) if level != "."]
    conditions: Conditions = {}
    for record in records:
        conditions, _ = step(conditions, record, 1, CITY, RULE)
    again = records[max(0, stop - back) : stop]
    assert run(again, conditions) == []


@given(DRAWINGS, st.integers(0, 40))
def test_a_start_in_the_middle_tells_the_same_events_as_no_stop(drawing: str, stop: int) -> None:
    """The history knows what was told; the last ten minutes of the log are read again, twice the rule's run.

    Windows of a broken run of good ones may be forgotten: then it clears later, and never wrongly.
    """
    records = [windows((number, int(level))) for number, level in enumerate(drawing) if level != "."]
    whole = run(records)
    before, after = run(records[:stop]), records[max(0, stop - 2) :]
    newest = {event.alert_id: event for event in before}
    told = before + run(after, remembered_conditions(newest.values(), RULE))
    assert {event.key for event in told} == {event.key for event in whole}
    assert len(told) == len({(event.key, event.version) for event in told})


def told_late(drawing: str, start: int, recalled: int) -> tuple[list[AlertEvent], list[AlertEvent]]:
    """(what a process told until `start`, what the next one told that begins there and only after window
    `recalled` is answered which alerts are open)."""
    records = [windows((number, int(level))) for number, level in enumerate(drawing) if level != "."]
    before, told = run(records[:start]), list[AlertEvent]()
    conditions: Conditions = {}
    newest = {event.alert_id: event for event in before}
    for number, record in enumerate(records[start:], start):
        conditions, events = step(conditions, record, 1, CITY, RULE)
        told += events
        if number == recalled:
            conditions, events = recall(conditions, newest.values(), 1, CITY, RULE)
            told += events
    return before, told


def named(events: list[AlertEvent]) -> list[tuple[int, str]]:
    """(first bad window, event) of each."""
    return [((parts_of(e.alert_id)[2] - NOON_S) // WINDOW_S, e.event) for e in events]


@pytest.mark.parametrize(
    ("drawing", "recalled", "told"),
    [
        # raised at 0; the answer comes while nothing happened: it clears as if it had been known
        ("5551133", 3, [(0, "cleared")]),
        # it was good again before the answer came
        ("5551133", 6, [(0, "cleared")]),
        # raised again under a second id: the first goes on
        ("5555555", 5, [(2, "raised"), (2, "cleared"), (0, "changed")]),
        ("55555511", 5, [(2, "raised"), (2, "cleared"), (0, "cleared")]),
        # raised again and cleared again before the answer came
        ("55555511", 7, [(2, "raised"), (2, "cleared"), (0, "cleared")]),
    ],
)
def test_an_open_alert_that_is_recalled_late_ends_and_has_no_second_id(
    drawing: str, recalled: int, told: list[tuple[int, str]]
) -> None:
    before, after = told_late(drawing, 2, recalled)
    assert named(before) == [(0, "raised")]
    assert named(after) == told


@given(DRAWINGS, st.integers(0, 40), st.integers(0, 40))
def test_whenever_the_history_answers_one_alert_is_open_where_it_is_bad_and_none_where_it_is_good(
    drawing: str, start: int, late: int
) -> None:
    levels = [level for level in drawing if level != "."]
    before, after = told_late(drawing, start, min(start + late, len(levels) - 1))
    newest: dict[str, AlertEvent] = {}
    for event in before + after:
        assert event.version >= newest.get(event.alert_id, event).version
        newest[event.alert_id] = event
    still_open = {event.alert_id for event in newest.values() if event.event != "cleared"}
    if start >= len(levels):
        return  # nothing came after the start: nobody was asked
    assert len(still_open) <= 1
    if levels[-2:] == ["1", "1"] and start <= len(levels) - 2:
        assert still_open == set()
    assert {
        remembered.severity > 0 for remembered in remembered_conditions(newest.values(), RULE).values()
    } <= {bool(still_open)}


@given(DRAWINGS)
def test_there_is_never_more_than_one_open_alert_and_its_severity_only_rises(drawing: str) -> None:
    records = [windows((number, int(level))) for number, level in enumerate(drawing) if level != "."]
    open_id, severity = "", 0
    for event in run(records):
        if event.event == "raised":
            assert not open_id
            open_id, severity = event.alert_id, event.severity
        else:
            assert event.alert_id == open_id
            assert event.severity >= severity
            severity = event.severity
            open_id = "" if event.event == "cleared" else open_id


def test_an_event_survives_the_wire() -> None:
    event, *_ = run([windows((0, 5)), windows((1, 5))])
    assert decode_alert_event(encode_alert_event(event)) == event
