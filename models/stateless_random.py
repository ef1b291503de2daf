"""Random numbers that are a function of what they are for, so that nothing depends on the order of draws.

`uniform(seed, keys)` mixes seed and keys (splitmix64) and gives the same number for ever, on any machine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.int64] | int

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def mixed(seed: int, *keys: Keys) -> npt.NDArray[np.uint64]:
    """64 random bits per element of the broadcast keys."""
    state = np.atleast_1d(np.asarray(seed, dtype=np.int64)).astype(np.uint64)
    for key in keys:
        state = _scrambled(state + np.asarray(key, dtype=np.int64).astype(np.uint64) * _GOLDEN + _GOLDEN)
    return _scrambled(state)


def _scrambled(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    mixed_bits: npt.NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed_bits


def uniform(seed: int, *keys: Keys) -> Floats:
    """In [0, 1), float64, one per element of the broadcast keys."""
    return (mixed(seed, *keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seed: int, *keys: Keys) -> Floats:
    """Mean 0, standard deviation 1 (Box and Muller)."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(seed, *keys, 1)))
    deviate: Floats = radius * np.cos(2.0 * np.pi * uniform(seed, *keys, 2))
    return deviate


def normal_pair(seed: int, *keys: Keys) -> tuple[Floats, Floats]:
    """Two independent numbers like `normal` per element, for little more than the price of one."""
    bits = mixed(seed, *keys)
    radius = np.sqrt(-2.0 * np.log1p(-((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53)))
    angle = (_scrambled(bits) >> np.uint64(11)).astype(np.float64) * (2.0 * np.pi * 2.0**-53)
    return radius * np.cos(angle), radius * np.sin(angle)


def wandering(
    seed: int, place: npt.NDArray[np.int64], time_s: npt.NDArray[np.int64], period_s: float
) -> Floats:
    """A smooth random curve per place, about -1..1, shape (times, places); knots every `period_s`."""
    position = np.asarray(time_s, dtype=np.float64)[:, None] / period_s
    knot = np.floor(position).astype(np.int64)
    part = position - knot
    part = part * part * (3.0 - 2.0 * part)
    before = uniform(seed, place[None, :], knot)
    after = uniform(seed, place[None, :], knot + 1)
    curve: Floats = 2.0 * (before + (after - before) * part) - 1.0
    return curve
