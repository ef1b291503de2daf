"""The questions that pages and restarted workers ask."""

from __future__ import annotations

import numpy as np
import pytest

from models.alert_event import AlertEvent
from models.index_columns import Status
from store.history import History
from store.readings import (
    AREA_COLUMNS,
    SEGMENT_COLUMNS,
    alert_events,
    area_history,
    area_span,
    dead_letter_counts,
    newest_alert_events,
    ranking,
    recent_dead_letters,
    recent_observations,
    segment_history,
)
from tests.store.rows import MONDAY, Rows, area_rows, observation_rows, segment_rows

STARTS = [MONDAY + 300 * i for i in range(6)]


def test_an_areas_history_is_in_order_once_per_window_and_half_open(history: History) -> None:
    history.insert(
        "area_indices", area_rows(["east", "west"], STARTS[::-1], version=4, travel_time_index=1.1)
    )
    history.insert("area_indices", area_rows(["east"], STARTS[2:4], version=8, travel_time_index=2.2))
    history.insert("area_indices", area_rows(["east"], STARTS, kind="corridor", travel_time_index=9))

    found = area_history(history, "district", "east", 300, STARTS[1], STARTS[4])

    assert tuple(found) == AREA_COLUMNS
    assert found["window_start"].tolist() == STARTS[1:4]
    assert found["travel_time_index"].tolist() == [np.float32(1.1), np.float32(2.2), np.float32(2.2)]


def test_a_window_that_nobody_computed_stays_a_hole(history: History) -> None:
    history.insert("area_indices", area_rows(["east"], [STARTS[0], STARTS[5]]))
    found = area_history(history, "district", "east", 300, STARTS[0], STARTS[5] + 300)
    assert found["window_start"].tolist() == [STARTS[0], STARTS[5]]


def test_a_segments_history_is_its_own(history: History) -> None:
    history.insert("segment_indices", segment_rows(["s1", "s2"], STARTS, travel_time_index=[1] * 6 + [2] * 6))
    history.insert("segment_indices", segment_rows(["s1"], STARTS, window_s=60, travel_time_index=9))

    found = segment_history(history, "s1", 300, STARTS[0], STARTS[3])

    assert tuple(found) == SEGMENT_COLUMNS
    assert found["window_start"].tolist() == STARTS[:3]
    assert set(found["travel_time_index"]) == {1}


def test_an_empty_history_answers_every_question_with_empty_columns(history: History) -> None:
    for found in (
        area_history(history, "city", "city", 300, 0, MONDAY),
        segment_history(history, "s1", 300, 0, MONDAY),
        ranking(history, "segment", 300, 0, MONDAY),
        ranking(history, "district", 300, 0, MONDAY),
        recent_observations(history, 0),
        recent_dead_letters(history, 0),
        dead_letter_counts(history, 0),
        alert_events(history, 0, MONDAY),
    ):
        assert found
        assert {len(values) for values in found.values()} == {0}
    assert area_span(history, 300) is None


def test_the_span_of_the_history_is_its_first_and_last_window(history: History) -> None:
    history.insert("area_indices", area_rows(["city"], STARTS[1:], kind="city"))
    history.insert("area_indices", area_rows(["city"], STARTS[1:], kind="city"))
    assert area_span(history, 300) == (STARTS[1], STARTS[5], 5)


def test_the_worst_places_come_first_by_ratio_of_sums(history: History) -> None:
    """East: 10 h at index 2 and 90 h at index 1 were 95 h of free flow: 100/95, not the mean of 1.5."""
    history.insert(
        "area_indices",
        area_rows(
            ["east"],
            STARTS[:2],
            travel_time_index=[2.0, 1.0],
            vht_h=[10, 90],
            level=[4, 1],
            speed_kmh=[20, 40],
        ),
    )
    history.insert("area_indices", area_rows(["west"], STARTS[:2], travel_time_index=1.2, vht_h=0))

    found = ranking(history, "district", 300, STARTS[0], STARTS[5])

    assert found["id"].tolist() == ["west", "east"]
    np.testing.assert_allclose(found["tti"], [1.2, 100 / 95], rtol=1e-6)
    assert found["congested_ratio"].tolist() == [0.0, 0.5]
    assert found["mean_speed_kmh"].tolist()[1] == 30.0


def test_segments_are_ranked_by_what_was_published(history: History) -> None:
    history.insert(
        "segment_indices", segment_rows(["a", "b", "c"], STARTS[:1], travel_time_index=[1.1, 3, 2])
    )
    history.insert(
        "segment_indices", segment_rows(["a"], STARTS[1:2], status=Status.PROVISIONAL, travel_time_index=9)
    )

    found = ranking(history, "segment", 300, STARTS[0], STARTS[5], limit=2)
    assert found["id"].tolist() == ["b", "c"]


@pytest.mark.parametrize("times", [1, 2])
def test_recent_observations_come_back_as_the_log_had_them(history: History, times: int) -> None:
    """Two logs: the newer one started again at offset 0."""
    for _ in range(times):
        history.insert(
            "observations",
            observation_rows([5, 6, 7], log_id="z-older", event_time=[MONDAY + 2, MONDAY + 1, MONDAY]),
        )
        history.insert(
            "observations",
            observation_rows(
                [0, 1], log_id="a-newer", event_time=[MONDAY + 9, MONDAY + 8], speed_kmh=[1 / 3, np.nan]
            ),
        )
        history.insert(
            "observations", observation_rows([0], log_id="a-newer", partition_id=1, event_time=MONDAY + 5)
        )
        history.insert("observations", observation_rows([4], log_id="z-older", event_time=MONDAY - 1))

    found = recent_observations(history, MONDAY)

    assert list(zip(found["partition_id"], found["log_id"], found["offset"], strict=True)) == [
        (0, "z-older", 5),
        (0, "z-older", 6),
        (0, "z-older", 7),
        (0, "a-newer", 0),
        (0, "a-newer", 1),
        (1, "a-newer", 0),
    ]
    assert found["event_time"].tolist() == [
        MONDAY + 2,
        MONDAY + 1,
        MONDAY,
        MONDAY + 9,
        MONDAY + 8,
        MONDAY + 5,
    ]
    assert found["speed_kmh"][3] == 1 / 3
    assert np.isnan(found["speed_kmh"][4])


def test_dead_letters_are_newest_first_and_counted_by_reason(history: History) -> None:
    letters: Rows = {
        "topic": ["observations.traffic"] * 3,
        "partition_id": [0, 0, 1],
        "log_id": ["log-1"] * 3,
        "offset": [1, 2, 1],
        "received_at": [MONDAY, MONDAY + 1, MONDAY + 2],
        "reason": ["not_finite", "unknown_sensor", "not_finite"],
        "detail": ["speed_kmh is nan", "sensor_id 'x'", "speed_kmh is inf"],
        "payload": ["e30="] * 3,
    }
    for _ in range(2):
        history.insert("dead_letters", letters)

    assert recent_dead_letters(history, MONDAY, limit=2)["received_at"].tolist() == [MONDAY + 2, MONDAY + 1]
    counts = dead_letter_counts(history, MONDAY)
    assert counts["reason"].tolist() == ["not_finite", "unknown_sensor"]
    assert counts["letters"].tolist() == [2, 1]


def alert_rows(alert_ids: list[str], events: list[str], at: list[int], version: list[int]) -> Rows:
    rows = len(alert_ids)
    return {
        "alert_id": alert_ids,
        "kind": ["congestion"] * rows,
        "rule": ["slow"] * rows,
        "segment_id": ["s1"] * rows,
        "district_id": ["east"] * rows,
        "severity": [2 + (event == "changed") for event in events],
        "event": events,
        "at": at,
        "detail": [f"{event} at {moment}" for event, moment in zip(events, at, strict=True)],
        "version": version,
    }


def test_the_newest_event_of_each_alert_says_which_are_open(history: History) -> None:
    later = MONDAY + 600
    rows = alert_rows(
        ["a", "a", "a", "b", "b", "c"],
        ["raised", "changed", "cleared", "raised", "changed", "raised"],
        [MONDAY, MONDAY + 300, later, MONDAY, later, MONDAY - 1],
        [1, 2, 4, 1, 3, 9],
    )
    history.insert("alert_events", rows)
    history.insert("alert_events", rows)  # told twice
    found = newest_alert_events(history, MONDAY)
    assert [(event.alert_id, event.event, event.version) for event in found] == [
        ("b", "changed", 3),
        ("a", "cleared", 4),
    ]
    assert found[0] == AlertEvent(
        "b", "congestion", "slow", "s1", "east", 3, "changed", later * 1000, f"changed at {later}", 3
    )
    assert newest_alert_events(history, later + 1) == []


def test_alert_events_are_newest_first_so_that_a_limit_keeps_the_newest(history: History) -> None:
    events: Rows = {
        "alert_id": ["a", "a", "b"],
        "kind": ["congestion"] * 3,
        "rule": ["slow"] * 3,
        "segment_id": ["s1"] * 3,
        "district_id": ["east"] * 3,
        "severity": [2, 2, 3],
        "event": ["raised", "cleared", "raised"],
        "at": [MONDAY, MONDAY + 600, MONDAY + 60],
        "detail": [""] * 3,
        "version": [1, 2, 1],
    }
    history.insert("alert_events", events)
    found = alert_events(history, MONDAY, MONDAY + 600)
    assert list(zip(found["alert_id"], found["event"], strict=True)) == [("b", "raised"), ("a", "raised")]
    newest = alert_events(history, MONDAY, MONDAY + 3600, limit=2)
    assert newest["at"].tolist() == [MONDAY + 600, MONDAY + 60]
