"""A drawing of a road network that has no coordinates: junctions placed so that links keep their lengths.

Each connected part is laid out by stress majorisation from a classical-scaling start, the parts side by
side. The same network gives the same drawing. It is a drawing, never geography.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ROUNDS = 200
SHORTEST, LONGEST = 0.6, 2.0
"""Drawn lengths stay within these multiples of the median, so that every link can be seen."""


def junctions_of_links(successors: list[list[int]]) -> tuple[Ints, Ints]:
    """The start and end junction of each link, numbered from 0, from which links follow which.

    `successors[i]`: positions of the links that one can enter from link i.
    """
    count = len(successors)
    parent = list(range(2 * count))  # start of link i is i, its end is count + i

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for link, following in enumerate(successors):
        for other in following:
            a, b = sorted((root(count + link), root(other)))
            parent[b] = a
    numbers: dict[int, int] = {}
    nodes = [numbers.setdefault(root(i), len(numbers)) for i in range(2 * count)]
    return np.array(nodes[:count], dtype=np.int64), np.array(nodes[count:], dtype=np.int64)


def schematic_positions(start: Ints, end: Ints, length_m: Floats) -> Floats:
    """Positions of the junctions, (junctions, 2) metres."""
    count = int(max(start.max(), end.max())) + 1
    drawn_m = np.clip(length_m, SHORTEST * np.median(length_m), LONGEST * np.median(length_m))
    distance_m = np.full((count, count), np.inf)
    np.fill_diagonal(distance_m, 0.0)
    for a, b, metres in zip(start, end, drawn_m, strict=True):
        if a != b:
            distance_m[a, b] = distance_m[b, a] = min(distance_m[a, b], metres)
    for via in range(count):
        np.minimum(distance_m, distance_m[:, via, None] + distance_m[None, via, :], out=distance_m)
    positions = np.zeros((count, 2))
    for members, corner in _packed(distance_m, _parts(distance_m), float(np.median(drawn_m)), positions):
        positions[members] += corner
    return positions


def _parts(distance_m: Floats) -> list[Ints]:
    """Connected parts, the largest first."""
    reached = np.isfinite(distance_m)
    first = np.argmax(reached, axis=1)
    parts = [np.flatnonzero(first == f) for f in np.unique(first)]
    return sorted(parts, key=lambda members: (-len(members), int(members[0])))


def _packed(
    distance_m: Floats, parts: list[Ints], gap_m: float, positions: Floats
) -> list[tuple[Ints, Floats]]:
    """Lay out each part into `positions`, and say where its lower left corner goes: rows of parts."""
    sizes = []
    for members in parts:
        local = _stress_layout(distance_m[np.ix_(members, members)])
        positions[members] = local - local.min(axis=0)
        sizes.append(positions[members].max(axis=0) + gap_m)
    row_width = max(float(sizes[0][0]), float(np.sqrt(sum(w * h for w, h in sizes)) * 1.5))
    corners = []
    x = y = height = 0.0
    for members, (width, part_height) in zip(parts, sizes, strict=True):
        if x > 0 and x + width > row_width:
            x, y, height = 0.0, y + height, 0.0
        corners.append((members, np.array([x, y])))
        x, height = x + width, max(height, float(part_height))
    return corners


def _stress_layout(distance_m: Floats) -> Floats:
    """Positions whose distances are near `distance_m`, weighted by its inverse square."""
    count = len(distance_m)
    if count == 1:
        return np.zeros((1, 2))
    centring = np.eye(count) - 1.0 / count
    values, vectors = np.linalg.eigh(-0.5 * centring @ distance_m**2 @ centring)
    largest = np.argsort(values)[::-1][:2]
    axes = vectors[:, largest]
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])] < 0, -1.0, 1.0)
    place = axes * np.sqrt(np.maximum(values[largest], 0.0))
    # a straight line in one dimension cannot bend: a small, fixed push lets it
    place[:, 1] += 1e-3 * distance_m.max() * np.sin(np.arange(count))
    weight = 1.0 / np.where(distance_m > 0, distance_m, np.inf) ** 2
    laplacian = np.diag(weight.sum(axis=1)) - weight
    inverse = np.linalg.pinv(laplacian)
    for _ in range(ROUNDS):
        apart = np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
        ratio = weight * distance_m / np.where(apart > 1e-9, apart, np.inf)
        place = inverse @ ((np.diag(ratio.sum(axis=1)) - ratio) @ place)
    result: Floats = place
    return result
