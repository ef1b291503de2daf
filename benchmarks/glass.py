"""From an observation to the wall: sent to the broker, seen in the snapshot that `/stream` pushes.

`citybrain up` runs as it is, then a Kafka with an index worker, a merge worker and a wall. Of some segments
every observation is followed: it raises the coverage of its window, which the snapshot shows.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.brokers import kafka_with_topics
from benchmarks.embedded_process import BROKER_IS_AT
from benchmarks.live_feed import LiveFeed, from_now
from benchmarks.percentiles import percentiles
from benchmarks.rounds import Say
from benchmarks.worker_process import Command, city_folder, citybrain_process, index_worker, running
from benchmarks.workload import Workload

PARTITIONS = 4
EMBEDDED = (
    Workload(1_500, 10, PARTITIONS, loops=10),  # 500 observations a second
    Workload(15_000, 10, PARTITIONS, loops=10),  # 5,000
)
GROWN = (
    Workload(15_000, 10, PARTITIONS, loops=10),
    Workload(50_000, 20, PARTITIONS, loops=15, period_s=15),  # 50,000: no embedded broker holds so many
)
WARM_UP_S = 4.0
"""After every sensor has reported once: before that a segment's next window may cover no more than the one
shown, and an observation that changes no figure is not seen."""
MEASURED_S = 30.0
GIVE_UP_S = 10.0
"""An observation that is not seen for so long is missing."""
FOLLOWED_SEGMENTS = 300
READY_S = 180.0


class StreamReader:
    """The coverage of some segments in every snapshot, with the time at which it came (time.time())."""

    def __init__(self, address: str, segments: npt.NDArray[np.int64]) -> None:
        self._segments = segments
        self._answer = urllib.request.urlopen(f"{address}/stream", timeout=30)
        self._thread = threading.Thread(target=self._run, name="stream reader", daemon=True)
        self._stopping = False
        self.came_at: list[float] = []
        self.coverage_pct: list[npt.NDArray[np.uint8]] = []
        self.bytes = 0

    def __enter__(self) -> StreamReader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._thread.join()
        self._answer.close()

    def _run(self) -> None:
        for line in self._answer:
            if self._stopping:
                return
            if not line.startswith(b'data: {"id"'):
                continue
            came_at = time.time()
            snapshot = json.loads(line[len(b"data: ") :])
            raw = base64.b64decode(snapshot["segments"]["coverage_pct"])
            self.coverage_pct.append(np.frombuffer(raw, dtype=np.uint8)[self._segments])
            self.came_at.append(came_at)
            self.bytes = len(line)


def measure(folder: Path, say: Say) -> list[dict[str, Any]]:
    """Latencies in each city, and what the whole process needs meanwhile."""
    found: list[dict[str, Any]] = []
    for city in EMBEDDED + GROWN:
        place = folder / str(len(found))
        place.mkdir(parents=True)
        found.append(_measure(city, place, grown=len(found) >= len(EMBEDDED)))
        say(f"glass: {found[-1]}")
    return found


@contextlib.contextmanager
def _embedded(workload: Workload, folder: Path) -> Iterator[tuple[str, str, list[Command]]]:
    """Everything in one process: the address of its broker, that of its pages, and the process."""
    settings = {
        "city": str(city_folder(workload, folder)),
        "data_dir": str(folder / "data"),
        "partitions": str(PARTITIONS),
        "log_level": "warning",
    }
    with running([sys.executable, "-m", "benchmarks.embedded_process"], folder, settings) as command:
        command.wait(lambda: _addresses(command), "its addresses", READY_S)
        bootstrap, address = _addresses(command) or ("", "")
        yield bootstrap, address, [command]


@contextlib.contextmanager
def _grown(workload: Workload, folder: Path) -> Iterator[tuple[str, str, list[Command]]]:
    """A Kafka, an index worker, a merge worker and the wall; nothing is archived."""
    with (
        kafka_with_topics(folder / "kafka", PARTITIONS, {}) as bootstrap,
        index_worker(bootstrap, workload, folder) as index,
        citybrain_process(["worker", "merge"], "worker_port", bootstrap, workload, folder) as merge,
        citybrain_process(["wall"], "port", bootstrap, workload, folder) as wall,
    ):
        yield bootstrap, wall.address, [index, merge, wall]


def _measure(workload: Workload, folder: Path, *, grown: bool) -> dict[str, Any]:
    followed = np.arange(0, workload.segments, workload.segments // FOLLOWED_SEGMENTS)
    watched = [int(segment) * workload.loops + loop for segment in followed for loop in range(workload.loops)]
    with (_grown if grown else _embedded)(workload, folder) as (bootstrap, address, processes):
        with (
            LiveFeed(bootstrap, from_now(workload), clocks=False, watched=watched) as feed,
            StreamReader(address, followed) as reader,
        ):
            time.sleep(workload.period_s + WARM_UP_S)
            measured_from, before_s = time.time(), sum(each.cpu_s() for each in processes)
            time.sleep(MEASURED_S)
            measured_until = time.time()
            used_s = sum(each.cpu_s() for each in processes) - before_s
            time.sleep(GIVE_UP_S)
        sent = [(segment, at) for segment, at in feed.watched_at if measured_from <= at < measured_until]
        seen_s, missing = seen_after_s(sent, followed, reader.came_at, reader.coverage_pct)
        return (
            {
                "offered_per_s": workload.sensors // workload.period_s,
                "segments": workload.segments,
                "grown": grown,
            }
            | percentiles(seen_s)
            | {
                "missing": missing,
                "snapshots": len(reader.came_at),
                "snapshot_kb": round(reader.bytes / 1000),
                "cpu_percent_of_a_core": round(100 * used_s / (measured_until - measured_from), 1),
                "rss_mb": round(sum(each.rss_mb() for each in processes)),
                "feed_late_s": round(feed.late_s, 3),
            }
        )


def seen_after_s(
    sent: list[tuple[int, float]],
    followed: npt.NDArray[np.int64],
    came_at: list[float],
    coverage_pct: list[npt.NDArray[np.uint8]],
) -> tuple[list[float], int]:
    """How long each sent observation (segment, when) took until a snapshot showed another coverage of its
    segment than the last one before it was sent; and how many did not within GIVE_UP_S."""
    times, shown = np.array(came_at), np.array(coverage_pct)
    seen: list[float] = []
    missing = 0
    for segment, at in sent:
        column = int(np.searchsorted(followed, segment))
        first = int(np.searchsorted(times, at))
        changed = np.flatnonzero(shown[first:, column] != shown[max(first - 1, 0), column])
        if len(changed) and times[first + changed[0]] - at <= GIVE_UP_S:
            seen.append(float(times[first + changed[0]] - at))
        else:
            missing += 1
    return seen, missing


def _addresses(command: Command) -> tuple[str, str] | None:
    """Bootstrap address of the broker and web address, once both were said."""
    said = command.log.read_text(encoding="utf-8", errors="replace")
    broker, web = re.search(rf"{BROKER_IS_AT}(\S+)", said), re.search(r"(http://\S+?)/wall", said)
    return (broker[1], web[1]) if broker and web else None
