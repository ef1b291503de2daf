"""The 1-minute mean per segment as a careful person writes it: msgspec for a whole batch, numpy windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np

from benchmarks.oracle import WindowMeans
from benchmarks.workload import LARGEST_VALID_KMH, Workload, sensor_positions


class Observation(msgspec.Struct):
    """The fields that the mean needs; a clock record has none of them."""

    sensor_id: str = ""
    event_time: str = ""
    interval_s: float = 0.0
    speed_kmh: float = 0.0


class NumpyMeans:
    """Batches of records in, means out."""

    def __init__(self, workload: Workload) -> None:
        self._begin_s = workload.begin_s
        self._segments = workload.segments
        self._position = sensor_positions(workload)
        self._decoder = msgspec.json.Decoder(list[Observation])
        self._epoch_s: dict[str, float] = {"": 0.0}
        self.found = WindowMeans.empty(workload.minutes, workload.segments)

    def add(self, payloads: Sequence[bytes]) -> None:
        """Decode a batch and add it to its windows; clock records and invalid speeds are left out."""
        observations = self._decoder.decode(b"[" + b",".join(payloads) + b"]")
        rows = len(observations)
        position, epoch_s = self._position.get, self._epoch_s
        segment = np.fromiter((position(o.sensor_id, -1) for o in observations), np.int64, rows)
        speed_kmh = np.fromiter((o.speed_kmh for o in observations), np.float64, rows)
        interval_s = np.fromiter((o.interval_s for o in observations), np.float64, rows)
        # Few different times come in one batch: each text is read once.
        for text in {o.event_time for o in observations} - epoch_s.keys():
            epoch_s[text] = datetime.fromisoformat(text).timestamp()
        end_s = np.fromiter((epoch_s[o.event_time] for o in observations), np.float64, rows)
        valid = (segment >= 0) & (speed_kmh >= 0.0) & (speed_kmh <= LARGEST_VALID_KMH)
        self.add_columns(segment[valid], (end_s - interval_s)[valid], speed_kmh[valid])

    def add_columns(self, segment: np.ndarray, start_s: np.ndarray, speed_kmh: np.ndarray) -> None:
        """Add valid observations: segment positions, begins of intervals in epoch seconds, speeds."""
        minute = (start_s - self._begin_s).astype(np.int64) // 60
        cell = minute * self._segments + segment
        np.add.at(self.found.count.reshape(-1), cell, 1)
        np.add.at(self.found.total_kmh.reshape(-1), cell, speed_kmh)
