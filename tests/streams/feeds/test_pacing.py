"""How fast a recording is played, and as which time."""

from __future__ import annotations

import json
import threading

from streams.feeds.ordering import LogEntry
from streams.feeds.pacing import paced, restamped
from streams.feeds.records import FeedRecord


class PatientStop(threading.Event):
    """A stop signal whose waiting costs no time: the clock is moved instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.now_s += timeout
        return self.is_set()


def a_record(available_ms: int, **fields: object) -> FeedRecord:
    return FeedRecord("k", available_ms, json.dumps(fields).encode(), "f", 1)


LOG: list[LogEntry] = [
    ("clock", 1000),
    ("observation", a_record(1500)),
    ("observation", a_record(1200)),
    ("clock", 2000),
    ("observation", a_record(99_000)),
    ("clock", 3000),
]


def played(speed: float) -> list[float]:
    """The seconds after the start at which each entry comes."""
    stop = PatientStop()
    return [round(stop.now_s - 100, 6) for _ in paced(LOG, speed, stop, lambda: stop.now_s)]


def test_entries_come_when_their_time_has_come() -> None:
    # a late record comes at once; a record with a wrong clock waits no longer than its second
    assert played(1) == [0, 0.5, 0.5, 1, 2, 2]


def test_ten_times_the_speed_takes_a_tenth_of_the_time() -> None:
    assert played(10) == [0, 0.05, 0.05, 0.1, 0.2, 0.2]


def test_speed_zero_does_not_wait() -> None:
    assert played(0) == [0] * 6


def test_a_stop_ends_the_play_between_two_entries() -> None:
    stop = PatientStop()
    seen = []
    for entry in paced(LOG, 1, stop, lambda: stop.now_s):
        seen.append(entry)
        if len(seen) == 2:
            stop.set()
    assert seen == LOG[:2]


def test_a_stop_ends_a_long_wait_at_once() -> None:
    stop = threading.Event()
    playing = paced([("clock", 0), ("clock", 3_600_000)], 1, stop)
    assert next(playing) == ("clock", 0)
    threading.Timer(0.05, stop.set).start()
    assert next(playing, "over") == "over"


def test_a_restamped_recording_begins_at_most_a_minute_ago_and_keeps_its_minutes() -> None:
    log: list[LogEntry] = [
        ("clock", 1_772_323_200_000),
        (
            "observation",
            a_record(
                1_772_323_201_000,
                event_time="2026-03-01T00:00:00.500Z",
                sent_time="2026-03-01T08:00:01+08:00",
                speed_kmh=40.5,
                note=None,
            ),
        ),
    ]
    now_ms = 1_795_352_899_999
    (_, tick_ms), (_, record) = restamped(log, now_ms)
    assert isinstance(record, FeedRecord)
    assert tick_ms == 1_795_352_880_000
    assert now_ms - tick_ms < 60_000
    assert record.available_ms == tick_ms + 1000
    assert json.loads(record.payload) == {
        "event_time": "2026-11-22T13:08:00.500Z",
        "sent_time": "2026-11-22T13:08:01.000Z",
        "speed_kmh": 40.5,
        "note": None,
    }
