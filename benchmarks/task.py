"""What a contender's process is asked to do, and how: one JSON object on standard input."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.workload import Workload


class Task(msgspec.Struct, frozen=True):
    """Where to read, how much there is, and where to put what was found."""

    workload: Workload
    bootstrap: str = ""
    topic: str = ""
    records: int = 0
    """Records of the topic: a contender is done when it has seen so many."""
    embedded: bool = False
    columnar: bool = False
    """Whether the records are blocks of many observations."""
    answer: str = ""
    """File for the means that were found (numpy's .npz)."""

    @property
    def group(self) -> str:
        """A consumer group that nobody had before."""
        return f"bench-{uuid.uuid4()}"

    @property
    def answer_path(self) -> Path:
        """`answer` as a path."""
        return Path(self.answer)


Run = Callable[[Task, Meter], WindowMeans | None]
"""A contender: what it found, or None where that stands in the topics that it wrote."""
