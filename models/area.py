"""Areas (city, districts, corridors): sums of one partition, merged over partitions, turned into indices.

A partition's sums of a window replace its earlier ones, never add to them; the merger adds over partitions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.city import City
from models.congestion import (
    delay_time_proportion,
    level_of_traffic_performance_index,
    network_travel_time_index,
    traffic_performance_index,
)
from models.index_columns import AREA_KINDS, Columns, Status
from models.segment_index import SegmentValues, version_of

Ints = npt.NDArray[np.int64]

OBSERVATIONS = 0
SEGMENTS = 1  # measured
MEASURED_CM = 2  # length of measured segments that have a sensor
CONGESTED_CM = 3  # measured length at level 4 or 5
VEHICLE_MM = 4  # milli-vehicles x metre: vehicle kilometres x 1e6
TRAVEL_NANO = 5  # vehicle hours x 1e9, rounded per segment
FREE_NANO = 6  # the same at free flow
DELAY_NANO = 7  # vehicle hours beyond free flow x 1e9, never below 0 for a segment
AMENDMENTS = 8  # observations that came after publication
COLUMNS = 9


@dataclass(frozen=True, slots=True)
class Areas:
    """The areas of a city in a fixed order, and to which of them each segment belongs."""

    kind: tuple[str, ...]
    area_id: tuple[str, ...]
    area: Ints  # those of segment 0, then those of segment 1 ...
    first: Ints  # where those of a segment begin in `area`, one more at the end
    instrumented_cm: Ints

    def __len__(self) -> int:
        return len(self.area_id)


def areas_of(city: City) -> Areas:
    """City first, then districts, then corridors, in the order of the city folder."""
    city_kind, district_kind, corridor_kind = AREA_KINDS
    members: list[tuple[str, str, list[int]]] = [(city_kind, city.city_id, list(range(len(city.segments))))]
    for i, district in enumerate(city.districts):
        inside = np.flatnonzero(city.district_of_segment == i)
        members.append((district_kind, district.district_id, [int(p) for p in inside]))
    for corridor in city.corridors:
        positions = [city.segment_position[segment_id] for segment_id in corridor.segment_ids]
        members.append((corridor_kind, corridor.corridor_id, positions))
    area = np.repeat(np.arange(len(members)), [len(m[2]) for m in members])
    segment = np.array([p for m in members for p in m[2]], dtype=np.int64)
    every = np.arange(len(city.segments))
    instrumented_cm = np.zeros(len(members), dtype=np.int64)
    np.add.at(instrumented_cm, area, np.where(city.instrumented, _length_cm(city, every), 0)[segment])
    by_segment = np.argsort(segment, kind="stable")
    first = np.searchsorted(segment[by_segment], np.arange(len(every) + 1))
    kinds, ids = tuple(m[0] for m in members), tuple(m[1] for m in members)
    return Areas(kinds, ids, area[by_segment], first, instrumented_cm)


def _length_cm(city: City, segment: Ints) -> Ints:
    length_cm: Ints = np.rint(city.length_m[segment] * 100).astype(np.int64)
    return length_cm


def area_sums(values: SegmentValues, amendments: Ints, city: City, areas: Areas) -> Ints:
    """Sums of one partition's measured segments per area, int64 (areas, COLUMNS).

    `values` must hold every measured segment of the window, not only the changed ones; `amendments` has one
    entry for each of them.
    """
    window = np.zeros(len(values.segment), dtype=np.int64)
    sums = added_up(segment_amounts(values, amendments, city), values.segment, window, 1, areas)
    return sums.reshape(len(areas), COLUMNS)


def segment_amounts(values: SegmentValues, amendments: Ints, city: City) -> Ints:
    """What each segment adds to the areas it belongs to, int64 (segments, COLUMNS).

    Whole numbers for each segment by itself, so that sums can also be kept by adding what changed.
    """
    length_cm = _length_cm(city, values.segment)
    measured = ~np.isnan(values.travel_time_index)
    free_slowness = np.rint(1e9 / city.free_flow_kmh[values.segment]).astype(np.int64)
    vehicle_mm = values.vehicles_milli * length_cm // 100
    # An instrumented length is counted once measured; probes may measure segments without a sensor.
    with_sensor = city.instrumented[values.segment]
    amounts = np.empty((len(values.segment), COLUMNS), dtype=np.int64)
    amounts[:, OBSERVATIONS] = values.observations
    amounts[:, SEGMENTS] = measured
    amounts[:, MEASURED_CM] = np.where(measured & with_sensor, length_cm, 0)
    amounts[:, CONGESTED_CM] = np.where(values.level >= 4, length_cm, 0)
    amounts[:, VEHICLE_MM] = vehicle_mm
    travel_nano = _vehicle_hours_nano(vehicle_mm, values.slowness_nano)
    free_nano = _vehicle_hours_nano(vehicle_mm, free_slowness)
    amounts[:, TRAVEL_NANO] = travel_nano
    amounts[:, FREE_NANO] = free_nano
    amounts[:, DELAY_NANO] = np.maximum(0, travel_nano - free_nano)
    amounts[:, AMENDMENTS] = amendments
    return amounts


def added_up(amounts: Ints, segment: Ints, window: Ints, windows: int, areas: Areas) -> Ints:
    """Amounts of segments per window and area, int64 (windows, areas, columns); `window` numbers from 0."""
    columns = amounts.shape[1]
    sums = np.zeros((windows * len(areas), columns), dtype=np.int64)
    first, of_window = areas.first[segment], window * len(areas)
    each = areas.first[segment + 1] - first
    # One area of every segment after the other: few segments belong to more than city and district.
    for nth in range(int(each.max(initial=0))):
        more = np.flatnonzero(each > nth)
        if len(more) < len(each):
            amounts, first, of_window, each = amounts[more], first[more], of_window[more], each[more]
        place = of_window + areas.area[first + nth]
        for column in range(columns):
            np.add.at(sums[:, column], place, amounts[:, column])
    return sums.reshape(windows, len(areas), columns)


def _vehicle_hours_nano(vehicle_mm: Ints, slowness_nano: Ints) -> Ints:
    """milli-vehicle metres x 1e-9 h/km -> 1e-9 vehicle hours, rounded.

    In float64, since a long queue on a long road exceeds 2**63 before the division; each segment is
    rounded by itself, so that sums are whole numbers all the same.
    """
    return np.rint(vehicle_mm.astype(np.float64) * slowness_nano / 1e6).astype(np.int64)


def area_columns(
    sums: Ints, area: Ints, window_s: int, window_start_s: int, status: Status, areas: Areas
) -> Columns:
    """Merged sums of the given areas as published columns (models.index_columns.AREA_DTYPES).

    `sums` is int64 (areas, COLUMNS), `area` the positions to tell. An area that was measured and saw no
    vehicle has the index of an empty network, 1.
    """
    chosen = sums[area]
    vkt_km = chosen[:, VEHICLE_MM] / 1e6
    vht_h = chosen[:, TRAVEL_NANO] / 1e9
    index = network_travel_time_index(chosen[:, DELAY_NANO] / 1e9, chosen[:, FREE_NANO] / 1e9)
    index = np.where(np.isnan(index) & (chosen[:, SEGMENTS] > 0), 1.0, index)
    proportion = delay_time_proportion(index)
    performance = traffic_performance_index(proportion)
    rows = len(area)
    return {
        "area_kind": [areas.kind[i] for i in area],
        "area_id": [areas.area_id[i] for i in area],
        "window_s": np.full(rows, window_s),
        "window_start": np.full(rows, window_start_s),
        "status": np.full(rows, status),
        "revision": np.full(rows, 0) if status == Status.PROVISIONAL else 1 + chosen[:, AMENDMENTS],
        "version": version_of(chosen[:, OBSERVATIONS], status),
        "observations": chosen[:, OBSERVATIONS],
        "segments": chosen[:, SEGMENTS],
        "travel_time_index": index,
        "delay_time_proportion": proportion,
        "traffic_performance_index": performance,
        "level": level_of_traffic_performance_index(performance),
        "speed_kmh": np.where(vht_h > 0, vkt_km / np.where(vht_h > 0, vht_h, 1.0), np.nan),
        "vkt_km": vkt_km,
        "vht_h": vht_h,
        "congested_km": chosen[:, CONGESTED_CM] / 1e5,
        "coverage": np.minimum(1.0, chosen[:, MEASURED_CM] / np.maximum(areas.instrumented_cm[area], 1)),
    }
