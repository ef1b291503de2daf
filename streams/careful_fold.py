"""Around the one record on which our own code fails: everything else of its batch is folded.

A record that is wrong is refused by the decoder. What is handled here is a record on which the decoder or the
windows raise: a fault of the program, which must cost this record and not the partition.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.city import City
from models.observation import ObservationColumns, Refusal
from models.observation_batch import decode_batch
from models.window import PartitionWindows
from streams.batches import Batch

MOST_FAILURES = 20
"""More failing records than this in one batch: it is not the records."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What became of the records of a batch: columns of those understood, their fates, and the refusals."""

    columns: ObservationColumns
    fates: npt.NDArray[np.uint8]
    refusals: list[Refusal]


def fold_batch(windows: PartitionWindows, batch: Batch, city: City) -> Folded:
    """Decode and fold a batch. Where this raises, `windows` may be half changed."""
    columns, refusals = decode_batch(batch.lines(), lambda: batch.payloads, batch.offsets, city)
    return Folded(columns, windows.fold(columns), refusals)


def fold_around_failures(
    windows: PartitionWindows, batch: Batch, city: City
) -> tuple[PartitionWindows, Folded]:
    """The same for a batch that `fold_batch` failed on, with windows as they were before it.

    Each record that fails by itself becomes a refusal with reason `processing_failed`. Gives the windows to
    go on with. Raises what the last record raised when more than MOST_FAILURES fail.
    """
    payloads, offsets = batch.payloads, batch.offsets
    parts: list[Folded] = []

    def fold_some(first: int, after: int) -> None:
        nonlocal windows
        trial = copy.deepcopy(windows)
        some = payloads[first:after]
        columns, refusals = decode_batch(b"\n".join(some), lambda: some, offsets[first:after], city)
        fates = trial.fold(columns)
        shifted = [Refusal(first + r.position, r.reason, r.detail, r.rows) for r in refusals]
        parts.append(Folded(columns, fates, shifted))
        windows = trial

    failures = failing_positions(len(payloads), fold_some)
    refusals = [refusal for part in parts for refusal in part.refusals]
    refusals += [
        Refusal(position, "processing_failed", f"{type(error).__name__}: {error}")
        for position, error in failures
    ]
    columns = ObservationColumns(
        *(
            np.concatenate([getattr(part.columns, name) for part in parts] or [np.empty(0, dtype=np.int64)])
            for name in ObservationColumns.__slots__
        )
    )
    fates = np.concatenate([part.fates for part in parts] or [np.empty(0, dtype=np.uint8)])
    return windows, Folded(columns, fates, refusals)


def failing_positions(
    count: int, attempt: Callable[[int, int], None], most: int = MOST_FAILURES
) -> Sequence[tuple[int, Exception]]:
    """Attempt [0, count) in order, in pieces that are halved where they fail, down to the single ones.

    `attempt(first, after)` changes nothing when it raises. Gives the positions that fail alone, with what
    they raised; raises that itself once there are more than `most`.
    """
    failing: list[tuple[int, Exception]] = []
    waiting = [(0, count)] if count else []
    while waiting:
        first, after = waiting.pop()
        try:
            attempt(first, after)
        except Exception as error:
            if after - first > 1:
                middle = (first + after) // 2
                waiting += [(middle, after), (first, middle)]
                continue
            failing.append((first, error))
            if len(failing) > most:
                raise
    return failing
