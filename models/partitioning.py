"""Which partition a key belongs to: the murmur2 rule that every Kafka client of the Java family shares.

The feeds, the broker and the backtest must agree on it, because lateness is judged per partition.
"""

from __future__ import annotations

from functools import lru_cache

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash of `data` with Kafka's seed, 0..2**32-1."""
    length = len(data)
    whole = length & ~3
    state = _SEED ^ length
    for start in range(0, whole, 4):
        block = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _MASK
        block = (block ^ block >> 24) * _MULTIPLIER & _MASK
        state = state * _MULTIPLIER & _MASK ^ block
    if length != whole:
        state ^= int.from_bytes(data[whole:], "little")
        state = state * _MULTIPLIER & _MASK
    state = (state ^ state >> 13) * _MULTIPLIER & _MASK
    return state ^ state >> 15


@lru_cache(maxsize=65536)
def partition_of(key: str | bytes, partitions: int) -> int:
    """The partition, 0..partitions-1, that Kafka's default partitioner gives `key` (UTF-8 if text).

    Raises ValueError where `partitions` is below 1.
    """
    if partitions < 1:
        raise ValueError(f"partitions must be at least 1, not {partitions}")
    raw = key.encode() if isinstance(key, str) else key
    return (murmur2(raw) & 0x7FFFFFFF) % partitions
