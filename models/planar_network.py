"""A road network from drawn lines: cut every line where it may join another, merge close cuts, name nodes.

Coordinates are a local plane in km. Pure geometry; the same input gives the same network in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Edge:
    """A stretch of one line between two nodes, in the direction the line was drawn."""

    line: int
    start_node: int
    end_node: int
    points: Points


def cumulative_km(points: Points) -> npt.NDArray[np.float64]:
    """Distance from the first point to each point along the line, km."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    return np.concatenate(([0.0], np.cumsum(steps)))


def point_at(points: Points, distance_km: npt.NDArray[np.float64]) -> Points:
    """Points at distances along the line; distances beyond its ends give the ends."""
    along = cumulative_km(points)
    return np.column_stack([np.interp(distance_km, along, points[:, axis]) for axis in (0, 1)])


def stretch(points: Points, from_km: float, to_km: float) -> Points:
    """The part of a line between two distances, with its own vertices in between."""
    along = cumulative_km(points)
    inner = points[(along > from_km + 1e-6) & (along < to_km - 1e-6)]
    ends = point_at(points, np.array([from_km, to_km]))
    return np.vstack([ends[:1], inner, ends[1:]])


def crossings(first: Points, second: Points) -> list[tuple[float, float]]:
    """Where two lines cross: (distance along the first, distance along the second) in km."""
    a, b = first[:-1, None, :], second[None, :-1, :]
    da, db = first[1:, None, :] - a, second[None, 1:, :] - b
    gap = b - a
    denominator = da[..., 0] * db[..., 1] - da[..., 1] * db[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (gap[..., 0] * db[..., 1] - gap[..., 1] * db[..., 0]) / denominator
        u = (gap[..., 0] * da[..., 1] - gap[..., 1] * da[..., 0]) / denominator
    # A hair of tolerance lets a line that ends exactly on another one join it.
    hit = np.isfinite(t) & (t >= -1e-9) & (t <= 1 + 1e-9) & (u >= -1e-9) & (u <= 1 + 1e-9)
    along_first, along_second = cumulative_km(first), cumulative_km(second)
    found = []
    for i, j in np.argwhere(hit):
        on_first = along_first[i] + t[i, j] * (along_first[i + 1] - along_first[i])
        on_second = along_second[j] + u[i, j] * (along_second[j + 1] - along_second[j])
        found.append((float(on_first), float(on_second)))
    return found


def simplified(points: Points, tolerance_km: float) -> Points:
    """Fewer vertices, none further than `tolerance_km` from the line drawn (Douglas and Peucker)."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    open_spans = [(0, len(points) - 1)]
    while open_spans:
        low, high = open_spans.pop()
        if high <= low + 1:
            continue
        chord = points[high] - points[low]
        reach = points[low + 1 : high] - points[low]
        length = float(np.hypot(*chord)) or 1e-12
        away = np.abs(chord[0] * reach[:, 1] - chord[1] * reach[:, 0]) / length
        worst = int(np.argmax(away))
        if away[worst] > tolerance_km:
            middle = low + 1 + worst
            keep[middle] = True
            open_spans += [(low, middle), (middle, high)]
    return points[keep]


def shifted_right(points: Points, offset_km: float) -> Points:
    """The line moved to the right of its direction, corners mitred (not further than twice the offset)."""
    steps = np.diff(points, axis=0)
    normals = np.column_stack([steps[:, 1], -steps[:, 0]]) / np.hypot(*steps.T)[:, None]
    before, after = np.vstack([normals[:1], normals]), np.vstack([normals, normals[-1:]])
    middle = before + after
    middle /= np.maximum(np.hypot(*middle.T)[:, None], 1e-9)
    stretch_ratio = 1.0 / np.maximum((middle * after).sum(axis=1), 0.5)
    shifted: Points = points + middle * (offset_km * stretch_ratio)[:, None]
    return shifted


def planar_edges(
    lines: Sequence[Points],
    joins: Callable[[int, int], bool],
    merge_km: float,
) -> tuple[list[Edge], Points]:
    """Cut `lines` into edges at the crossings for which `joins(line, line)` holds, and at their ends.

    Cuts within `merge_km` of each other become one node at their mean, so that no edge is shorter than
    that. Returns the edges and the node positions; edges from a node to itself are dropped.
    """
    cuts: list[tuple[int, float]] = []
    together: list[tuple[int, int]] = []
    for i, line in enumerate(lines):
        total = float(cumulative_km(line)[-1])
        first = len(cuts)
        cuts += [(i, 0.0), (i, total)]
        if np.hypot(*(line[0] - line[-1])) < 1e-9:
            together.append((first, first + 1))
    for i in range(len(lines)):
        for j in range(i + 1, len(lines)):
            if joins(i, j):
                for on_i, on_j in crossings(lines[i], lines[j]):
                    together.append((len(cuts), len(cuts) + 1))
                    cuts += [(i, on_i), (j, on_j)]
    places = np.array([point_at(lines[i], np.array([d]))[0] for i, d in cuts])
    node_of_cut = _clusters(places, cuts, together, merge_km)
    nodes = _middles(places, cuts, node_of_cut, lines)
    return _edges_between(lines, cuts, node_of_cut, nodes), nodes


def _clusters(
    places: Points, cuts: list[tuple[int, float]], together: list[tuple[int, int]], merge_km: float
) -> npt.NDArray[np.int64]:
    """The node number of each cut: joined cuts, and cuts of one line closer than `merge_km`."""
    parent = list(range(len(cuts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in together:
        parent[root(b)] = root(a)
    on_line: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for number, (line, distance) in enumerate(cuts):
        on_line[line].append((distance, number))
    for members in on_line.values():
        members.sort()
        for (d0, a), (d1, b) in pairwise(members):
            if d1 - d0 < merge_km:
                parent[root(b)] = root(a)
    names: dict[int, int] = {}
    return np.array([names.setdefault(root(i), len(names)) for i in range(len(cuts))])


def _middles(
    places: Points, cuts: list[tuple[int, float]], node_of_cut: npt.NDArray[np.int64], lines: Sequence[Points]
) -> Points:
    """The position of each node: the mean of its crossings; of its line ends only where nothing crosses."""
    is_end = np.array([d == 0.0 or d == cumulative_km(lines[i])[-1] for i, d in cuts])
    middles = []
    for node in range(int(node_of_cut.max()) + 1):
        own = node_of_cut == node
        crossing = own & ~is_end
        middles.append(places[crossing if crossing.any() else own].mean(axis=0))
    return np.array(middles)


def _edges_between(
    lines: Sequence[Points],
    cuts: list[tuple[int, float]],
    node_of_cut: npt.NDArray[np.int64],
    nodes: Points,
) -> list[Edge]:
    edges = []
    for i, line in enumerate(lines):
        own = sorted((d, int(node_of_cut[n])) for n, (on, d) in enumerate(cuts) if on == i)
        for (d0, a), (d1, b) in pairwise(own):
            if a == b:
                continue
            points = stretch(line, d0, d1)
            # The ends move to the common node; close inner vertices would make a kink there.
            inner = points[1:-1]
            far = (np.hypot(*(inner - nodes[a]).T) > 0.12) & (np.hypot(*(inner - nodes[b]).T) > 0.12)
            edges.append(Edge(i, a, b, np.vstack([nodes[a : a + 1], inner[far], nodes[b : b + 1]])))
    return edges
