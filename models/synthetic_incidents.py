"""The invented incidents of a day: where, when, how bad, and how they slow the road and what queues behind.

A pure function of (seed, day): one incident begins in every hour, so that hardly any moment is without, three
more begin in the peaks, and two roadworks close lanes at night.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.stateless_random import uniform

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

UPSTREAM_DELAY_S = (0, 300, 720)
"""When the queue reaches the place, one junction behind and two junctions behind."""

UPSTREAM_SHARE = (1.0, 0.72, 0.42)
_ONSET_S, _CLEARING_S = 180.0, 900.0
LONGEST_S = 5 * 3600


@dataclass(frozen=True)
class Incident:
    """`start_s`: seconds of the local day. `severity`: share of the speed lost at the place.

    `capacity_ratio`: share of the capacity left. `kind`: collision | breakdown | roadworks.
    """

    kind: str
    segment: int
    start_s: int
    duration_s: int
    severity: float
    capacity_ratio: float


@lru_cache(maxsize=128)
def incidents_of_day(seed: int, day: int, segments: int) -> tuple[Incident, ...]:
    """The incidents that begin on local day `day` (days since 1970), in order of their start."""
    starts = [hour * 3600.0 + 3300.0 * _draw(seed, day, hour, 1) for hour in range(24)]
    starts += [7.2 * 3600 + 5400 * _draw(seed, day, 24, 1)]
    starts += [17.0 * 3600 + 7200 * _draw(seed, day, number, 1) for number in (25, 26)]
    incidents = []
    for number, start_s in enumerate(starts):
        severity = 0.5 + 0.32 * _draw(seed, day, number, 2)
        kind = "collision" if _draw(seed, day, number, 3) < 0.45 else "breakdown"
        incidents.append(
            Incident(
                kind=kind,
                segment=int(segments * _draw(seed, day, number, 4)),
                start_s=int(start_s),
                duration_s=int(2100 + 4200 * _draw(seed, day, number, 5) * severity),
                severity=severity,
                capacity_ratio=1.0 - 0.6 * severity,
            )
        )
    for number in (30, 31):
        incidents.append(
            Incident(
                kind="roadworks",
                segment=int(segments * _draw(seed, day, number, 4)),
                start_s=int(22 * 3600 + 3600 * _draw(seed, day, number, 1)),
                duration_s=int(4 * 3600 * (0.6 + 0.4 * _draw(seed, day, number, 5))),
                severity=0.5 + 0.12 * _draw(seed, day, number, 2),
                capacity_ratio=0.5,
            )
        )
    return tuple(sorted(incidents, key=lambda incident: incident.start_s))


def _draw(seed: int, day: int, number: int, purpose: int) -> float:
    return float(uniform(seed, 41, day, number, purpose)[0])


def strength(incident: Incident, since_start_s: Floats, hops: int) -> Floats:
    """How much of its full effect the incident has `hops` junctions behind its place, 0..1 per time."""
    elapsed = since_start_s - UPSTREAM_DELAY_S[hops]
    rising = np.clip(elapsed / _ONSET_S, 0.0, 1.0)
    # The queue behind lasts longer than the incident itself.
    falling = np.clip((incident.duration_s + 240.0 * hops - elapsed) / _CLEARING_S + 1.0, 0.0, 1.0)
    share: Floats = UPSTREAM_SHARE[hops] * np.minimum(rising, falling)
    return share
