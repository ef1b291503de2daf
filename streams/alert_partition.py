"""The alert job of one partition of a running worker: index records and observations in, alert events out.

Records are read again after a start for as long as a rule counts: a run begins before the record that
decides. What was decided already is not decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from models.alert import Conditions, CongestionRule, recall, step
from models.alert_event import AlertEvent
from models.city import City
from models.diagnostics import DiagnosticRules, SensorDiagnostics
from models.index_columns import decode_record, unpack_columns
from models.observation_batch import decode_batch
from models.sensor_alert import fault_alert, sensors_of_partition
from streams.batches import Batch
from streams.in_order_acks import InOrderAcks
from streams.topics import INDICES

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class SegmentAlerts:
    """The congestion rule on one partition of the indices."""

    city: City
    rule: CongestionRule
    acks: InOrderAcks = field(default_factory=InOrderAcks)
    conditions: Conditions = field(default_factory=dict)
    recalled: bool = False
    clock_ms: int = 0
    next_offset: int = -1
    refused: int = 0

    def recall(self, newest: Sequence[AlertEvent]) -> list[AlertEvent]:
        """Add what the history knows, the newest event of each alert; what that ends."""
        self.recalled = True
        self.conditions, ended = recall(self.conditions, newest, self.clock_ms, self.city, self.rule)
        return ended

    def take(self, batch: Batch) -> list[AlertEvent]:
        """Evaluate index records in log order. Call `settle` once the events are durable."""
        if batch.first_offset < self.next_offset:
            self.acks = InOrderAcks()  # read again: the conditions know what they have seen
        self.next_offset = batch.next_offset
        told: list[AlertEvent] = []
        for payload in batch.payloads:
            told += self._take_one(payload)
        self.acks.hold(batch, self.clock_ms)
        return told

    def _take_one(self, payload: bytes) -> list[AlertEvent]:
        try:
            record = decode_record(payload)
            if record.kind != "segment" or record.city_id != self.city.city_id:
                raise ValueError(f"{record.kind} record of {record.city_id}")
            windows = unpack_columns(record)
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            self.refused += 1
            log.warning("index record refused", topic=INDICES.name, problem=str(error))
            return []
        self.clock_ms = max(self.clock_ms, record.clock_ms)
        self.conditions, events = step(self.conditions, windows, record.clock_ms, self.city, self.rule)
        return events

    def settle(self) -> int:
        """Acknowledge what no rule needs any more; the number of records."""
        return self.acks.release(self.clock_ms - self.rule.counted_s * 1000)


class SensorAlerts:
    """The diagnostics on one partition of the observations. Bad records are the index worker's to report."""

    def __init__(self, city: City, partition: int, partitions: int, rules: DiagnosticRules) -> None:
        self.city = city
        self.diagnostics = SensorDiagnostics(city, sensors_of_partition(city, partition, partitions), rules)
        self.acks, self.next_offset, self.recalled = InOrderAcks(), -1, False

    @property
    def clock_ms(self) -> int:
        """The log's clock."""
        return self.diagnostics.clock_ms

    def recall(self, newest: Sequence[AlertEvent]) -> list[AlertEvent]:
        """Add what the history knows, the newest event of each alert; what that ends."""
        self.recalled = True
        return [fault_alert(event, self.city) for event in self.diagnostics.remember(newest)]

    def take(self, batch: Batch) -> list[AlertEvent]:
        """Judge observations in log order. Call `settle` once the events are durable."""
        if batch.first_offset < self.next_offset:
            self.acks = InOrderAcks()
        self.next_offset = batch.next_offset
        columns, _ = decode_batch(batch.lines(), lambda: batch.payloads, batch.offsets, self.city)
        found = self.diagnostics.fold(columns)
        self.acks.hold(batch, self.clock_ms)
        return [fault_alert(event, self.city) for event in found]

    def settle(self) -> int:
        """Acknowledge what no fault needs any more; the number of records."""
        return self.acks.release(self.clock_ms - self.diagnostics.counted_ms)
