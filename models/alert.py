"""When a congested segment is worth telling: one rule with a for and a keep duration.

Only the published value of a window is evaluated, which every window has exactly once: later revisions
change history and tell nobody.
Windows without a value are no evidence. They neither raise nor clear; a run of bad windows must be
unbroken in time, a run of good ones only in what was published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace as with_fields

from models.alert_event import CHANGED, CLEARED, RAISED, AlertEvent, alert_id, parts_of
from models.city import City
from models.index_columns import Columns, Status


@dataclass(frozen=True, slots=True)
class CongestionRule:
    """Raise at `raise_level` or worse for `for_windows` windows of `window_s` in a row; clear at
    `clear_level` or better for `keep_windows`. The severity rises after `long_s` and after twice that."""

    name: str = "congestion"
    window_s: int = 300
    raise_level: int = 5
    clear_level: int = 3
    for_windows: int = 2
    keep_windows: int = 2
    long_s: int = 1800

    @property
    def counted_s(self) -> int:
        """How much of the log a run takes, from before the record of its first window to its last."""
        return (max(self.for_windows, self.keep_windows) + 1) * self.window_s


@dataclass(frozen=True, slots=True)
class Condition:
    """What the rule knows of one segment. `severity` 0: no alert is open. `since_s`: start of the first bad
    window of the run or of the open alert; `evaluated_s`: end of the newest window looked at. Good windows
    are counted without an open alert too: one may still become known (`recall`)."""

    evaluated_s: int = 0
    since_s: int = 0
    bad_windows: int = 0
    good_windows: int = 0
    severity: int = 0


class Change(NamedTuple):
    """A transition of one segment's condition, and why."""

    event: str
    since_s: int
    severity: int
    reason: str


Conditions = Mapping[str, Condition]
"""Segment id -> condition; a segment that never had a window is missing."""


def step(
    conditions: Conditions, windows: Columns, clock_ms: int, city: City, rule: CongestionRule
) -> tuple[Conditions, list[AlertEvent]]:
    """Evaluate the windows of one index record (models.index_columns.SEGMENT_DTYPES), oldest first.

    Returns the new conditions and what happened, stamped with `clock_ms`. The same windows again change
    nothing and tell nothing.
    """
    rows = _published_values(windows, rule)
    if not len(rows):
        return conditions, []
    after = dict(conditions)
    events: list[AlertEvent] = []
    start_s, level = np.asarray(windows["window_start"]), np.asarray(windows["level"])
    index = np.asarray(windows["travel_time_index"])
    for row in rows:
        segment_id = str(windows["segment_id"][row])
        position = city.segment_position.get(segment_id)
        if position is None:
            continue
        before = after.get(segment_id, Condition())
        condition, change = evaluate(before, int(start_s[row]), int(level[row]), rule)
        after[segment_id] = condition
        if change is not None:
            reason = f"{change.reason}; travel time index {float(index[row]):.2f}"
            events.append(
                AlertEvent(
                    alert_id(rule.name, segment_id, change.since_s),
                    "congestion",
                    rule.name,
                    segment_id,
                    city.segments[position].district_id,
                    change.severity,
                    change.event,
                    clock_ms,
                    reason,
                    condition.evaluated_s * 1000,
                )
            )
    return after, events


def evaluate(
    condition: Condition, start_s: int, level: int, rule: CongestionRule
) -> tuple[Condition, Change | None]:
    """One window of one segment: its start (UTC epoch s) and level 1..5. A window that is not newer than
    what was evaluated changes nothing."""
    end_s = start_s + rule.window_s
    if end_s <= condition.evaluated_s:
        return condition, None
    adjacent = start_s == condition.evaluated_s
    condition = replace(condition, evaluated_s=end_s)
    if condition.severity:
        return _while_open(condition, end_s, level, rule)
    if level < rule.raise_level:
        good_windows = condition.good_windows + 1 if level <= rule.clear_level else 0
        return replace(condition, bad_windows=0, good_windows=good_windows), None
    bad_windows = condition.bad_windows + 1 if adjacent else 1
    since_s = start_s if bad_windows == 1 else condition.since_s
    condition = replace(condition, bad_windows=bad_windows, since_s=since_s, good_windows=0)
    if bad_windows < rule.for_windows:
        return condition, None
    severity = severity_of(level, end_s - since_s, rule)
    lasted_min = (end_s - since_s) // 60
    reason = f"level {level}, at {rule.raise_level} or worse for {lasted_min} min since {_utc(since_s)}"
    return replace(condition, severity=severity), Change(RAISED, since_s, severity, reason)


def _while_open(
    condition: Condition, end_s: int, level: int, rule: CongestionRule
) -> tuple[Condition, Change | None]:
    if level <= rule.clear_level:
        good_windows = condition.good_windows + 1
        if good_windows < rule.keep_windows:
            return replace(condition, good_windows=good_windows), None
        reason = f"level {level}, at {rule.clear_level} or better for {good_windows} windows"
        change = Change(CLEARED, condition.since_s, condition.severity, reason)
        return Condition(evaluated_s=condition.evaluated_s, good_windows=good_windows), change
    condition = replace(condition, good_windows=0)
    severity = severity_of(level, end_s - condition.since_s, rule)
    if level < rule.raise_level or severity <= condition.severity:
        return condition, None
    reason = f"level {level}, {(end_s - condition.since_s) // 60} min since {_utc(condition.since_s)}"
    return replace(condition, severity=severity), Change(CHANGED, condition.since_s, severity, reason)


def severity_of(level: int, lasted_s: int, rule: CongestionRule) -> int:
    """2 for level 5, 1 for less; one more after `long_s`, two more after twice that; at most 4 (P)."""
    return min(4, (2 if level >= 5 else 1) + min(2, lasted_s // rule.long_s))


def remembered_conditions(newest: Iterable[AlertEvent], rule: CongestionRule) -> dict[str, Condition]:
    """Conditions at a start, from the newest event of each alert that history knows.

    An alert that was not cleared is open again, and no window that was evaluated for one is looked at twice.
    """
    conditions: dict[str, Condition] = {}
    for segment_id, (event, version) in _newest_of_segments(newest, rule).items():
        if event.event == CLEARED:
            conditions[segment_id] = Condition(evaluated_s=version // 1000)
        else:
            _, _, since_s = parts_of(event.alert_id)
            conditions[segment_id] = Condition(version // 1000, since_s, severity=event.severity)
    return conditions


def recall(
    conditions: Conditions, newest: Iterable[AlertEvent], clock_ms: int, city: City, rule: CongestionRule
) -> tuple[Conditions, list[AlertEvent]]:
    """Add what the history knows (the newest event of each alert) to conditions that went on without it.

    Returns the new conditions and what that ends, stamped with `clock_ms`. A segment has one alert at most:
    where one was raised again under a second id, the first goes on and the second is cleared; one whose good
    windows have passed meanwhile is cleared.
    """
    newest = list(newest)
    remembered = remembered_conditions(newest, rule)
    ends: list[tuple[AlertEvent, str, Condition]] = []
    after = dict(conditions)
    for segment_id, (event, version) in _newest_of_segments(newest, rule).items():
        condition, known = after.get(segment_id, Condition()), remembered[segment_id]
        first_id, second_id = event.alert_id, alert_id(rule.name, segment_id, condition.since_s)
        history_is_newer = condition.evaluated_s * 1000 <= version
        if condition.severity and second_id != first_id and (known.severity or history_is_newer):
            ended = with_fields(event, alert_id=second_id, severity=condition.severity)
            ends.append((ended, f"goes on as {first_id}", condition))
        if history_is_newer:
            after[segment_id] = known
        elif known.severity and condition.good_windows >= rule.keep_windows:
            reason = f"at {rule.clear_level} or better for {condition.good_windows} windows"
            ends.append((event, reason, condition))
        elif known.severity:
            severity = max(known.severity, condition.severity)
            after[segment_id] = replace(condition, since_s=known.since_s, severity=severity, bad_windows=0)
    return after, [
        with_fields(
            ended, event=CLEARED, at_ms=clock_ms, detail=reason, version=_just_after(ended, condition)
        )
        for ended, reason, condition in ends
        if ended.segment_id in city.segment_position
    ]


def _just_after(event: AlertEvent, condition: Condition) -> int:
    """A version above everything that was told of the segment and below the next window's."""
    return max(event.version, condition.evaluated_s * 1000) + 1


def _newest_of_segments(
    newest: Iterable[AlertEvent], rule: CongestionRule
) -> dict[str, tuple[AlertEvent, int]]:
    """Segment id -> (newest event, the open alert's where one is open; largest version of all its alerts)."""
    found: dict[str, tuple[AlertEvent, int]] = {}
    mine = (event for event in newest if event.rule == rule.name)
    for event in sorted(mine, key=lambda e: (e.event != CLEARED, e.version, e.alert_id)):
        _, before = found.get(event.segment_id, (event, 0))
        found[event.segment_id] = (event, max(before, event.version))
    return found


def _published_values(windows: Columns, rule: CongestionRule) -> list[int]:
    """Rows that are a window's published value, by window start."""
    chosen = np.asarray(windows["status"]) == Status.PUBLISHED
    chosen &= (np.asarray(windows["window_s"]) == rule.window_s) & (np.asarray(windows["level"]) > 0)
    rows = np.flatnonzero(chosen)
    order = np.argsort(np.asarray(windows["window_start"])[rows], kind="stable")
    return [int(row) for row in rows[order]]


def _utc(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%MZ")
