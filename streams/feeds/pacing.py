"""How fast a recording is played, and as which time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from streams.feeds.ordering import TICK_MS, LogEntry
from streams.feeds.records import FeedRecord, epoch_ms, utc_text

RESTAMP_STEP_MS = 60_000
"""Re-stamped times move by whole minutes, so that an interval that fitted a window still fits one."""

NOT_WORTH_A_WAIT_S = 0.0005


def paced(
    entries: Iterable[LogEntry],
    speed: float,
    stop: threading.Event,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> Iterator[LogEntry]:
    """`entries`, each when it is due: `speed` seconds of log time per second, 0 as fast as possible.

    Ends early, between two entries, once `stop` is set.
    """
    began_s = monotonic_s()
    began_ms: int | None = None
    tick_ms = due_ms = 0
    for entry in entries:
        if entry[0] == "clock":
            tick_ms = due_ms = entry[1]
        else:
            # a record with a clock of its own is due with its second, not when it claims to be
            due_ms = max(due_ms, min(entry[1].available_ms, tick_ms + TICK_MS))
        began_ms = due_ms if began_ms is None else began_ms
        if speed > 0:
            while (
                wait_s := (due_ms - began_ms) / 1000 / speed - (monotonic_s() - began_s)
            ) > NOT_WORTH_A_WAIT_S:
                if stop.wait(wait_s):
                    return
        if stop.is_set():
            return
        yield entry


def restamped(entries: Iterable[LogEntry], now_ms: int) -> Iterator[LogEntry]:
    """`entries` as if the recording began now (up to a minute ago), ticks and records alike."""
    shift_ms: int | None = None
    for entry in entries:
        if entry[0] == "clock":
            if shift_ms is None:
                shift_ms = (now_ms - entry[1]) // RESTAMP_STEP_MS * RESTAMP_STEP_MS
            yield "clock", entry[1] + shift_ms
        else:
            yield "observation", _shifted(entry[1], shift_ms or 0)


def _shifted(record: FeedRecord, shift_ms: int) -> FeedRecord:
    """The record with event_time and sent_time moved."""
    content = msgspec.json.decode(record.payload)
    for field in ("event_time", "sent_time"):
        if content.get(field) is not None:
            moved_ms = epoch_ms(msgspec.convert(content[field], datetime)) + shift_ms
            content[field] = utc_text(moved_ms)
    payload = msgspec.json.encode(content)
    return record._replace(payload=payload, available_ms=record.available_ms + shift_ms)
