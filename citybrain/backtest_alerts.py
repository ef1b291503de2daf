"""The alerts and sick sensors of a backtest: the same rules as the live stage, in the log's own time."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.alert import Conditions, CongestionRule, step
from models.alert_event import CLEARED, RAISED, AlertEvent
from models.city import City
from models.diagnostics import FAULTS, DiagnosticRules, FaultEvent, SensorDiagnostics
from models.index_columns import Columns
from models.observation import ObservationColumns
from models.sensor_alert import fault_alert, sensors_of_partition
from models.window import TimeRules

TICK_MS = 1000

AlertRow = tuple[str, str, str, str, str, int, int, int]
"""alert_id, kind, rule, segment_id, district_id, severity, raised and cleared at, epoch ms (0: open)."""

FaultRow = tuple[str, str, int, int]
"""sensor_id, fault, raised and cleared (epoch ms; 0: not until the end)."""


@dataclass(slots=True)
class BacktestAlerts:
    """Every partition's alert state, and what was told so far."""

    city: City
    partitions: int
    times: TimeRules
    rule: CongestionRule = field(default_factory=CongestionRule)
    events: list[AlertEvent] = field(default_factory=list)
    faults: list[FaultEvent] = field(default_factory=list)
    _conditions: list[Conditions] = field(init=False)
    _diagnostics: list[SensorDiagnostics] = field(init=False)

    def __post_init__(self) -> None:
        rules = DiagnosticRules(ahead_s=self.times.ahead_s)
        self._conditions = [{} for _ in range(self.partitions)]
        self._diagnostics = [
            SensorDiagnostics(self.city, sensors_of_partition(self.city, number, self.partitions), rules)
            for number in range(self.partitions)
        ]

    def decides_at(self, tick_ms: int, has_records: bool) -> bool:
        """Whether something can be decided by this tick: then the partitions must tell now, so that an alert
        carries the second in which the live worker would have told it.

        A watermark passes a window's end by an observation from `settle_s` after it on, by the clock alone
        `idle_s` later; a sensor's silence becomes too long by the clock.
        """
        if any(diagnostics.next_look_ms <= tick_ms for diagnostics in self._diagnostics):
            return True
        settled_ms = (tick_ms - self.times.settle_s * 1000) % (self.rule.window_s * 1000)
        idle_ms = self.times.idle_s * 1000
        return settled_ms <= idle_ms and (has_records or settled_ms > idle_ms - TICK_MS)

    def observe(self, partition: int, columns: ObservationColumns) -> None:
        """Take a partition's records, in log order."""
        found = self._diagnostics[partition].fold(columns)
        self.faults += found
        self.events += [fault_alert(event, self.city) for event in found]

    def evaluate(self, partition: int, windows: Columns, clock_ms: int) -> None:
        """Take what a partition told of its segments at `clock_ms`."""
        conditions, events = step(self._conditions[partition], windows, clock_ms, self.city, self.rule)
        self._conditions[partition] = conditions
        self.events += events

    def alert_rows(self) -> list[AlertRow]:
        """One row per alert, by the time it was raised."""
        rows: dict[str, AlertRow] = {}
        for event in self.events:
            place = (event.kind, event.rule, event.segment_id, event.district_id)
            before = rows.get(event.alert_id, (event.alert_id, *place, 0, event.at_ms, 0))
            severity, cleared_ms = max(before[5], event.severity), before[7]
            if event.event == CLEARED:
                cleared_ms = event.at_ms
            rows[event.alert_id] = (event.alert_id, *place, severity, before[6], cleared_ms)
        return sorted(rows.values(), key=lambda row: (row[6], row[0]))

    def fault_rows(self) -> list[FaultRow]:
        """One row per fault, by the time it was found."""
        rows: list[list[int]] = []
        open_row: dict[tuple[int, int], list[int]] = {}
        for event in self.faults:
            place = (event.sensor, event.fault)
            if event.event == RAISED:
                open_row[place] = [*place, event.at_ms, 0]
                rows.append(open_row[place])
            else:
                open_row.pop(place)[3] = event.at_ms
        ordered = sorted(rows, key=lambda row: (row[2], row[0], row[1]))
        return [(self.city.sensors[s].sensor_id, FAULTS[f], at, until) for s, f, at, until in ordered]
