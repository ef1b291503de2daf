"""Sick sensors, found as the log is read: silent, stuck, or telling what no traffic can be.

A pure function of one partition's log: observations are judged one by one per sensor, silence at each
tick of the log's clock, so that the same log cut into other batches finds the same faults. Only what is
newer than everything its sensor said before is looked at: what comes late or twice proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.alert_event import CLEARED, RAISED, AlertEvent, parts_of
from models.city import City
from models.observation import ObservationColumns

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MISSING, STUCK, IMPLAUSIBLE = range(3)
FAULTS = ("missing", "stuck", "implausible")
OUTAGE_LOOK_MS = 30_000
"""While the feed is out the sensors are looked at this often."""

_ONES = np.array([number.bit_count() for number in range(256)], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class DiagnosticRules:
    """When a sensor counts as sick (P), after domain practice for loops.

    Missing: silent for more than `silent_periods` of its own interval, at least `least_silence_s`; back after
    `good_periods`. Stuck: `stuck_observations` equal ones in a row with vehicles in them. Implausible: the
    effective vehicle length that speed, flow and occupancy imply lies outside `vehicle_m` in `wrong_of_last`
    of the last observations with at least `least_flow_vph` per lane and at most `free_occupancy_pct`: in a
    queue vehicles stand on the loop, and the speed of those that passed says nothing of them. Events further
    ahead of the clock than `ahead_s` are no life sign.
    """

    silent_periods: int = 3
    least_silence_s: int = 180
    good_periods: int = 2
    stuck_observations: int = 6
    vehicle_m: tuple[float, float] = (2.0, 30.0)
    least_flow_vph: float = 120.0
    free_occupancy_pct: float = 20.0
    wrong_of_last: tuple[int, int] = (5, 6)
    ahead_s: int = 120

    def counted_s(self, period_s: float) -> float:
        """How much of the log a run takes of a sensor with that interval: from before its first observation
        until it decides."""
        observations = max(
            self.silent_periods, self.good_periods, self.stuck_observations, self.wrong_of_last[1]
        )
        return max(self.least_silence_s, (observations + 1) * period_s)


class FaultEvent(NamedTuple):
    """A fault of the sensor at position `sensor` began or ended. `at_ms` is the log's clock then, `since_ms`
    the event time since when it is true."""

    at_ms: int
    sensor: int
    fault: int
    event: str
    since_ms: int


@dataclass(slots=True)
class SensorDiagnostics:
    """The sensors of one partition. `mine` says which of the city's sensors report into it."""

    city: City
    mine: Mask
    rules: DiagnosticRules = field(default_factory=DiagnosticRules)
    clock_ms: int = 0
    _floor_ms: int = 0  # silence is counted from here at the earliest
    _look_ms: int = 0
    _out: bool = False  # nobody speaks
    _heard_ms: Ints = field(init=False)  # the clock when something new was heard; 0: never
    _newest_ms: Ints = field(init=False)  # event time of that
    _period_ms: Ints = field(init=False)
    _good: Ints = field(init=False)  # new observations in a row without a long silence between
    _last: Floats = field(init=False)  # (3, sensors): speed, flow, occupancy
    _equal: Ints = field(init=False)  # length of the run of equal observations
    _equal_since_ms: Ints = field(init=False)
    _different: Ints = field(init=False)
    _verdicts: Ints = field(init=False)  # the last judged observations as bits, 1 for implausible
    _lanes: Floats = field(init=False)
    _open: Mask = field(init=False)  # (faults, sensors)
    _since_ms: Ints = field(init=False)  # (faults, sensors)
    _decided_ms: Ints = field(init=False)  # (faults, sensors): clock of the last transition

    def __post_init__(self) -> None:
        count = len(self.city.sensors)
        self._heard_ms, self._newest_ms, self._good, self._equal, self._equal_since_ms = (
            np.zeros(count, dtype=np.int64) for _ in range(5)
        )
        self._different, self._verdicts = np.zeros((2, count), dtype=np.int64)
        self._period_ms = np.full(count, self.city.expected_period_s * 1000, dtype=np.int64)
        self._last = np.full((3, count), np.nan)
        self._lanes = np.array([max(sensor.lanes, 1) for sensor in self.city.sensors], dtype=np.float64)
        self._open = np.zeros((len(FAULTS), count), dtype=np.bool_)
        self._since_ms, self._decided_ms = np.zeros((2, len(FAULTS), count), dtype=np.int64)

    def remember(self, newest: Iterable[AlertEvent]) -> list[FaultEvent]:
        """Open faults of earlier starts, from the newest event of each alert that history knows; what was
        decided then is not decided again. May come late: returns what that ends, because a sensor has each
        fault once and the id that it had first goes on."""
        ends: list[FaultEvent] = []
        # The open alert of a place comes after what was cleared there, and the newest of them last.
        for event in sorted(
            newest, key=lambda event: (event.event != CLEARED, event.version, event.alert_id)
        ):
            if event.rule not in FAULTS:
                continue
            _, sensor_id, since_s = parts_of(event.alert_id)
            sensor = self.city.sensor_position.get(sensor_id)
            if sensor is not None and self.mine[sensor]:
                place = FAULTS.index(event.rule), sensor
                ends += self._recall(place, event.event != CLEARED, since_s * 1000, event.version)
        return ends

    def _recall(
        self, place: tuple[int, int], was_open: bool, since_ms: int, decided_ms: int
    ) -> Iterator[FaultEvent]:
        fault, sensor = place
        decided_here = int(self._decided_ms[place]) > decided_ms
        ends_ms = max(self.clock_ms, int(self._decided_ms[place]) + 1)
        second = bool(self._open[place]) and int(self._since_ms[place]) // 1000 != since_ms // 1000
        if second and (was_open or not decided_here):
            yield FaultEvent(ends_ms, sensor, fault, CLEARED, int(self._since_ms[place]))
        if was_open and decided_here and not self._open[place]:
            yield FaultEvent(ends_ms, sensor, fault, CLEARED, since_ms)  # it ended before it was recalled
        elif was_open or not decided_here:
            self._open[place], self._since_ms[place] = was_open, since_ms
            self._decided_ms[place] = max(decided_ms, int(self._decided_ms[place]))

    @property
    def next_look_ms(self) -> int:
        """Before the clock shows this nobody can have been silent for too long."""
        return self._look_ms

    @property
    def counted_ms(self) -> int:
        """How much of the log the rules count: runs of the slowest sensor, by what the city expects and by
        what was heard."""
        slowest_ms = int(self._period_ms[self.mine].max(initial=self.city.expected_period_s * 1000))
        return round(self.rules.counted_s(slowest_ms / 1000) * 1000)

    def fold(self, columns: ObservationColumns) -> list[FaultEvent]:
        """Take records in log order; the faults that began and ended, in order of time."""
        events: list[FaultEvent] = []
        first = 0
        for tick in np.flatnonzero(columns.clock_ms > 0):
            events += self._hear_rows(columns, first, int(tick))
            events += self._tick(int(columns.clock_ms[tick]))
            first = int(tick) + 1
        events += self._hear_rows(columns, first, len(columns))
        return events

    def _hear_rows(self, columns: ObservationColumns, first: int, end: int) -> Iterator[FaultEvent]:
        if first == end or not self.clock_ms:
            return
        sensor = columns.sensor[first:end]
        known = (sensor >= 0) & (columns.event_ms[first:end] <= self.clock_ms + self.rules.ahead_s * 1000)
        rows = first + np.flatnonzero(known & self.mine[np.maximum(sensor, 0)])
        for once in _each_sensor_once(columns.sensor[rows]):
            yield from self._hear(columns, rows[once])

    def _hear(self, columns: ObservationColumns, rows: Ints) -> Iterator[FaultEvent]:
        """Rows of sensors that are all different."""
        rows = rows[columns.event_ms[rows] > self._newest_ms[columns.sensor[rows]]]
        sensor, event_ms = columns.sensor[rows], columns.event_ms[rows]
        period_ms = event_ms - columns.start_ms[rows]
        if (period_ms < self._period_ms[sensor]).any() or self._open[MISSING, sensor].any():
            self._look_ms = 0  # somebody's silence may now become too long earlier than was foreseen
        self._period_ms[sensor] = period_ms
        told = np.stack([columns.speed_kmh[rows], columns.flow_veh[rows], columns.occupancy_pct[rows]])

        silence_ms = self.clock_ms - self._heard_ms[sensor]
        self._good[sensor] = np.where(silence_ms > self._patience_ms()[sensor], 1, self._good[sensor] + 1)
        self._heard_ms[sensor], self._newest_ms[sensor] = self.clock_ms, event_ms

        # Zero or unknown values repeat in every sound sensor: empty roads, queues standing on the loop.
        equal = (told == self._last[:, sensor]).all(axis=0) & (told > 0).all(axis=0)
        self._last[:, sensor] = told
        self._equal[sensor] = np.where(equal, self._equal[sensor] + 1, 1)
        self._equal_since_ms[sensor] = np.where(equal, self._equal_since_ms[sensor], event_ms)
        self._different[sensor] = np.where(equal, 0, self._different[sensor] + 1)

        wrong, seen = self.rules.wrong_of_last
        judged, implausible = self._judge(told, period_ms, sensor)
        bits = (self._verdicts[sensor] << 1 | implausible) & ((1 << seen) - 1)
        self._verdicts[sensor] = np.where(judged, bits, self._verdicts[sensor])
        found_wrong = _ONES[self._verdicts[sensor]]

        good = self._good[sensor] >= self.rules.good_periods
        yield from self._decide(MISSING, sensor, np.zeros_like(good), good, event_ms)
        stuck = self._equal[sensor] >= self.rules.stuck_observations
        moving = self._different[sensor] >= self.rules.good_periods
        yield from self._decide(STUCK, sensor, stuck, moving, self._equal_since_ms[sensor])
        sound = judged & (found_wrong <= seen - wrong)
        yield from self._decide(IMPLAUSIBLE, sensor, judged & (found_wrong >= wrong), sound, event_ms)

    def _judge(self, told: Floats, period_ms: Ints, sensor: Ints) -> tuple[Mask, Mask]:
        """(may be judged, no vehicle is so long): 1000 x occupancy x speed / flow per lane, in metres."""
        speed_kmh, flow_veh, occupancy_pct = told
        flow_vph = flow_veh * 3_600_000.0 / np.maximum(period_ms, 1) / self._lanes[sensor]
        judged = (flow_vph >= self.rules.least_flow_vph) & ~np.isnan(speed_kmh)
        judged &= occupancy_pct <= self.rules.free_occupancy_pct
        length_m = 10.0 * occupancy_pct * speed_kmh / np.where(judged, flow_vph, 1.0)
        shortest_m, longest_m = self.rules.vehicle_m
        return judged, judged & ((length_m < shortest_m) | (length_m > longest_m))

    def _tick(self, clock_ms: int) -> Iterator[FaultEvent]:
        """Let the log's clock pass, and look who has been silent for too long."""
        if not self.clock_ms:
            self._floor_ms = clock_ms
        self.clock_ms = max(self.clock_ms, clock_ms)
        if self.clock_ms < self._look_ms:
            return
        patience_ms = self._patience_ms()
        listening = self.mine & ~self._open[MISSING]
        silent_from_ms = np.maximum(self._heard_ms, self._floor_ms)
        silent = listening & (self.clock_ms - silent_from_ms > patience_ms)
        self._out = (self._out or bool(silent.any())) and self._feed_is_out(listening)
        if self._out:
            self._floor_ms = self.clock_ms
            self._look_ms = self.clock_ms + OUTAGE_LOOK_MS
            return
        if silent.any():
            sensor = np.flatnonzero(silent)
            since_ms = np.where(self._newest_ms > 0, self._newest_ms, self._floor_ms)[sensor]
            yes = np.ones(len(sensor), dtype=np.bool_)
            yield from self._decide(MISSING, sensor, yes, ~yes, since_ms)
            self._good[sensor] = 0
        due_ms = (silent_from_ms + patience_ms)[self.mine & ~self._open[MISSING]]
        self._look_ms = int(due_ms.min()) + 1 if len(due_ms) else self.clock_ms + 1

    def _feed_is_out(self, listening: Mask) -> bool:
        """Whether fewer than half of the sensors that spoke and are not missing have spoken within two of
        their periods: then it is the feed, not the sensors, and silence is counted anew once it is back."""
        alive = listening & (self._heard_ms > 0)
        recent = alive & (self.clock_ms - self._heard_ms <= 2 * self._period_ms)
        return 2 * int(recent.sum()) < max(1, int(alive.sum()))

    def _patience_ms(self) -> Ints:
        return np.maximum(self.rules.silent_periods * self._period_ms, self.rules.least_silence_s * 1000)

    def _decide(
        self, fault: int, sensor: Ints, sick: Mask, well: Mask, since_ms: Ints
    ) -> Iterator[FaultEvent]:
        """Open and close a fault; at most one transition per tick, none at or before the last one."""
        free = self._decided_ms[fault, sensor] < self.clock_ms
        is_open = self._open[fault, sensor]
        for chosen, event in ((free & sick & ~is_open, RAISED), (free & well & is_open, CLEARED)):
            for row in np.flatnonzero(chosen):
                position = int(sensor[row])
                self._open[fault, position] = event == RAISED
                self._decided_ms[fault, position] = self.clock_ms
                if event == RAISED:
                    self._since_ms[fault, position] = since_ms[row]
                began_ms = int(self._since_ms[fault, position])
                yield FaultEvent(self.clock_ms, position, fault, event, began_ms)


def _each_sensor_once(sensor: Ints) -> Iterator[Ints]:
    """Row positions in rounds: no sensor twice in a round, and each sensor's rows in their order."""
    order = np.argsort(sensor, kind="stable")
    in_order = sensor[order]
    is_first = np.concatenate([[True], in_order[1:] != in_order[:-1]])[: len(order)]
    start = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
    nth = np.arange(len(order)) - start
    for number in range(int(nth.max(initial=-1)) + 1):
        yield order[nth == number]
