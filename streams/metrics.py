"""Every metric of the workers: name, type, labels, a sentence, and where in a running stage it is read.

Nothing is counted twice for this: a sample is read from the stage's own state when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import time
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from streams.alert_app import AlertWorker
from streams.archive_app import ArchiveWorker
from streams.faust_app import assigned_partitions
from streams.index_app import IndexWorker
from streams.merge_app import MergeWorker
from streams.topics import AREA_PARTIALS, INDICES, OBSERVATIONS

Stage = IndexWorker | MergeWorker | AlertWorker | ArchiveWorker


class Described(NamedTuple):
    """Type, labels (beside `stage`, which all have) and meaning of a metric."""

    kind: str
    labels: tuple[str, ...]
    sentence: str


_PLACE = ("topic", "partition")

WORKER_METRICS: dict[str, Described] = {
    "citybrain_worker_partitions": Described(
        "gauge",
        ("topic",),
        "Partitions that Kafka has given to this process; none: another one has them all.",
    ),
    "citybrain_worker_clock_timestamp_seconds": Described(
        "gauge",
        _PLACE,
        "The log's clock, UTC; stands still when the ticker does, or when the worker is stuck.",
    ),
    "citybrain_worker_watermark_timestamp_seconds": Described(
        "gauge",
        _PLACE,
        "Windows that end before this are published; far behind the clock: feed times are wrong.",
    ),
    "citybrain_worker_records_total": Described(
        "counter",
        ("partition", "fate"),
        "Observations by what became of them: accepted, duplicate, late, or the reason of refusal.",
    ),
    "citybrain_worker_missing_offsets_total": Described(
        "counter",
        _PLACE,
        "Records that Kafka no longer had: its retention is too short for the worker's absence.",
    ),
    "citybrain_worker_held_records": Described(
        "gauge", _PLACE, "Records read and not acknowledged yet: about ten minutes' worth is usual."
    ),
    "citybrain_worker_refused_records_total": Described(
        "counter",
        ("topic",),
        "Records of other workers that were not understood: all must be of one version.",
    ),
    "citybrain_worker_alerts_told_total": Described(
        "counter", (), "Events of alerts told to the topic `alerts`."
    ),
    "citybrain_worker_alerts_recalled": Described(
        "gauge", (), "1 once the history has said which alerts were open, 0 while it has not answered."
    ),
    "citybrain_worker_stored_rows_total": Described("counter", ("table",), "Rows inserted into the history."),
    "citybrain_worker_last_insert_seconds": Described(
        "gauge",
        (),
        "Time since the last insert, -1 before the first; above 60 s nothing arrives or nothing is taken.",
    ),
    "citybrain_worker_history_unavailable_seconds": Described(
        "gauge",
        (),
        "For how long the history could not be reached, 0 while it can; compare Kafka's retention.",
    ),
}

Sample = tuple[str, tuple[str, ...], float]
"""Name without `citybrain_worker_`, label values in the order of its table, value."""


def assigned(stage: Stage) -> dict[str, int]:
    """Topic -> how many of its partitions this process has; empty before the first assignment."""
    found: dict[str, int] = {}
    for place in assigned_partitions(stage.app):
        found[place.topic] = found.get(place.topic, 0) + 1
    return found


class StageCollector:
    """The metrics of one running stage, for a prometheus registry. To be asked in the stage's event loop."""

    def __init__(self, name: str, stage: Stage) -> None:
        self.name, self.stage = name, stage

    def collect(self) -> Iterator[Metric]:
        """One family for each metric that has a sample."""
        families: dict[str, Metric] = {}
        for short, labels, value in self._samples():
            name = f"citybrain_worker_{short}"
            described = WORKER_METRICS[name]
            family = families.get(name)
            if family is None:
                make = CounterMetricFamily if described.kind == "counter" else GaugeMetricFamily
                family = families[name] = make(name, described.sentence, labels=("stage", *described.labels))
            family.add_metric([self.name, *labels], value)  # type: ignore[attr-defined]
        yield from families.values()

    def _samples(self) -> Iterator[Sample]:
        for topic, partitions in assigned(self.stage).items():
            yield "partitions", (topic,), partitions
        match self.stage:
            case IndexWorker():
                yield from _of_index(self.stage)
            case MergeWorker():
                yield from _of_merge(self.stage)
            case AlertWorker():
                yield from _of_alerts(self.stage)
            case ArchiveWorker():
                yield from _of_archive(self.stage)


def _of_index(worker: IndexWorker) -> Iterator[Sample]:
    for partition, state in worker.partitions.items():
        place = (OBSERVATIONS.name, str(partition))
        yield "clock_timestamp_seconds", place, state.index.windows.clock_ms / 1000
        yield "watermark_timestamp_seconds", place, state.index.windows.watermark_ms / 1000
        yield "missing_offsets_total", place, state.missing
        yield "held_records", place, len(state.acks)
        for fate, records in state.counts.items():
            yield "records_total", (str(partition), fate), records


def _of_merge(worker: MergeWorker) -> Iterator[Sample]:
    place = (AREA_PARTIALS.name, "0")
    yield "clock_timestamp_seconds", place, worker.merger.clock_ms / 1000
    yield "watermark_timestamp_seconds", place, int(worker.merger.watermark_ms.min()) / 1000
    yield "held_records", place, len(worker.acks)
    yield "refused_records_total", (AREA_PARTIALS.name,), worker.refused


def _of_alerts(worker: AlertWorker) -> Iterator[Sample]:
    for topic, states in ((INDICES, worker.segments), (OBSERVATIONS, worker.sensors)):
        for partition, state in states.items():
            place = (topic.name, str(partition))
            yield "clock_timestamp_seconds", place, state.clock_ms / 1000
            yield "held_records", place, len(state.acks)
    yield "refused_records_total", (INDICES.name,), sum(s.refused for s in worker.segments.values())
    yield "alerts_told_total", (), worker.told
    yield "alerts_recalled", (), worker.remembered is not None


def _of_archive(worker: ArchiveWorker) -> Iterator[Sample]:
    for partition, state in worker.partitions.items():
        place = (OBSERVATIONS.name, str(partition))
        if state.windows is not None:
            yield "clock_timestamp_seconds", place, state.windows.clock_ms / 1000
            yield "watermark_timestamp_seconds", place, state.windows.watermark_ms / 1000
        yield "missing_offsets_total", place, state.missing
    for table, rows in worker.stored_rows.items():
        yield "stored_rows_total", (table,), rows
    yield "last_insert_seconds", (), -1.0 if worker.last_insert_at is None else time() - worker.last_insert_at
    since = worker.unavailable_since
    yield "history_unavailable_seconds", (), 0.0 if since is None else time() - since
