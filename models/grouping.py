"""Positions of equal numbers together, cheaply where the numbers lie close."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def by_value(values: Ints) -> tuple[Ints, list[int]]:
    """An order that puts equal values together, smallest first and each group as it was, and its edges.

    Group i is `order[edges[i]:edges[i + 1]]`. No values: no group.
    """
    if not len(values):
        return np.empty(0, dtype=np.int64), [0]
    nth = values - values.min()
    last = int(nth.max())
    if not last:
        return np.arange(len(values)), [0, len(values)]
    # Numbers of 16 bits are sorted in linear time.
    order = np.argsort(nth.astype(np.uint16) if last < 1 << 16 else nth, kind="stable")
    sorted_values = values[order]
    edges = np.flatnonzero(sorted_values[1:] != sorted_values[:-1]) + 1
    return order, [0, *edges.tolist(), len(values)]


def distinct(values: Ints) -> Ints:
    """Each value once, sorted. Some times faster than numpy's `unique`, which also looks for NaN."""
    ordered = np.sort(values)
    is_first = np.empty(len(ordered), dtype=np.bool_)
    is_first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]
