"""Quix Streams: a tumbling window of a minute, told when it closes; RocksDB, without changelog topics."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from typing import Any

from quixstreams import Application
from quixstreams.dataframe.windows import Count, Sum
from quixstreams.models.topics import TopicAdmin, TopicConfig

from benchmarks.meter import Meter
from benchmarks.oracle import WindowMeans
from benchmarks.task import Task
from benchmarks.workload import LARGEST_VALID_KMH, segment_id


def run(task: Task, meter: Meter) -> WindowMeans:
    """Read the topic to its end. The newest window of a segment stays open: nothing comes to close it."""
    if task.embedded:
        # The embedded broker does not describe topics; this one exists and needs no checking.
        unlimited = {"retention.ms": "-1", "retention.bytes": "-1"}
        known = {task.topic: TopicConfig(task.workload.partitions, 1, unlimited)}
        TopicAdmin.inspect_topics = lambda *_, **__: known
    closed: list[tuple[str, dict[str, Any]]] = []
    seen = 0
    with tempfile.TemporaryDirectory() as folder:
        meter.start()

        def count(*_: object) -> None:
            nonlocal seen
            meter.first()
            seen += 1
            if seen == task.records:
                meter.stop()
                app.stop()

        app = Application(
            broker_address=task.bootstrap,
            consumer_group=task.group,
            auto_offset_reset="earliest",
            auto_create_topics=False,
            use_changelog_topics=False,
            state_dir=folder,
            on_message_processed=count,
            loglevel="WARNING",
        )
        topic = app.topic(
            task.topic, key_deserializer="str", value_deserializer="json", timestamp_extractor=_start_ms
        )
        frame = app.dataframe(topic)
        frame = frame.filter(
            lambda observation: 0.0 <= observation.get("speed_kmh", -1.0) <= LARGEST_VALID_KMH
        )
        frame = frame.tumbling_window(timedelta(minutes=1)).agg(count=Count(), total=Sum("speed_kmh")).final()
        frame.update(lambda window, key, *_: closed.append((key, window)), metadata=True)
        app.run()
    found = WindowMeans.empty(task.workload.minutes, task.workload.segments)
    position = {segment_id(i): i for i in range(task.workload.segments)}
    for key, window in closed:
        minute = (window["start"] // 1000 - task.workload.begin_s) // 60
        found.count[minute, position[key]] += window["count"]
        found.total_kmh[minute, position[key]] += window["total"]
    return found


def _start_ms(observation: dict[str, Any], *_: object) -> int:
    """When the observed interval began; the time of a clock record."""
    if "event_time" not in observation:
        return int(datetime.fromisoformat(observation["clock_time"]).timestamp() * 1000)
    end_s = datetime.fromisoformat(observation["event_time"]).timestamp()
    return int((end_s - observation["interval_s"]) * 1000)
