"""From a window's integer sums to segment indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models import sums as s
from models.city import City
from models.congestion import MINIMUM_SPEED_KMH, level_of_travel_time_index, travel_time_index
from models.index_columns import Columns, Source, Status, WeightSource

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LANE_FLOW_VPH = 200
"""Vehicles per hour and lane that weigh a segment which counts nobody (P): a moderate urban flow."""

LEAST_PROBE_SAMPLES = 6
LOOP_WEIGHT = 6.0
PROBE_WEIGHT = 1.0
"""Loops of one window weigh as much as six probe samples when both speak of a segment (P)."""


@dataclass(frozen=True, slots=True)
class SegmentValues:
    """Indices of the segments of one window; arrays of one length, `segment` holds positions."""

    segment: Ints
    observations: Ints
    speed_kmh: Floats  # NaN where no vehicle was measured
    flow_vph: Floats
    travel_time_index: Floats  # NaN where nothing is known
    level: npt.NDArray[np.uint8]
    coverage: Floats
    source: npt.NDArray[np.uint8]
    weight_source: npt.NDArray[np.uint8]
    vehicles_milli: Ints  # the weight of the segment in sums over areas
    slowness_nano: Ints  # 1e-9 h/km, the integer that sums over areas use

    def first(self, rows: int) -> SegmentValues:
        """The first of them."""
        return SegmentValues(*(getattr(self, name)[:rows] for name in self.__slots__))


def segment_values(window_sums: Ints, segment: Ints, window_s: int, city: City) -> SegmentValues:
    """`values_of_sums` of the given segments of one window; `window_sums` has a row for each of the city."""
    return values_of_sums(window_sums[segment], segment, window_s, city)


def values_of_sums(sums: Ints, segment: Ints, window_s: int | Ints, city: City) -> SegmentValues:
    """Space-mean speed, travel time index and level of segments, of one window each.

    `sums` is int64 (segments, models.sums columns), `segment` their positions, `window_s` one length or the
    length of each.

    Loops: vehicles over the sum of their travel times per km (harmonic, weighted by vehicles). Probe
    samples taken at a fixed period: their plain mean is the space-mean (Edie). Both: a weighted mean (P).
    A loop that was alive and counted nobody means an empty road: index 1, no speed, no weight.
    """
    loop_kmh = _loop_speed_kmh(sums)
    probe_kmh = _probe_speed_kmh(sums)
    samples = sums[:, s.PROBE_SAMPLES]
    has_loop = ~np.isnan(loop_kmh)
    has_probe = (samples >= LEAST_PROBE_SAMPLES) | (has_loop & (samples > 0))
    probe_share = PROBE_WEIGHT * samples / (PROBE_WEIGHT * samples + LOOP_WEIGHT)
    fused_kmh = probe_share * probe_kmh + (1.0 - probe_share) * loop_kmh
    speed_kmh = np.where(has_loop, loop_kmh, np.where(has_probe, probe_kmh, np.nan))
    speed_kmh = np.where(has_loop & has_probe, fused_kmh, speed_kmh)
    empty_road = np.isnan(speed_kmh) & (sums[:, s.FLOW_MS] > 0) & (sums[:, s.VEHICLES_MILLI] == 0)
    slowness_nano = _slowness_nano(speed_kmh)
    index = travel_time_index(speed_kmh, city.free_flow_kmh[segment])
    index = np.where(empty_road, 1.0, index)
    counted = sums[:, s.FLOW_MS] > 0
    source = np.where(has_probe, Source.PROBE, Source.NONE)
    source = np.where(has_loop | empty_road, Source.LOOP, source)
    source = np.where(has_loop & has_probe, Source.FUSED, source)
    return SegmentValues(
        segment=segment,
        observations=sums[:, s.OBSERVATIONS],
        speed_kmh=speed_kmh,
        flow_vph=np.where(
            counted, sums[:, s.VEHICLES_MILLI] * 3600.0 / np.maximum(sums[:, s.FLOW_MS], 1), np.nan
        ),
        travel_time_index=index,
        level=level_of_travel_time_index(index),
        coverage=_coverage(sums, segment, window_s, city),
        source=source.astype(np.uint8),
        weight_source=np.where(counted, WeightSource.MEASURED_FLOW, WeightSource.LANES).astype(np.uint8),
        vehicles_milli=np.where(np.isnan(speed_kmh), 0, _vehicles_milli(sums, segment, window_s, city)),
        slowness_nano=slowness_nano,
    )


def segment_columns(
    values: SegmentValues, amendments: Ints, window_s: Ints, start_ms: Ints, status: Ints, city: City
) -> Columns:
    """Values as published columns (models.index_columns.SEGMENT_DTYPES).

    `amendments` counts what came after publication; `window_s`, `start_ms` and `status` say which window each
    value is of.
    """
    columns: Columns = {
        "window_s": window_s,
        "window_start": start_ms // 1000,
        "status": status,
        "revision": np.where(status == Status.PROVISIONAL, 0, 1 + amendments),
        "version": version_of(values.observations, status),
        "observations": values.observations,
        "speed_kmh": values.speed_kmh,
        "flow_vph": values.flow_vph,
        "travel_time_index": values.travel_time_index,
        "level": values.level,
        "coverage": values.coverage,
        "source": values.source,
        "weight_source": values.weight_source,
    }
    ids: list[str] = city.segment_ids[values.segment].tolist()
    return {"segment_id": ids} | columns


def version_of(observations: Ints, status: Status | Ints) -> Ints:
    """The more observations a value rests on, the newer it is; among equals the later status wins.

    So a worker that replays only the tail of a window can never overwrite what a complete one wrote.
    """
    return observations * 4 + status


def _loop_speed_kmh(sums: Ints) -> Floats:
    slowness = sums[:, s.SLOWNESS]
    speed = sums[:, s.SPEED_WEIGHT_MILLI] * 1e9 / np.maximum(slowness, 1)
    return np.where(slowness > 0, speed, np.nan)


def _probe_speed_kmh(sums: Ints) -> Floats:
    samples = sums[:, s.PROBE_SAMPLES]
    speed = sums[:, s.PROBE_SPEED_CENTI] / (100.0 * np.maximum(samples, 1))
    return np.where(samples > 0, np.maximum(speed, MINIMUM_SPEED_KMH), np.nan)


def _slowness_nano(speed_kmh: Floats) -> Ints:
    known = np.where(np.isnan(speed_kmh), np.inf, np.maximum(speed_kmh, MINIMUM_SPEED_KMH))
    return np.rint(1e9 / known).astype(np.int64)


def _vehicles_milli(sums: Ints, segment: Ints, window_s: int | Ints, city: City) -> Ints:
    flow_ms = sums[:, s.FLOW_MS]
    measured = sums[:, s.VEHICLES_MILLI] * (window_s * 1000) // np.maximum(flow_ms, 1)
    by_lanes = city.lanes[segment] * (LANE_FLOW_VPH * window_s * 1000 // 3600)
    return np.where(flow_ms > 0, measured, by_lanes)


def _coverage(sums: Ints, segment: Ints, window_s: int | Ints, city: City) -> Floats:
    sensors = city.sensors_of_segment[segment]
    expected_ms = np.maximum(sensors, 1) * window_s * 1000
    by_loops = np.minimum(1.0, sums[:, s.COVERED_MS] / expected_ms)
    by_probes = sums[:, s.PROBE_SAMPLES] >= LEAST_PROBE_SAMPLES
    return np.where((sensors == 0) | (by_loops == 0), by_probes.astype(np.float64), by_loops)
