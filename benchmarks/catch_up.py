"""Catching up after an outage, and the memory that it takes.

An hour of a city that sends 5,000 observations a second lies on the topic; then `citybrain worker index`
starts. The time from its first record to the newest one is taken, and the most memory that it had resident.
"""

from __future__ import annotations

import re
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

from benchmarks.brokers import kafka_with_topics
from benchmarks.filling import fill
from benchmarks.log_records import json_log
from benchmarks.rounds import Say
from benchmarks.worker_process import Command, index_worker
from benchmarks.workload import Workload
from streams.topics import OBSERVATIONS

LIVE_PER_S = 5_000
OUTAGE_S = 3_600
PARTITIONS = 8
DEADLINE_S = 900.0
LOOK_EVERY_S = 0.5

_RECORDS = re.compile(r"^citybrain_worker_records_total\{[^}]*\} (\S+)$", re.MULTILINE)


def measure(folder: Path, say: Say) -> dict[str, Any]:
    """How many times faster than live the worker is, its CPU and its memory."""
    workload = Workload(segments=LIVE_PER_S * 30 // 2, periods=OUTAGE_S // 30, partitions=PARTITIONS)
    with kafka_with_topics(folder / "kafka", PARTITIONS, {}) as bootstrap:
        fill(bootstrap, OBSERVATIONS.name, json_log(workload))
        say(f"catch-up: {workload.observations:,} observations are on the topic")
        with index_worker(bootstrap, workload, folder) as worker:
            worker.wait(lambda: counted(worker) > 0, "the first observation", DEADLINE_S)
            before, before_s, begun = counted(worker), worker.cpu_s(), time.monotonic()
            worker.wait(
                lambda: counted(worker) >= workload.observations, "catching up", DEADLINE_S, LOOK_EVERY_S
            )
            took_s = time.monotonic() - begun
            per_s = (workload.observations - before) / took_s
            found = {
                "outage_s": OUTAGE_S,
                "live_per_s": LIVE_PER_S,
                "observations": workload.observations,
                "segments": workload.segments,
                "caught_up_in_s": round(took_s, 1),
                "observations_per_s": round(per_s),
                "times_live": round(per_s / LIVE_PER_S, 1),
                "cpu_s_per_million": round(
                    (worker.cpu_s() - before_s) / (workload.observations - before) * 1e6, 2
                ),
                "peak_rss_mb": round(worker.peak_rss_mb()),
            }
    say(f"catch-up: {found}")
    return found


def counted(worker: Command) -> int:
    """Observations that the worker has dealt with, as its metrics say; -1 while it does not answer."""
    try:
        with urllib.request.urlopen(f"{worker.address}/metrics", timeout=30) as answer:
            return int(sum(float(value) for value in _RECORDS.findall(answer.read().decode())))
    except (URLError, ConnectionError, TimeoutError):
        return -1
