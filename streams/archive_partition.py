"""What the archive keeps of one partition of observations: rows, each with its fate, and the accounting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import structlog

from models.city import City
from models.index_columns import Columns
from models.observation import ObservationColumns
from models.window import Fate, PartitionWindows
from streams.batches import Batch
from streams.careful_fold import Folded, fold_around_failures, fold_batch
from streams.topics import OBSERVATIONS

log = structlog.get_logger(__name__)

FATE_NAMES = {Fate.COUNTED: "counted", Fate.DUPLICATE: "duplicate", Fate.LATE: "late"}


@dataclass(slots=True)
class ArchivePartition:
    """Fates are decided by the same windows as the index, so that both count the same observations.

    `start(partition, first_offset)` makes windows that remember what was archived before that offset.
    """

    partition: int
    log_id: str
    city: City
    start: Callable[[int, int], PartitionWindows]
    windows: PartitionWindows | None = None
    next_offset: int = -1
    missing: int = field(default=0)

    def take(self, batch: Batch) -> tuple[Columns, Columns]:
        """Rows for table `observations` and one row for table `accounting`."""
        if self.windows is None or batch.first_offset < self.next_offset:
            self.windows = self.start(self.partition, batch.first_offset)
        elif batch.first_offset > self.next_offset >= 0:
            self.missing += batch.first_offset - self.next_offset
        self.next_offset = batch.next_offset
        folded = self._fold(self.windows, batch)
        columns, fates, refusals = folded.columns, folded.fates, folded.refusals
        for _ in self.windows.collect(provisional=True):
            pass  # only the fates matter here; collecting drops what is final
        stored = np.isin(fates, list(FATE_NAMES))
        rows = observation_rows(columns.take(stored), fates[stored], self.partition, self.log_id, self.city)
        count = {fate: int((fates == fate).sum()) for fate in Fate}
        accounting: Columns = {
            "topic": [OBSERVATIONS.name],
            "partition_id": np.array([self.partition]),
            "log_id": [self.log_id],
            "first_offset": np.array([batch.first_offset]),
            "next_offset": np.array([batch.next_offset]),
            "stored": np.array([int(stored.sum())]),
            "counted": np.array([count[Fate.COUNTED]]),
            "duplicate": np.array([count[Fate.DUPLICATE]]),
            "late": np.array([count[Fate.LATE]]),
            "dead": np.array([sum(refusal.rows for refusal in refusals) + count[Fate.AHEAD]]),
            "clock": np.array([count[Fate.CLOCK]]),
            "written_at": np.array([int(batch.recorded_ms.max()) // 1000]),
            "clock_ms": np.array([self.windows.clock_ms]),
            "basis_ms": np.array([self.windows.basis_ms]),
        }
        return rows, accounting

    def _fold(self, windows: PartitionWindows, batch: Batch) -> Folded:
        try:
            return fold_batch(windows, batch, self.city)
        except Exception:
            log.exception("a batch failed, looking for the records", partition=self.partition)
            before = self.start(self.partition, batch.first_offset)
            self.windows, folded = fold_around_failures(before, batch, self.city)
            return folded


def observation_rows(
    columns: ObservationColumns, fates: np.ndarray, partition: int, log_id: str, city: City
) -> Columns:
    """Columns of table `observations`; a probe has no sensor and its pseudonym's number as vehicle_id."""
    rows = len(columns)
    return {
        "topic": [OBSERVATIONS.name] * rows,
        "partition_id": np.full(rows, partition),
        "log_id": [log_id] * rows,
        "offset": columns.offset,
        "row_in_record": columns.row,
        "sensor_id": [city.sensors[i].sensor_id if i >= 0 else "" for i in columns.sensor],
        "segment_id": [city.segments[i].segment_id for i in columns.segment],
        "event_time": columns.event_ms // 1000,
        "event_ms": columns.event_ms % 1000,
        "interval_s": (columns.event_ms - columns.start_ms) // 1000,
        "speed_kmh": columns.speed_kmh,
        "flow_veh": columns.flow_veh,
        "occupancy_pct": columns.occupancy_pct,
        "vehicle_id": ["" if v < 0 else str(v) for v in columns.vehicle],
        "fate": [FATE_NAMES[Fate(fate)] for fate in fates],
        "synthetic": np.full(rows, int(city.synthetic)),
        "version": columns.offset,
    }


def archived_columns(rows: dict[str, np.ndarray], city: City) -> ObservationColumns:
    """Rows of table `observations` as they came from the log, oldest first; unknown places are left out.

    What the log's clock said is not archived: the last row is followed by nothing, and a watermark only
    moves again with the first live clock record.
    """
    segment = np.array([city.segment_position.get(str(i), -1) for i in rows["segment_id"]], dtype=np.int64)
    sensor = np.array([city.sensor_position.get(str(i), -1) for i in rows["sensor_id"]], dtype=np.int64)
    vehicle = np.array([int(v) if v else -1 for v in rows["vehicle_id"]], dtype=np.int64)
    event_ms = rows["event_time"].astype(np.int64) * 1000 + rows["event_ms"].astype(np.int64)
    columns = ObservationColumns(
        sensor=sensor,
        segment=segment,
        vehicle=vehicle,
        start_ms=event_ms - rows["interval_s"].astype(np.int64) * 1000,
        event_ms=event_ms,
        speed_kmh=rows["speed_kmh"].astype(np.float64),
        flow_veh=rows["flow_veh"].astype(np.float64),
        occupancy_pct=rows["occupancy_pct"].astype(np.float64),
        sent_ms=np.zeros_like(event_ms),
        clock_ms=np.zeros_like(event_ms),
        offset=rows["offset"].astype(np.int64),
        row=rows["row_in_record"].astype(np.int64),
    )
    known = (segment >= 0) & ((sensor >= 0) | (vehicle >= 0))
    return columns.take(known)
