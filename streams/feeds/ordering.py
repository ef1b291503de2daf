"""The order in which a recording goes into the log: one rule for the replay and for the backtest.

Log time is the time at which the city could know something (`FeedRecord.available_ms`). Records keep the
order of their file; a clock tick stands between them for every whole second that log time passes, so
that a window closes at the same place of the log whoever writes it.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from statistics import median_low
from typing import Literal

from streams.feeds.records import FeedRecord

LOOK_AHEAD = 256
"""Records that are looked at before a jump of the time is believed."""
JUMP_MS = 120_000
"""A step forward longer than this must be confirmed by the records that follow."""
TICK_MS = 1000
DAY_MS = 86_400_000

LogEntry = tuple[Literal["clock"], int] | tuple[Literal["observation"], FeedRecord]


def log_order(*recordings: Iterable[FeedRecord], trailing_s: int = 0) -> Iterator[LogEntry]:
    """The log of one or several recordings: ("clock", epoch ms) and ("observation", record).

    The first entry is the tick of the second in which the recording begins. `trailing_s` more ticks
    follow the last record, so that windows still open then can be published and made final.
    """
    next_tick_ms: int | None = None
    for now_ms, record in merged(*(timed(recording) for recording in recordings)):
        if next_tick_ms is None:
            next_tick_ms = now_ms - now_ms % TICK_MS
        while next_tick_ms <= now_ms:
            yield "clock", next_tick_ms
            next_tick_ms += TICK_MS
        yield "observation", record
    if next_tick_ms is not None:
        for tick_ms in range(next_tick_ms, next_tick_ms + trailing_s * 1000, TICK_MS):
            yield "clock", tick_ms


def merged(*streams: Iterator[tuple[int, FeedRecord]]) -> Iterator[tuple[int, FeedRecord]]:
    """Timed recordings as one, by log time; at the same time the earlier argument comes first."""
    return heapq.merge(*streams, key=lambda pair: pair[0])


def timed(records: Iterable[FeedRecord]) -> Iterator[tuple[int, FeedRecord]]:
    """Each record with the log time at which it is written, which never runs backwards.

    Late records do not turn the time back. A record that claims to be sent far in the future does not
    move it, unless most of the records behind it agree: one wrong clock must not end every window.
    """
    iterator = iter(records)
    ahead: deque[FeedRecord] = deque()
    for record in iterator:
        ahead.append(record)
        if len(ahead) > LOOK_AHEAD:
            break
    if not ahead:
        return
    now_ms = _beginning_ms(ahead)
    while ahead:
        record = ahead.popleft()
        following = next(iterator, None)
        if following is not None:
            ahead.append(following)
        if record.available_ms > now_ms and (
            record.available_ms - now_ms <= JUMP_MS or _is_confirmed(record.available_ms, ahead)
        ):
            now_ms = record.available_ms
        yield now_ms, record


def _beginning_ms(first: Iterable[FeedRecord]) -> int:
    """The earliest time among the first records that is not a wrong clock.

    A time counts as wrong where it lies before the others by more than a day and by far more than they
    are spread, such as 1970 in a recording of today.
    """
    times = sorted(record.available_ms for record in first)
    middle_ms, upper_ms = times[(len(times) - 1) // 2], times[(len(times) - 1) * 3 // 4]
    reach_ms = max(DAY_MS, 4 * (upper_ms - middle_ms))
    return next(t for t in times if middle_ms - t <= reach_ms)


def _is_confirmed(time_ms: int, following: Iterable[FeedRecord]) -> bool:
    later = [record.available_ms for record in following]
    return not later or median_low(later) >= time_ms - JUMP_MS
