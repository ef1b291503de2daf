"""One run of one contender: its process, its figures, its result against the oracle."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np

from benchmarks.brokers import committed_records, forget_index_job, ticking
from benchmarks.contest import Contender, Log
from benchmarks.environments import ROOT, python_of
from benchmarks.filling import watermarks
from benchmarks.meter import Figures
from benchmarks.oracle import (
    Disagreement,
    IndexWindows,
    WindowMeans,
    compare_index,
    compare_means,
    index_windows,
    minute_means,
)
from benchmarks.results_read import published_windows
from benchmarks.task import Task
from benchmarks.workload import Workload
from models.window import WINDOW_LENGTHS_S

LONGEST_RUN_S = 600.0

expected_means = cache(minute_means)
expected_windows = cache(index_windows)


class ContenderFailed(Exception):
    """Its process ended without figures."""


@dataclass(frozen=True)
class Outcome:
    """What a run cost, and the observations that it counted, as the oracle does."""

    figures: Figures
    counted: int

    @property
    def cpu_s_per_million(self) -> float:
        """The figure."""
        return self.figures.cpu_s / self.figures.observations * 1e6


def run_contender(contender: Contender, log: Log, bootstrap: str, embedded: bool) -> Outcome:
    """Run it on a filled topic, or on memory where `bootstrap` is empty.

    Raises ContenderFailed, and Disagreement when the result is not that of the oracle.
    """
    workload = log.workload
    records = 0
    if bootstrap:
        if contender.index_job and not embedded:
            forget_index_job(bootstrap, workload.partitions)
        records = sum(high for _, high in watermarks(bootstrap, log.topic, workload.partitions))
    with tempfile.TemporaryDirectory() as folder:
        task = Task(workload, bootstrap, log.topic, records, embedded, log.columnar, f"{folder}/answer.npz")
        if contender.index_job:
            with ticking(bootstrap, workload.partitions):
                figures = _figures_of(contender, task)
            return Outcome(figures, _checked_index(task))
        figures = _figures_of(contender, task)
        with np.load(task.answer_path) as answer:
            found = dict(answer)
    if "observations" in found:
        counted = compare_index(IndexWindows(**found), expected_windows(workload, 60))
    else:
        counted = compare_means(WindowMeans(**found), expected_means(workload), contender.newest_missing)
    return Outcome(figures, counted)


def _figures_of(contender: Contender, task: Task) -> Figures:
    process = subprocess.run(
        [python_of(contender.environment), "-m", "benchmarks.contend", contender.module],
        input=msgspec.json.encode(task),
        capture_output=True,
        cwd=ROOT,
        timeout=LONGEST_RUN_S,
    )
    if process.returncode != 0:
        raise ContenderFailed(f"{contender.name}: {process.stderr.decode(errors='replace')[-4000:]}")
    return msgspec.json.decode(process.stdout.splitlines()[-1], type=Figures)


def _checked_index(task: Task) -> int:
    """Both windows as published, and the commit."""
    workload: Workload = task.workload
    for window_s in WINDOW_LENGTHS_S:
        counted = compare_index(
            published_windows(task.bootstrap, workload, window_s), expected_windows(workload, window_s)
        )
    if not task.embedded:
        committed = committed_records(task.bootstrap, workload.partitions)
        if committed < task.records:
            raise Disagreement(f"only {committed} of {task.records} records are committed")
    return counted
