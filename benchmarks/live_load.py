"""What a live city costs: the index worker, as `citybrain worker index` runs it, at the pace of the city."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.brokers import kafka_with_topics
from benchmarks.live_feed import LiveFeed, from_now
from benchmarks.rounds import Say
from benchmarks.worker_process import index_worker
from benchmarks.workload import Workload

SENSORS = (3_000, 100_000)
PARTITIONS = 8
WARM_UP_S = 10.0
MEASURED_S = 30.0


def measure(folder: Path, say: Say) -> list[dict[str, Any]]:
    """CPU of one core and memory for each number of sensors, reporting every 30 s."""
    found = []
    for sensors in SENSORS:
        workload = Workload(sensors // 2, 4, PARTITIONS)
        place = folder / str(sensors)
        with (
            kafka_with_topics(place / "kafka", PARTITIONS, {}) as bootstrap,
            index_worker(bootstrap, workload, place) as worker,
            LiveFeed(bootstrap, from_now(workload), clocks=False) as feed,
        ):
            time.sleep(WARM_UP_S)
            before_s, begun, sent = worker.cpu_s(), time.monotonic(), feed.sent
            time.sleep(MEASURED_S)
            took_s = time.monotonic() - begun
            found.append(
                {
                    "sensors": sensors,
                    "observations_per_s": round((feed.sent - sent) / took_s),
                    "cpu_percent_of_a_core": round(100 * (worker.cpu_s() - before_s) / took_s, 1),
                    "rss_mb": round(worker.rss_mb()),
                }
            )
        say(f"live: {found[-1]}")
    return found
