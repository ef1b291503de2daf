"""Accepted observations a minute, from a counter that is read about every second.

What a feed or a rebuild tells at once at the beginning (the lead-in) is no rate: it is left out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

MINUTE_S = 60.0
LEAD_IN_S = 15.0
"""The counter may still catch up for so long after the newest data has reached the present."""


@dataclass(slots=True)
class ObservationRate:
    """Mutable; `read` is called with growing times."""

    present_since_s: float | None = None
    readings: deque[tuple[float, int]] = field(default_factory=deque)

    def read(self, at_s: float, accepted: int, *, present: bool) -> int | None:
        """The rate over the last minute; None until a whole minute after the lead-in has passed.

        `present` is whether the newest data is of now. A counter that fell has begun anew: its lead-in too.
        """
        if self.readings and accepted < self.readings[-1][1]:
            self.readings.clear()
            self.present_since_s = None
        if self.present_since_s is None:
            self.present_since_s = at_s if present and accepted > 0 else None
        if self.present_since_s is None or at_s - self.present_since_s < LEAD_IN_S:
            return None
        self.readings.append((at_s, accepted))
        while len(self.readings) > 1 and at_s - self.readings[1][0] >= MINUTE_S:
            self.readings.popleft()
        since_s, before = self.readings[0]
        return round((accepted - before) / (at_s - since_s) * 60) if at_s - since_s >= MINUTE_S else None
