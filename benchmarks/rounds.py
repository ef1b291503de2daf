"""All tables, round after round: every contender once, then every contender again."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.block_log import block_log
from benchmarks.brokers import embedded_with_topics, kafka_with_topics
from benchmarks.contest import Contender, Entry, Log, Table
from benchmarks.filling import fill
from benchmarks.log_records import json_log
from benchmarks.running import Outcome, run_contender
from streams.topics import OBSERVATIONS

Say = Callable[[str], None]
Result = dict[str, Any]


def run_table(table: Table, rounds: int, folder: Path, say: Say) -> dict[str, Result]:
    """Contender name -> what it is, every round, and the medians."""
    with _servers(table, folder, say) as addresses:
        outcomes: dict[str, list[Outcome]] = {entry.contender.name: [] for entry in table.entries}
        for number in range(1, rounds + 1):
            for entry in table.entries:
                begun_s = time.monotonic()
                with _address(table, entry, addresses) as bootstrap:
                    outcome = run_contender(entry.contender, entry.log, bootstrap, table.embedded)
                outcomes[entry.contender.name].append(outcome)
                say(
                    f"{table.name} {number}/{rounds} {entry.contender.name}: "
                    f"{outcome.cpu_s_per_million:.2f} CPU s per million "
                    f"({time.monotonic() - begun_s:.0f} s altogether)"
                )
    return {
        entry.contender.name: _result(entry.contender, entry.log, outcomes[entry.contender.name])
        for entry in table.entries
    }


def log_of(log: Log) -> Iterator[Any]:
    """The records of a log."""
    return block_log(log.workload) if log.columnar else json_log(log.workload)


@contextlib.contextmanager
def _servers(table: Table, folder: Path, say: Say) -> Iterator[dict[str, str]]:
    """A Kafka for each server of the table, its logs filled; server -> address. None for an embedded table:
    its brokers are made for every run, since nobody can make them forget a group."""
    logs = {(entry.log.server, entry.log.topic): entry.log for entry in table.entries if entry.log.server}
    addresses: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        if not table.embedded:
            for server in sorted({server for server, _ in logs}):
                partitions = next(log.workload.partitions for log in logs.values() if log.server == server)
                others = {topic: partitions for name, topic in logs if name == server}
                others.pop(OBSERVATIONS.name)
                addresses[server] = stack.enter_context(
                    kafka_with_topics(folder / table.name / server, partitions, others)
                )
            for (server, topic), log in logs.items():
                begun_s = time.monotonic()
                fill(addresses[server], topic, log_of(log))
                say(f"{table.name}: {topic} of {server} filled in {time.monotonic() - begun_s:.0f} s")
        yield addresses


@contextlib.contextmanager
def _address(table: Table, entry: Entry, addresses: dict[str, str]) -> Iterator[str]:
    if not table.embedded:
        yield addresses.get(entry.log.server, "")
        return
    with embedded_with_topics(entry.log.workload.partitions, {}) as bootstrap:
        fill(bootstrap, entry.log.topic, log_of(entry.log))
        yield bootstrap


def _result(contender: Contender, log: Log, outcomes: list[Outcome]) -> Result:
    rounds = [_row(outcome) for outcome in outcomes]
    return {
        "title": contender.title,
        "observations": log.workload.observations,
        "segments": log.workload.segments,
        "rounds": rounds,
        "median": {
            name: round(statistics.median(row[name] for row in rounds), 3)
            for name in rounds[0]
            if name != "counted"
        },
    }


def _row(outcome: Outcome) -> dict[str, float]:
    figures = outcome.figures
    return {
        "cpu_s_per_million": round(outcome.cpu_s_per_million, 3),
        "cpu_s_per_million_from_first": round(figures.cpu_from_first_s / figures.observations * 1e6, 3),
        "observations_per_s": round(figures.observations / figures.wall_s),
        "observations_per_s_from_first": round(figures.observations / figures.wall_from_first_s),
        "peak_rss_mb": round(figures.peak_rss_mb),
        "counted": outcome.counted,
    }
