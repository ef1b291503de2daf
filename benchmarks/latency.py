"""From the observation that completes a window to its record in `indices`.

Cities of which the offered rate is normal at SPEED times the usual pace, so that a minute of event time
passes in a few seconds; clock records come once a second of wall time, as in a running system.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.brokers import kafka_with_topics
from benchmarks.index_watch import IndexWatch
from benchmarks.live_feed import LiveFeed
from benchmarks.percentiles import percentiles
from benchmarks.rounds import Say
from benchmarks.worker_process import index_worker
from benchmarks.workload import Workload

RATES = (500, 5_000, 50_000)
PARTITIONS = 8
SPEED = 15.0
MEASURED_S = 35.0
SETTLE_S = 3.0


def measure(folder: Path, say: Say) -> list[dict[str, Any]]:
    """Latencies at each offered rate, observations per second."""
    found = []
    for rate in RATES:
        workload = Workload(
            segments=round(rate / SPEED * 30 / 2), periods=30, partitions=PARTITIONS, clock_every_s=13
        )
        place = folder / str(rate)
        with (
            kafka_with_topics(place / "kafka", PARTITIONS, {}) as bootstrap,
            index_worker(bootstrap, workload, place, ticker=False) as worker,
            IndexWatch(bootstrap, PARTITIONS) as watch,
        ):
            with LiveFeed(bootstrap, workload, SPEED, clocks=True) as feed:
                before_s, begun = worker.cpu_s(), time.monotonic()
                time.sleep(MEASURED_S)
                took_s = time.monotonic() - begun
                used_s, sent = worker.cpu_s() - before_s, feed.sent
            ended_at = time.time()
            time.sleep(SETTLE_S)
            # What is complete at the very end waits for a clock record that nobody writes any more.
            complete = {key: at for key, at in feed.completed_at.items() if at < ended_at - SETTLE_S}
            seen = {
                key: watch.published_at[key] - at for key, at in complete.items() if key in watch.published_at
            }
            found.append(
                {"offered_per_s": rate, "sent_per_s": round(sent / took_s)}
                | percentiles(list(seen.values()))
                | {
                    "windows_missing": len(complete) - len(seen),
                    "cpu_percent_of_a_core": round(100 * used_s / took_s, 1),
                    "feed_late_s": round(feed.late_s, 3),
                }
            )
        say(f"latency: {found[-1]}")
    return found
