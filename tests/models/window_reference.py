"""The rules of time and windows, written a second time: one record after the other, in plain Python.

Slow and simple on purpose, from `docs/architecture.md` "Time and windows"; shares no code with
`models.window` but the names of fates and statuses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan

from models.index_columns import Status
from models.observation import ObservationColumns
from models.window import Fate, TimeRules

SUMS = 8
Key = tuple[int, int]
"""Window length in seconds and start in ms."""


@dataclass(frozen=True)
class Told:
    """What one window says at a collection: sums and amendments of the segments in the order told."""

    window_s: int
    start_ms: int
    status: Status
    segments: list[int]
    sums: list[list[int]]
    amendments: list[int]
    everything: dict[int, tuple[list[int], int]]
    """Sums and amendments of every measured segment, told or not."""


@dataclass
class ReferenceWindow:
    sums: dict[int, list[int]] = field(default_factory=dict)
    in_time: dict[int, list[int]] = field(default_factory=dict)  # without what amends
    amendments: dict[int, int] = field(default_factory=dict)
    untold: set[int] = field(default_factory=set)
    amended_untold: set[int] = field(default_factory=set)
    published: bool = False


@dataclass
class ReferenceWindows:
    rules: TimeRules
    window_lengths_s: tuple[int, ...]
    clock_ms: int = 0
    basis_ms: int = 0
    open: dict[Key, ReferenceWindow] = field(default_factory=dict)
    seen: set[tuple[str, int, int]] = field(default_factory=set)

    @property
    def watermark_ms(self) -> int:
        return max(0, self.basis_ms - self.rules.settle_s * 1000) if self.basis_ms else 0

    def fold(self, columns: ObservationColumns) -> list[Fate]:
        return [self._take(columns, i) for i in range(len(columns))]

    def _take(self, c: ObservationColumns, i: int) -> Fate:
        if c.clock_ms[i] > 0:
            self.clock_ms = max(self.clock_ms, int(c.clock_ms[i]))
            self.basis_ms = max(self.basis_ms, int(c.clock_ms[i]) - self.rules.idle_s * 1000)
            return Fate.CLOCK
        event_ms, start_ms = int(c.event_ms[i]), int(c.start_ms[i])
        if self.clock_ms and event_ms > self.clock_ms + self.rules.ahead_s * 1000:
            return Fate.AHEAD
        found_ms = self.watermark_ms
        if self.clock_ms:
            self.basis_ms = max(self.basis_ms, event_ms)
        shares = [
            (window_s, window_ms, covered_ms)
            for window_s in self.window_lengths_s
            for window_ms, covered_ms in _windows_of(start_ms, event_ms, window_s * 1000)
            if not self._is_final(window_s, window_ms)
        ]
        if not shares:
            return Fate.LATE
        probe = c.sensor[i] < 0
        who = ("probe", int(c.vehicle[i]), event_ms) if probe else ("loop", int(c.sensor[i]), event_ms)
        if who in self.seen:
            return Fate.DUPLICATE
        self.seen.add(who)
        for window_s, window_ms, covered_ms in shares:
            amounts = _amounts(
                probe,
                float(c.speed_kmh[i]),
                float(c.flow_veh[i]),
                float(c.occupancy_pct[i]),
                covered_ms,
                event_ms - start_ms,
            )
            amends = window_ms + window_s * 1000 <= found_ms
            window = self.open.setdefault((window_s, window_ms), ReferenceWindow())
            _add(window, int(c.segment[i]), amounts, amends)
        return Fate.COUNTED

    def _is_final(self, window_s: int, start_ms: int) -> bool:
        return start_ms + (window_s + self.rules.lateness_s) * 1000 <= self.watermark_ms

    def collect(self, provisional: bool) -> list[Told]:
        told = []
        for key in sorted(self.open, key=lambda key: (key[1], key[0])):
            window, passed = self.open[key], key[1] + key[0] * 1000 <= self.watermark_ms
            if passed and not window.published:
                window.published = True
                told.append(_told(key, Status.PUBLISHED, window.in_time, {}, set(window.in_time)))
                window.untold = set(window.amended_untold)
            if self._is_final(*key):
                told.append(self._final(key))
            elif window.untold and (passed or provisional):
                status = Status.AMENDED if passed else Status.PROVISIONAL
                told.append(_told(key, status, window.sums, window.amendments, window.untold))
                window.untold, window.amended_untold = set(), set()
        return told

    def finish(self) -> list[Told]:
        return [self._final(key) for key in sorted(self.open, key=lambda key: (key[1], key[0]))]

    def _final(self, key: Key) -> Told:
        window = self.open.pop(key)
        return _told(key, Status.FINAL, window.sums, window.amendments, set(window.sums))


def _windows_of(start_ms: int, event_ms: int, length_ms: int) -> list[tuple[int, int]]:
    """(start, covered ms) of each window that an observation falls in."""
    if event_ms - start_ms <= length_ms:
        return [(start_ms // length_ms * length_ms, event_ms - start_ms)]
    first, last = start_ms // length_ms, (event_ms - 1) // length_ms
    return [
        (n * length_ms, min(event_ms, (n + 1) * length_ms) - max(start_ms, n * length_ms))
        for n in range(first, last + 1)
    ]


def _amounts(
    probe: bool, speed: float, flow: float, occupancy: float, covered_ms: int, interval_ms: int
) -> list[int]:
    """In the order of `models.sums`."""
    speed_centi = 0 if isnan(speed) else round(speed * 100)
    share = 1.0 if probe else covered_ms / max(interval_ms, 1)
    vehicles_milli = 0 if isnan(flow) else round(flow * share * 1000)
    if probe:
        return [1, 0, 0 if isnan(flow) else covered_ms, vehicles_milli, 0, 0, 1, speed_centi]
    standing = isnan(speed) and occupancy >= 60.0
    slowness = round(1e9 / max(0.0 if isnan(speed) else speed, 2.0))
    weight_milli = 1000 if standing or isnan(flow) else vehicles_milli
    if isnan(speed) and not standing:
        weight_milli = 0
    counted_ms = 0 if isnan(flow) else covered_ms
    return [1, covered_ms, counted_ms, vehicles_milli, weight_milli, weight_milli * slowness, 0, 0]


def _add(window: ReferenceWindow, segment: int, amounts: list[int], amends: bool) -> None:
    for sums in (window.sums,) if amends else (window.sums, window.in_time):
        before = sums.get(segment, [0] * SUMS)
        sums[segment] = [a + b for a, b in zip(before, amounts, strict=True)]
    window.untold.add(segment)
    if amends:
        window.amendments[segment] = window.amendments.get(segment, 0) + 1
        window.amended_untold.add(segment)


def _told(
    key: Key, status: Status, sums: dict[int, list[int]], amendments: dict[int, int], segments: set[int]
) -> Told:
    order = sorted(segments)
    return Told(
        *key,
        status,
        order,
        [sums[segment] for segment in order],
        [amendments.get(segment, 0) for segment in order],
        {segment: (sums[segment], amendments.get(segment, 0)) for segment in sorted(sums)},
    )
