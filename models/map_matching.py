"""Which segment a moving vehicle is on: the nearest polyline that runs its way.

A position matches a segment where the distance to its polyline is at most 25 m and the vehicle's heading
differs from the road's by at most 45 degrees; of several the nearest wins, then the first in city order.
Everything is computed on a plane around the city's middle, in metres, which is exact to a few parts in a
thousand over 50 km.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.city import City

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DISTANCE_LIMIT_M = 25.0
HEADING_LIMIT_DEG = 45.0
METRES_PER_DEGREE = 111_195.0
_CELL_M = 100.0
_MAXIMUM_CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class RoadGrid:
    """The straight pieces of all polylines on a plane, and which of them lie near each grid cell."""

    origin_lon: float
    origin_lat: float
    metres_per_lon: float
    segment: Ints  # position of the segment, per piece
    start_m: Floats  # (pieces, 2) x east, y north
    along_m: Floats  # (pieces, 2) vector from start to end
    heading_deg: Floats  # 0 north, 90 east, per piece
    cell_m: float
    columns: int
    rows: int
    first: Ints  # (cells + 1,) where the pieces of a cell begin in `pieces`
    pieces: Ints


def road_grid(city: City) -> RoadGrid:
    """The grid of a city; it holds for every position within `DISTANCE_LIMIT_M` of a road."""
    points = [np.asarray(segment.polyline, dtype=np.float64) for segment in city.segments]
    together = np.concatenate(points) if points else np.zeros((1, 2))
    low, high = together.min(axis=0), together.max(axis=0)
    metres_per_lon = METRES_PER_DEGREE * float(np.cos(np.deg2rad((low[1] + high[1]) / 2)))
    # the margin keeps a position just outside the outermost road inside the grid
    margin_deg = (DISTANCE_LIMIT_M + 1) / np.array([max(metres_per_lon, 1.0), METRES_PER_DEGREE])
    origin, end = low - margin_deg, high + margin_deg
    scale = np.array([metres_per_lon, METRES_PER_DEGREE])
    lines = [(line - origin) * scale for line in points]
    start = np.concatenate([line[:-1] for line in lines]) if lines else np.zeros((0, 2))
    along = np.concatenate([np.diff(line, axis=0) for line in lines]) if lines else np.zeros((0, 2))
    counts = np.array([len(line) - 1 for line in lines], dtype=np.int64)
    size_m = (end - origin) * scale
    cell_m = max(_CELL_M, float(np.sqrt(size_m[0] * size_m[1] / _MAXIMUM_CELLS)))
    columns, rows = (int(n) for n in np.floor(size_m / cell_m) + 1)
    first, pieces = _cells_of_pieces(start, along, cell_m, columns, rows)
    return RoadGrid(
        origin_lon=float(origin[0]),
        origin_lat=float(origin[1]),
        metres_per_lon=metres_per_lon,
        segment=np.repeat(np.arange(len(lines), dtype=np.int64), counts),
        start_m=start,
        along_m=along,
        heading_deg=np.rad2deg(np.arctan2(along[:, 0], along[:, 1])) % 360.0,
        cell_m=cell_m,
        columns=columns,
        rows=rows,
        first=first,
        pieces=pieces,
    )


def match_positions(grid: RoadGrid, lon: Floats, lat: Floats, heading_deg: Floats) -> tuple[Ints, Floats]:
    """Segment position per point (-1 where no road fits) and the distance to it in metres (NaN there).

    `heading_deg`: 0 north, 90 east; NaN where unknown, and then only the distance decides.
    """
    segment = np.full(len(lon), -1, dtype=np.int64)
    distance_m = np.full(len(lon), np.nan)
    x = (lon - grid.origin_lon) * grid.metres_per_lon
    y = (lat - grid.origin_lat) * METRES_PER_DEGREE
    width_m, height_m = grid.columns * grid.cell_m, grid.rows * grid.cell_m
    rows = np.flatnonzero((x >= 0) & (y >= 0) & (x < width_m) & (y < height_m))
    column, row = (np.floor(v[rows] / grid.cell_m).astype(np.int64) for v in (x, y))
    cell = row * grid.columns + column
    counts = grid.first[cell + 1] - grid.first[cell]
    point = np.repeat(rows, counts)
    if not len(point):
        return segment, distance_m
    within = np.arange(len(point)) - np.repeat(np.cumsum(counts) - counts, counts)
    piece = grid.pieces[np.repeat(grid.first[cell], counts) + within]
    away_m = _distance_m(np.column_stack([x[point], y[point]]), grid.start_m[piece], grid.along_m[piece])
    turn_deg = np.abs((heading_deg[point] - grid.heading_deg[piece] + 180.0) % 360.0 - 180.0)
    fits = (away_m <= DISTANCE_LIMIT_M) & ~(turn_deg > HEADING_LIMIT_DEG)
    point, piece, away_m = point[fits], piece[fits], away_m[fits]
    order = np.lexsort((grid.segment[piece], away_m, point))
    best = order[np.flatnonzero(np.diff(point[order], prepend=-1))]
    segment[point[best]] = grid.segment[piece[best]]
    distance_m[point[best]] = away_m[best]
    return segment, distance_m


def _distance_m(point: Floats, start: Floats, along: Floats) -> Floats:
    """Distance of each point to its piece of road."""
    length_2 = np.einsum("ij,ij->i", along, along)
    share = np.einsum("ij,ij->i", point - start, along) / np.where(length_2 > 0, length_2, 1.0)
    nearest = start + np.clip(share, 0.0, 1.0)[:, None] * along
    gap = point - nearest
    away: Floats = np.hypot(gap[:, 0], gap[:, 1])
    return away


def _cells_of_pieces(
    start: Floats, along: Floats, cell_m: float, columns: int, rows: int
) -> tuple[Ints, Ints]:
    """For each cell the pieces whose surroundings touch it, as (first, pieces)."""
    low = np.minimum(start, start + along) - DISTANCE_LIMIT_M
    high = np.maximum(start, start + along) + DISTANCE_LIMIT_M
    last = np.array([columns - 1, rows - 1])
    from_cell = np.clip(np.floor(low / cell_m).astype(np.int64), 0, last)
    to_cell = np.clip(np.floor(high / cell_m).astype(np.int64), 0, last)
    width, height = (to_cell - from_cell + 1).T
    counts = width * height
    piece = np.repeat(np.arange(len(start), dtype=np.int64), counts)
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    column = from_cell[piece, 0] + within % width[piece]
    row = from_cell[piece, 1] + within // width[piece]
    middle = (np.column_stack([column, row]) + 0.5) * cell_m
    # a long slanting piece passes few of the cells of its bounding box
    reach_m = DISTANCE_LIMIT_M + cell_m * 0.7072
    near = _distance_m(middle, start[piece], along[piece]) <= reach_m
    cell, piece = (row * columns + column)[near], piece[near]
    order = np.lexsort((piece, cell))
    first = np.searchsorted(cell[order], np.arange(columns * rows + 1)).astype(np.int64)
    return first, piece[order]
