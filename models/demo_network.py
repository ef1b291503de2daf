"""The demo city's roads as a network: which of the drawn roads meet, and what is cut away.

Plan coordinates in km, as drawn in `models.demo_roads`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.demo_roads import BANK_KM, ROADS, river_y
from models.planar_network import Edge, cumulative_km, planar_edges, point_at, stretch

Points = npt.NDArray[np.float64]

LONGEST_KM = {"freeway": 2.3, "expressway": 1.9, "arterial": 1.5, "collector": 1.5}
"""An edge longer than this is cut into equal pieces, as GB/T 33171 asks of long segments."""

MERGE_KM = 0.26
INNER_RING, OUTER_RING = ROADS[0], ROADS[1]
_CONTROLLED = ("freeway", "expressway")


def demo_network() -> tuple[list[Edge], dict[int, list[int]]]:
    """The edges, and the roads that meet at each node (positions in ROADS)."""
    edges, _ = planar_edges([road.points for road in ROADS], _joins, MERGE_KM)
    edges = [edge for edge in edges if _belongs(edge)]
    edges = _without_stubs(edges)
    roads_at: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        for node in (edge.start_node, edge.end_node):
            if edge.line not in roads_at[node]:
                roads_at[node].append(edge.line)
    return edges, roads_at


def _joins(first: int, second: int) -> bool:
    """Freeways meet only freeways and the inner ring; the inner ring meets no collector."""
    classes = {ROADS[first].road_class, ROADS[second].road_class}
    if "freeway" in classes:
        return classes <= set(_CONTROLLED) or _is_ring_gate(first, second)
    return not ("expressway" in classes and "collector" in classes)


def _is_ring_gate(first: int, second: int) -> bool:
    """The outer ring has junctions with the main roads that reach it."""
    others = [ROADS[line] for line in (first, second) if ROADS[line] is not OUTER_RING]
    return len(others) == 1 and others[0].road_class == "arterial"


def _belongs(edge: Edge) -> bool:
    """False for a road that would wade through the river or run out into the fields."""
    road = ROADS[edge.line]
    middle = point_at(edge.points, np.array([cumulative_km(edge.points)[-1] / 2]))[0]
    wades = abs(middle[1] - river_y(middle[:1])[0]) < BANK_KM - 0.05
    if wades and not road.bridge:
        return False
    if road is OUTER_RING:
        return True
    if road.road_class == "freeway":
        return not _inside(middle, INNER_RING.points)
    return _inside(middle, OUTER_RING.points)


def _inside(point: Points, ring: Points) -> bool:
    x, y = ring[:, 0], ring[:, 1]
    crosses = (y[:-1] > point[1]) != (y[1:] > point[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x[:-1] + (point[1] - y[:-1]) * (x[1:] - x[:-1]) / (y[1:] - y[:-1])
    return bool(np.count_nonzero(crosses & (point[0] < at)) % 2)


def _without_stubs(edges: list[Edge]) -> list[Edge]:
    """Dead ends removed again and again, except where a freeway leaves the city."""
    while True:
        degree = Counter(node for edge in edges for node in (edge.start_node, edge.end_node))
        kept = [
            edge
            for edge in edges
            if ROADS[edge.line].road_class == "freeway"
            or min(degree[edge.start_node], degree[edge.end_node]) > 1
        ]
        if len(kept) == len(edges):
            return kept
        edges = kept


def pieces(edge: Edge) -> list[Edge]:
    """An edge cut into equal pieces not longer than its class allows; inner cuts get nodes of their own."""
    total = float(cumulative_km(edge.points)[-1])
    count = int(np.ceil(total / LONGEST_KM[ROADS[edge.line].road_class]))
    cuts = np.linspace(0.0, total, count + 1)
    inner = [10_000 + 100 * edge.start_node + edge.line * 1_000_000 + k for k in range(1, count)]
    nodes = [edge.start_node, *inner, edge.end_node]
    return [
        replace(
            edge,
            start_node=nodes[k],
            end_node=nodes[k + 1],
            points=stretch(edge.points, cuts[k], cuts[k + 1]),
        )
        for k in range(count)
    ]
