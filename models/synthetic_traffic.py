"""Invented traffic on a city's network: speed and flow of every segment at any time.

A pure function of (seed, city, time): any minute can be made again, alone and in any order. Demand over
capacity gives the speed; what does not fit queues into the segments upstream some minutes later;
incidents, rain and a match disturb it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.city import City
from models.stateless_random import uniform, wandering
from models.synthetic_demand import Habits, demand_ratio, rain_intensity
from models.synthetic_incidents import LONGEST_S, Incident, incidents_of_day, strength

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAY_S = 86_400
SPILL_DELAY_S = 300
SPILL_SHARES = (0.42, 0.24, 0.12)
"""Share of the excess demand that queues one, two and three junctions upstream."""

CAPACITY_PER_LANE_VPH = {
    "freeway": 2000.0,
    "expressway": 1900.0,
    "arterial": 950.0,
    "collector": 650.0,
    "local": 500.0,
    "ramp": 1500.0,
}
_FULLNESS = {
    "freeway": 0.90, "expressway": 1.12, "arterial": 1.01, "collector": 0.90, "local": 0.8, "ramp": 1.0
}  # fmt: skip
_DELAY = {"freeway": 0.78, "expressway": 0.95, "arterial": 1.00, "collector": 0.85, "local": 0.7, "ramp": 0.8}
_FREE_DELAY = {
    "freeway": 0.05, "expressway": 0.07, "arterial": 0.15, "collector": 0.15, "local": 0.15, "ramp": 0.07
}  # fmt: skip

SLOWEST_RATIO = 0.11
DELAY_POWER = 3.3
BOTTLENECK_SHARE = 0.07
_NEIGHBOURS = 4


@dataclass(frozen=True)
class TrafficPlan:
    """The constants of one city's invented traffic. `utc_offset_s`: local time zone (without summer time).

    `hour_shift_h` turns the daily profile: at local hour h the traffic is that of hour h + shift.
    """

    seed: int
    utc_offset_s: int
    hour_shift_h: float
    habits: Habits
    free_flow_kmh: Floats
    capacity_vph: Floats
    delay: Floats
    free_delay: Floats
    downstream: Ints  # (segments, neighbours), positions, own position where there is none
    downstream_share: Floats
    upstream: tuple[tuple[int, ...], ...]


def plan_traffic(
    city: City,
    seed: int,
    centre: tuple[float, float],
    stadium: tuple[float, float],
    utc_offset_s: int = 8 * 3600,
    hour_shift_h: float = 0.0,
) -> TrafficPlan:
    """The plan for a city; `centre` and `stadium` as lon, lat degrees."""
    downstream, share, upstream = _neighbours(city)
    per_lane = np.array([CAPACITY_PER_LANE_VPH[s.road_class] for s in city.segments])
    return TrafficPlan(
        seed=seed,
        utc_offset_s=utc_offset_s,
        hour_shift_h=hour_shift_h,
        habits=_habits(city, seed, centre, stadium),
        free_flow_kmh=city.free_flow_kmh,
        capacity_vph=per_lane * city.lanes,
        delay=np.array([_DELAY[s.road_class] for s in city.segments]),
        free_delay=np.array([_FREE_DELAY[s.road_class] for s in city.segments]),
        downstream=downstream,
        downstream_share=share,
        upstream=upstream,
    )


def _habits(city: City, seed: int, centre: tuple[float, float], stadium: tuple[float, float]) -> Habits:
    start = np.array([s.polyline[0] for s in city.segments])
    end = np.array([s.polyline[-1] for s in city.segments])
    shrink = np.array([np.cos(np.deg2rad(centre[1])), 1.0]) * 111.195
    middle, heading = (start + end) / 2, (end - start) * shrink
    to_centre, to_stadium = (np.array(centre) - middle) * shrink, (np.array(stadium) - middle) * shrink
    away_km = np.hypot(*to_centre.T)
    inbound = (heading * to_centre).sum(axis=1) / np.maximum(np.hypot(*heading.T) * away_km, 1e-9)
    place = np.arange(len(city.segments), dtype=np.int64)
    fullness = np.array([_FULLNESS[s.road_class] for s in city.segments])
    centrality = 0.80 + 0.30 * np.exp(-((away_km / 4.2) ** 2))
    district = 1.0 + 0.11 * (2.0 * uniform(seed, 71, city.district_of_segment) - 1.0)
    corridor = np.ones(len(city.segments))
    for number, line in enumerate(city.corridors):
        popular = 0.86 + 0.36 * float(uniform(seed, 72, number)[0]) ** 2
        corridor[[city.segment_position[segment_id] for segment_id in line.segment_ids]] = popular
    own = 1.0 + 0.17 * (2.0 * uniform(seed, 73, place) - 1.0)
    bottleneck = np.where(uniform(seed, 74, place) < BOTTLENECK_SHARE, 1.22, 1.0)
    return Habits(
        scale=fullness * centrality * district * corridor * own * bottleneck,
        inbound=inbound,
        near_stadium=np.exp(-((np.hypot(*to_stadium.T) / 1.5) ** 2)),
    )


def _neighbours(city: City) -> tuple[Ints, Floats, tuple[tuple[int, ...], ...]]:
    """Where each segment leads to (padded table with shares) and what leads into it."""
    leaving: dict[str, list[int]] = {}
    for i, segment in enumerate(city.segments):
        leaving.setdefault(segment.from_node, []).append(i)
    count = len(city.segments)
    downstream = np.repeat(np.arange(count, dtype=np.int64)[:, None], _NEIGHBOURS, axis=1)
    share = np.zeros((count, _NEIGHBOURS))
    upstream: list[list[int]] = [[] for _ in range(count)]
    for i, segment in enumerate(city.segments):
        leads_to = leaving.get(segment.to_node, [])
        onward = [j for j in leads_to if city.segments[j].to_node != segment.from_node]
        for k, j in enumerate(onward[:_NEIGHBOURS]):
            downstream[i, k] = j
            straight_on = city.segments[j].road_class == segment.road_class
            share[i, k] = (2.0 if straight_on else 1.0) / (len(onward) + 1)
            upstream[j].append(i)
    return downstream, share, tuple(tuple(members) for members in upstream)


def network_state(plan: TrafficPlan, time_s: Ints) -> tuple[Floats, Floats]:
    """Speed (km/h) and flow (veh/h) of every segment at UTC epoch seconds, each (times, segments)."""
    times = np.asarray(time_s, dtype=np.int64)
    grid = np.unique(np.concatenate([times - k * SPILL_DELAY_S for k in range(len(SPILL_SHARES) + 1)]))
    ratio, speed_share, passes, rain = _disturbed_demand(plan, grid)
    now = np.searchsorted(grid, times)
    loaded = ratio[now]
    excess = np.maximum(ratio - 0.98, 0.0)
    for hop, queued in enumerate(SPILL_SHARES, start=1):
        excess = (excess[:, plan.downstream] * plan.downstream_share[None, :, :]).sum(axis=2)
        earlier = np.searchsorted(grid, times - hop * SPILL_DELAY_S)
        loaded = loaded + queued / SPILL_SHARES[0] * excess[earlier]
    place = np.arange(len(plan.free_flow_kmh), dtype=np.int64)
    noise = 0.045 * wandering(plan.seed + 81, place, times, 1500.0)
    noise += 0.03 * wandering(plan.seed + 82, place, times, 420.0)
    slowness = 1.0 + plan.free_delay + plan.delay * np.minimum(loaded, 2.0) ** DELAY_POWER
    wet = 1.0 - (0.08 + 0.07 * rain[now]) * (rain[now] > 0) * np.minimum(1.0, 4.0 * rain[now])
    share = (1.0 + noise) * speed_share[now] * wet[:, None] / slowness
    speed = plan.free_flow_kmh * np.clip(share, SLOWEST_RATIO, 1.08)
    served = np.where(loaded <= 1.0, ratio[now], np.maximum(0.62, 1.0 - 0.45 * (loaded - 1.0)))
    flow = plan.capacity_vph * np.minimum(served, ratio[now]) * passes[now] * (1.0 + 0.5 * noise)
    return speed, flow


def _disturbed_demand(plan: TrafficPlan, time_s: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """Demand over what capacity is left, share of speed and of flow that incidents leave, and the rain."""
    local_s = time_s + plan.utc_offset_s
    day = local_s // DAY_S
    shape = (len(time_s), len(plan.free_flow_kmh))
    ratio, rain = np.empty(shape), np.empty(len(time_s))
    speed_share, passes = np.ones(shape), np.ones(shape)
    for number in np.unique(day):
        rows = np.flatnonzero(day == number)
        second = (local_s[rows] - number * DAY_S + round(plan.hour_shift_h * 3600)) % DAY_S
        ratio[rows] = demand_ratio(plan.habits, int(number), second.astype(np.float64), plan.seed)
        rain[rows] = rain_intensity(plan.seed, int(number), second.astype(np.float64))
    for number in np.unique(np.concatenate([day - 1, day])).tolist():
        for incident in incidents_of_day(plan.seed, number, shape[1]):
            since_s = (local_s - number * DAY_S - incident.start_s).astype(np.float64)
            rows = np.flatnonzero((since_s >= 0) & (since_s < LONGEST_S))
            if len(rows):
                _disturb(plan, incident, rows, since_s[rows], ratio, speed_share, passes)
    ratio /= (1.0 - 0.10 * rain)[:, None]
    return ratio, speed_share, passes, rain


def _disturb(
    plan: TrafficPlan, incident: Incident, rows: Ints, since_s: Floats,
    ratio: Floats, speed_share: Floats, passes: Floats,
) -> None:  # fmt: skip
    at_place = strength(incident, since_s, 0)
    left = 1.0 - (1.0 - incident.capacity_ratio) * at_place
    ratio[rows, incident.segment] /= left
    passes[rows, incident.segment] *= left
    for hops, positions in enumerate(queue_positions(plan, incident)):
        slowed = 1.0 - incident.severity * strength(incident, since_s, hops)
        for position in positions:
            speed_share[rows, position] = np.minimum(speed_share[rows, position], slowed)


def queue_positions(plan: TrafficPlan, incident: Incident) -> tuple[tuple[int, ...], ...]:
    """Segment positions that an incident slows: its own, one junction upstream, two junctions upstream."""
    near = plan.upstream[incident.segment]
    far = {j for i in near for j in plan.upstream[i]} - {incident.segment, *near}
    return ((incident.segment,), near, tuple(sorted(far)))
