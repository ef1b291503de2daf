"""A workload cut into fetches as a consumer gets them, for contenders that have no broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.log_records import LogRecord
from benchmarks.workload import Workload

FETCH_BYTES = 1_048_576
"""Kafka's usual limit of what one fetch brings of one partition."""


class Fetch(NamedTuple):
    """Consecutive records of one partition."""

    partition: int
    first_offset: int
    payloads: list[bytes]

    def cut(self) -> list[bytes]:
        """The payloads, for a decoder that asks for them only where it must."""
        return self.payloads


def fetches(workload: Workload, records: Iterator[LogRecord]) -> Iterator[Fetch]:
    """Every record once, in the order of its partition, about FETCH_BYTES at a time."""
    waiting: list[list[bytes]] = [[] for _ in range(workload.partitions)]
    size_bytes = [0] * workload.partitions
    next_offset = [0] * workload.partitions

    def cut(partition: int) -> Fetch:
        fetch = Fetch(partition, next_offset[partition], waiting[partition])
        next_offset[partition] += len(fetch.payloads)
        waiting[partition], size_bytes[partition] = [], 0
        return fetch

    for partition, _, payload in records:
        waiting[partition].append(payload)
        size_bytes[partition] += len(payload)
        if size_bytes[partition] >= FETCH_BYTES:
            yield cut(partition)
    for partition in range(workload.partitions):
        if waiting[partition]:
            yield cut(partition)
