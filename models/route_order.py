"""The order of points along a road, where only their positions and the road's direction are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COMPASS = {"N": (0.0, 1.0), "S": (0.0, -1.0), "E": (1.0, 0.0), "W": (-1.0, 0.0)}


def order_along_route(points_m: Floats, direction: str) -> Ints:
    """Positions of `points_m` (n, 2: x east, y north, metres) in driving order.

    The order is the shortest path through all points that can be found from its likely ends; it runs
    towards `direction` (N, S, E, W; anything else leaves the way undecided: towards the east).
    """
    count = len(points_m)
    if count < 2:
        return np.arange(count, dtype=np.int64)
    gap_m = np.hypot(*(points_m[:, None, :] - points_m[None, :, :]).transpose(2, 0, 1))
    middle = points_m - points_m.mean(axis=0)
    main_axis = np.linalg.svd(middle, full_matrices=False)[2][0]
    ends = {
        int(f(v)) for v in (middle @ main_axis, middle[:, 0], middle[:, 1]) for f in (np.argmin, np.argmax)
    }
    paths = [_improved(_nearest_neighbours(gap_m, start), gap_m) for start in sorted(ends)]
    path = min(paths, key=lambda p: (round(_length_m(p, gap_m), 6), p))
    way = points_m[path[-1]] - points_m[path[0]]
    if float(way @ np.array(COMPASS.get(direction, COMPASS["E"]))) < 0:
        path = path[::-1]
    return np.array(path, dtype=np.int64)


def _nearest_neighbours(gap_m: Floats, start: int) -> list[int]:
    path, left = [start], set(range(len(gap_m))) - {start}
    while left:
        path.append(min(left, key=lambda i: (gap_m[path[-1], i], i)))
        left.remove(path[-1])
    return path


def _improved(path: list[int], gap_m: Floats) -> list[int]:
    """Turn stretches around as long as that shortens the path (2-opt of an open path)."""
    better = True
    while better:
        better = False
        for i in range(len(path) - 1):
            for j in range(i + 1, len(path)):
                before = gap_m[path[i - 1], path[i]] if i else 0.0
                after = gap_m[path[i - 1], path[j]] if i else 0.0
                if j + 1 < len(path):
                    before += gap_m[path[j], path[j + 1]]
                    after += gap_m[path[i], path[j + 1]]
                if after < before - 1e-9:
                    path[i : j + 1] = path[i : j + 1][::-1]
                    better = True
    return path


def _length_m(path: list[int], gap_m: Floats) -> float:
    return float(gap_m[path[:-1], path[1:]].sum())
