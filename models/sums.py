"""What an observation adds to a window, in whole numbers.

An observation belongs to the window that its start falls in; one longer than a window adds its share to
every window it overlaps. Units: milli-vehicles, 1e-9 h/km (slowness), 0.01 km/h, ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.congestion import MINIMUM_SPEED_KMH
from models.observation import ObservationColumns

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

OBSERVATIONS = 0  # counted observations, probe samples among them
COVERED_MS = 1  # sensor time covered
FLOW_MS = 2  # sensor time with a vehicle count
VEHICLES_MILLI = 3  # vehicles counted x 1000
SPEED_WEIGHT_MILLI = 4  # vehicles x 1000 behind the slowness
SLOWNESS = 5  # sum of weight (milli-vehicles) x slowness (1e-9 h/km)
PROBE_SAMPLES = 6
PROBE_SPEED_CENTI = 7  # sum of probe speeds in 0.01 km/h
COLUMNS = 8

STANDING_QUEUE_OCCUPANCY_PCT = 60.0
"""A loop this occupied that measured no speed has a queue standing on it, not an empty road (P)."""


def empty_sums(segments: int) -> Ints:
    """Sums of a window that nothing has been added to, int64 (segments, COLUMNS)."""
    return np.zeros((segments, COLUMNS), dtype=np.int64)


@dataclass(slots=True)
class Contribution:
    """What records add to windows of one length: one entry per (record, window it falls in)."""

    window_s: int
    row: Ints  # position of the record in its batch
    segment: Ints
    start_ms: Ints  # of the window
    amounts: Ints  # (entries, COLUMNS)

    @property
    def end_ms(self) -> Ints:
        """End of the window of each entry."""
        return self.start_ms + self.window_s * 1000

    def drop(self, unwanted: Mask) -> None:
        """Remove entries, in place."""
        if unwanted.any():
            keep = ~unwanted
            self.row, self.segment = self.row[keep], self.segment[keep]
            self.start_ms, self.amounts = self.start_ms[keep], self.amounts[keep]


def contributions(columns: ObservationColumns, chosen: Mask, window_s: int) -> Contribution:
    """Spread the chosen records over windows of `window_s`."""
    length_ms = window_s * 1000
    rows = np.flatnonzero(chosen)
    start_ms, event_ms = columns.start_ms[rows], columns.event_ms[rows]
    first = start_ms // length_ms
    long = event_ms - start_ms > length_ms
    windows = np.where(long, (event_ms - 1) // length_ms - first + 1, 1)
    entry = np.repeat(np.arange(len(rows)), windows)
    nth = np.arange(len(entry)) - np.repeat(np.cumsum(windows) - windows, windows)
    window_start_ms = (first[entry] + nth) * length_ms
    overlap_ms = np.minimum(event_ms[entry], window_start_ms + length_ms) - np.maximum(
        start_ms[entry], window_start_ms
    )
    interval_ms = event_ms[entry] - start_ms[entry]
    covered_ms = np.where(long[entry], overlap_ms, interval_ms)
    row = rows[entry]
    amounts = _amounts(columns, row, covered_ms, interval_ms)
    return Contribution(window_s, row, columns.segment[row], window_start_ms, amounts)


def _amounts(columns: ObservationColumns, row: Ints, covered_ms: Ints, interval_ms: Ints) -> Ints:
    speed, flow = columns.speed_kmh[row], columns.flow_veh[row]
    occupancy = columns.occupancy_pct[row]
    probe = columns.sensor[row] < 0
    share = np.where(probe, 1.0, covered_ms / np.maximum(interval_ms, 1))
    has_flow = ~np.isnan(flow)
    vehicles_milli = np.rint(np.where(has_flow, flow, 0.0) * share * 1000).astype(np.int64)
    standing = np.isnan(speed) & (np.nan_to_num(occupancy) >= STANDING_QUEUE_OCCUPANCY_PCT)
    has_speed = (~np.isnan(speed) | standing) & ~probe
    # A record without a count weighs one vehicle; one that counted nobody says nothing of speed,
    # unless vehicles stand on the loop.
    weight_milli = np.where(has_flow & ~standing, vehicles_milli, 1000)
    weight_milli = np.where(has_speed, weight_milli, 0)
    known_speed = np.where(np.isnan(speed), 0.0, speed)
    slowness = np.rint(1e9 / np.maximum(known_speed, MINIMUM_SPEED_KMH)).astype(np.int64)

    amounts = np.zeros((len(row), COLUMNS), dtype=np.int64)
    amounts[:, OBSERVATIONS] = 1
    amounts[:, COVERED_MS] = np.where(probe, 0, covered_ms)
    amounts[:, FLOW_MS] = np.where(has_flow, covered_ms, 0)
    amounts[:, VEHICLES_MILLI] = vehicles_milli
    amounts[:, SPEED_WEIGHT_MILLI] = weight_milli
    amounts[:, SLOWNESS] = weight_milli * slowness
    amounts[:, PROBE_SAMPLES] = probe
    amounts[:, PROBE_SPEED_CENTI] = np.where(probe, np.rint(known_speed * 100), 0).astype(np.int64)
    return amounts
