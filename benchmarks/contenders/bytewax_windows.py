"""Bytewax: `fold_window` on event time, batches of 1,000, msgspec; no recovery store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window
from bytewax.testing import TestingSink, run_main

from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.task import Task
from benchmarks.workload import LARGEST_VALID_KMH, segment_id

BATCH = 1_000
SETTLE_S = 10


class Observation(msgspec.Struct):
    """The fields that the mean needs; a clock record has none of them."""

    event_time: datetime | None = None
    interval_s: float = 0.0
    speed_kmh: float = 0.0


Measured = tuple[datetime, float]
Sums = tuple[int, float]


def run(task: Task, meter: Meter) -> WindowMeans:
    """Read the topic to its end; then every window is closed."""
    decoder = msgspec.json.Decoder(Observation)

    def decode(messages: list[Any]) -> Iterable[tuple[str, Measured]]:
        meter.first()
        for message in messages:
            observation = decoder.decode(message.value)
            if observation.event_time is not None and 0.0 <= observation.speed_kmh <= LARGEST_VALID_KMH:
                start = observation.event_time - timedelta(seconds=observation.interval_s)
                yield message.key.decode(), (start, observation.speed_kmh)

    closed: list[tuple[str, tuple[int, Sums]]] = []
    meter.start()
    flow = Dataflow("mean")
    source = KafkaSource([task.bootstrap], [task.topic], tail=False, batch_size=BATCH)
    keyed = op.flat_map_batch("decode", op.input("observations", flow, source), decode)
    windows = fold_window(
        "minutes",
        keyed,
        # No wake-ups by the system's clock: the times of a recording are long past.
        EventClock(lambda measured: measured[0], timedelta(seconds=SETTLE_S), to_system_utc=lambda _: None),
        TumblingWindower(timedelta(minutes=1), datetime.fromtimestamp(task.workload.begin_s, UTC)),
        lambda: (0, 0.0),
        lambda sums, measured: (sums[0] + 1, sums[1] + measured[1]),
        lambda one, other: (one[0] + other[0], one[1] + other[1]),
    )
    op.output("closed", windows.down, TestingSink(closed))
    run_main(flow)
    meter.stop()
    found = WindowMeans.empty(task.workload.minutes, task.workload.segments)
    position = {segment_id(i): i for i in range(task.workload.segments)}
    for key, (minute, (count, total_kmh)) in closed:
        found.count[minute, position[key]] += count
        found.total_kmh[minute, position[key]] += total_kmh
    return found
