"""Congestion indices of segments and networks: arrays in, arrays out.

Confidence marks in docstrings: A read in the primary text, B two secondary sources or a faithful
transcription, D recalled and unconfirmed, P ours. They say how far the *formula* is confirmed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

METHOD_VERSION = 1
"""Stored with every index; raised whenever a formula below changes its results."""

LEVEL_SPEED_RATIOS = (0.70, 0.50, 0.40, 0.30)
"""Upper edges (inclusive) of levels 2, 3, 4, 5 in v / v_free. GB/T 33171-2016 section 8.1 (B)."""

TPI_DELAY_EDGES = (0.0, 0.3, 0.5, 0.6, 0.7, 1.0)
TPI_EDGES = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)

MINIMUM_SPEED_KMH = 2.0
"""A standing queue counts as this speed, so that one stopped loop cannot make travel time infinite (P)."""

_EDGE_TOLERANCE = 1e-9


def travel_time_index(speed_kmh: Floats, free_flow_kmh: Floats) -> Floats:
    """Travel time over free-flow travel time of a segment, never below 1; NaN where the speed is NaN.

    v_free / v, set to 1 when driving is faster than free flow. GB/T 33171-2016 section 7.2.2.1 eq. (3) (B).
    Speeds in km/h, float64 of one shape; dimensionless result of that shape.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = free_flow_kmh / np.maximum(speed_kmh, MINIMUM_SPEED_KMH)
    return np.maximum(ratio, 1.0)


def network_travel_time_index(delay_h: Floats, vht_free_h: Floats) -> Floats:
    """Ratio of sums over segments: 1 + delay / free-flow vehicle hours; NaN where nothing was driven.

    `delay_h` is the sum of max(0, VHT - VHT_free) per segment, "never negative" as PeMS has it (A), in
    line with eq. (3), which sets a segment faster than free flow to 1. The network form of eq. (3); the
    weighting of GB/T 29107 was not available, so that weighing by vehicle hours is ours (P). It is the
    flow-weighted 拥堵延时指数 in Didi's public definition (A).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(vht_free_h > 0, 1.0 + delay_h / vht_free_h, np.nan)


def delay_time_proportion(travel_time_index: Floats) -> Floats:
    """Share of the travel time that is delay, (t - t_free) / t = 1 - 1 / TTI, in [0, 1).

    GB/T 33171-2016 eq. (4) (B).
    """
    return np.maximum(0.0, 1.0 - 1.0 / np.asarray(travel_time_index, dtype=np.float64))


def traffic_performance_index(delay_time_proportion: Floats) -> Floats:
    """Traffic performance index 0..10 from the delay time proportion; NaN stays NaN.

    GB/T 33171-2016 Annex C bands (B); linear inside a band, which is the implementers' convention (P).
    """
    proportion = np.asarray(delay_time_proportion, dtype=np.float64)
    index = np.interp(proportion, TPI_DELAY_EDGES, TPI_EDGES)
    return np.where(np.isnan(proportion), np.nan, index)


def level_of_travel_time_index(travel_time_index: Floats) -> npt.NDArray[np.uint8]:
    """Congestion level 1 (畅通) .. 5 (严重拥堵) of a segment; 0 where the index is NaN.

    The speed ratio table of GB/T 33171-2016 section 8.1 (B): a ratio on an edge belongs to the worse level.
    """
    index = np.asarray(travel_time_index, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = 1.0 / index
    level = np.ones(index.shape, dtype=np.uint8)
    for edge in LEVEL_SPEED_RATIOS:
        level += (ratio <= edge + _EDGE_TOLERANCE).astype(np.uint8)
    return np.where(np.isnan(index), np.uint8(0), level).astype(np.uint8)


def level_of_traffic_performance_index(index: Floats) -> npt.NDArray[np.uint8]:
    """Level 1..5 of a network: [0,2) [2,4) [4,6) [6,8) [8,10]; 0 where NaN. GB/T 33171-2016 Annex C (B)."""
    values = np.asarray(index, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        level = 1 + np.clip(np.floor(values / 2.0 + _EDGE_TOLERANCE), 0, 4)
    return np.where(np.isnan(values), 0, level).astype(np.uint8)
