"""What an observation adds to a window, in whole numbers.

An observation belongs to the window that its start falls in; one longer than a window adds its share to
every window it overlaps. Units: milli-vehicles, 1e-9 h/km (slowness), 0.01 km/h, ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from models.congestion import MINIMUM_SPEED_KMH
from models.observation import ObservationColumns

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Number = TypeVar("Number", np.int64, np.bool_)

OBSERVATIONS = 0  # counted observations, probe samples among them
COVERED_MS = 1  # sensor time covered
FLOW_MS = 2  # sensor time with a vehicle count
VEHICLES_MILLI = 3  # vehicles counted x 1000
SPEED_WEIGHT_MILLI = 4  # vehicles x 1000 behind the slowness
SLOWNESS = 5  # sum of weight (milli-vehicles) x slowness (1e-9 h/km)
LOOP_COLUMNS = 6  # where no probe was seen, the two below are zero and need not be kept
PROBE_SAMPLES = 6
PROBE_SPEED_CENTI = 7  # sum of probe speeds in 0.01 km/h
COLUMNS = 8

STANDING_QUEUE_OCCUPANCY_PCT = 60.0
"""A loop this occupied that measured no speed has a queue standing on it, not an empty road (P)."""


@dataclass(slots=True)
class Shares:
    """How observations fall into windows of one length: one entry per (observation, window it falls in)."""

    window_s: int
    ordinal: Ints  # of the window: its start over its length
    observation: Ints | None = None  # which one each entry belongs to; None: entry i to observation i
    covered_ms: Ints | None = None  # of the observation, inside the window; None: all of it

    def of_observations(self, values: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """Values per observation as values per entry."""
        return values if self.observation is None else values[self.observation]

    def keep(self, wanted: Mask) -> None:
        """Remove the other entries, in place."""
        self.ordinal = self.ordinal[wanted]
        self.observation = np.flatnonzero(wanted) if self.observation is None else self.observation[wanted]
        self.covered_ms = None if self.covered_ms is None else self.covered_ms[wanted]


def shares_of(start_ms: Ints, event_ms: Ints, window_s: int) -> Shares:
    """Spread observations of [start_ms, event_ms) over windows of `window_s`."""
    length_ms = window_s * 1000
    first = start_ms // length_ms
    long = event_ms - start_ms > length_ms
    if not long.any():
        return Shares(window_s, first)
    windows = np.where(long, (event_ms - 1) // length_ms - first + 1, 1)
    entry = np.repeat(np.arange(len(first)), windows)
    nth = np.arange(len(entry)) - np.repeat(np.cumsum(windows) - windows, windows)
    ordinal = first[entry] + nth
    ends_ms, starts_ms = event_ms[entry], start_ms[entry]
    overlap_ms = np.minimum(ends_ms, (ordinal + 1) * length_ms) - np.maximum(starts_ms, ordinal * length_ms)
    return Shares(window_s, ordinal, entry, np.where(long[entry], overlap_ms, ends_ms - starts_ms))


def amounts_of(columns: ObservationColumns, row: Ints, covered_ms: Ints | None, width: int) -> Ints:
    """What these rows add to a window of which they cover so much, int64 (rows, width).

    `covered_ms` None: all of each. `width`: COLUMNS, or LOOP_COLUMNS where no row is a probe's.
    """
    speed, flow, occupancy = columns.speed_kmh[row], columns.flow_veh[row], columns.occupancy_pct[row]
    interval_ms = columns.event_ms[row] - columns.start_ms[row]
    covered_ms = interval_ms if covered_ms is None else covered_ms
    probe = columns.sensor[row] < 0
    share = np.where(probe, 1.0, covered_ms / np.maximum(interval_ms, 1))
    has_flow = ~np.isnan(flow)
    vehicles_milli = np.rint(np.where(has_flow, flow, 0.0) * share * 1000).astype(np.int64)
    no_speed = np.isnan(speed)
    standing = no_speed & (occupancy >= STANDING_QUEUE_OCCUPANCY_PCT)
    has_speed = (~no_speed | standing) & ~probe
    # A record without a count weighs one vehicle; one that counted nobody says nothing of speed,
    # unless vehicles stand on the loop.
    weight_milli = np.where(has_flow & ~standing, vehicles_milli, 1000)
    weight_milli = np.where(has_speed, weight_milli, 0)
    known_speed = np.where(no_speed, 0.0, speed)
    slowness = np.rint(1e9 / np.maximum(known_speed, MINIMUM_SPEED_KMH)).astype(np.int64)

    amounts = np.empty((len(row), width), dtype=np.int64)
    amounts[:, OBSERVATIONS] = 1
    amounts[:, COVERED_MS] = np.where(probe, 0, covered_ms)
    amounts[:, FLOW_MS] = np.where(has_flow, covered_ms, 0)
    amounts[:, VEHICLES_MILLI] = vehicles_milli
    amounts[:, SPEED_WEIGHT_MILLI] = weight_milli
    amounts[:, SLOWNESS] = weight_milli * slowness
    if width > LOOP_COLUMNS:
        amounts[:, PROBE_SAMPLES] = probe
        amounts[:, PROBE_SPEED_CENTI] = np.where(probe, np.rint(known_speed * 100), 0.0)
    return amounts
