"""The 1-minute mean per segment as most programs keep it that get one record at a time: a dictionary."""

from __future__ import annotations

from datetime import datetime

from benchmarks.oracle import WindowMeans
from benchmarks.workload import LARGEST_VALID_KMH, Workload, sensor_positions


class DictMeans:
    """Observations one by one in, means out."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._position = sensor_positions(workload)
        self._windows: dict[tuple[int, int], list[float]] = {}

    def add(self, sensor_id: str, event_time: str, interval_s: float, speed_kmh: float) -> None:
        """Add one observation to its window; an invalid speed is left out."""
        if not 0.0 <= speed_kmh <= LARGEST_VALID_KMH:
            return
        start_s = datetime.fromisoformat(event_time).timestamp() - interval_s
        key = (int(start_s - self._workload.begin_s) // 60, self._position[sensor_id])
        window = self._windows.get(key)
        if window is None:
            self._windows[key] = [1, speed_kmh]
        else:
            window[0] += 1
            window[1] += speed_kmh

    def found(self) -> WindowMeans:
        """All windows."""
        means = WindowMeans.empty(self._workload.minutes, self._workload.segments)
        for (minute, segment), (count, total_kmh) in self._windows.items():
            means.count[minute, segment] = count
            means.total_kmh[minute, segment] = total_kmh
        return means
