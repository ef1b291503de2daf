"""What a contender costs: CPU seconds of its whole process, wall time, memory."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figures:
    """What one run cost, from before its client began to its last observation, after all imports."""

    observations: int
    cpu_s: float
    wall_s: float
    cpu_from_first_s: float
    """CPU from the first record on: without the start of the client."""
    wall_from_first_s: float
    peak_rss_mb: float


class Meter:
    """Started before the client is made, told of the first record, stopped at the last one."""

    def __init__(self) -> None:
        self._begun = self._first = self._ended = (0.0, 0.0)
        self._peak_rss_mb = 0.0

    def start(self) -> None:
        """What was imported and prepared until now does not count."""
        self._begun = _now()

    def first(self) -> None:
        """A record has come; only the first call counts."""
        if self._first == (0.0, 0.0):
            self._first = _now()

    def stop(self) -> None:
        """The last observation has been dealt with."""
        self._ended = _now()
        self._peak_rss_mb = peak_rss_mb()

    def figures(self, observations: int) -> Figures:
        """The cost of `observations`."""
        if not self._begun < self._first < self._ended:
            raise ValueError("measured nothing: started, first record and stopped are out of order")
        return Figures(
            observations,
            cpu_s=self._ended[0] - self._begun[0],
            wall_s=self._ended[1] - self._begun[1],
            cpu_from_first_s=self._ended[0] - self._first[0],
            wall_from_first_s=self._ended[1] - self._first[1],
            peak_rss_mb=self._peak_rss_mb,
        )


def cpu_s() -> float:
    """CPU seconds of this process, all its threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_rss_mb(pid: int | str = "self") -> float:
    """The most memory that a process had resident, in MB of 10**6 bytes.

    From /proc, since ru_maxrss of a new process begins at what its parent had.
    """
    return _status_kb("VmHWM", pid) * 1024 / 1e6


def rss_mb(pid: int | str = "self") -> float:
    """Resident memory of a process now, in MB of 10**6 bytes."""
    return _status_kb("VmRSS", pid) * 1024 / 1e6


def _status_kb(field: str, pid: int | str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise OSError(f"/proc/{pid}/status names no {field}: benchmarks need Linux")


def _now() -> tuple[float, float]:
    return cpu_s(), time.monotonic()
