"""Every metric of the web side: name, type, and a sentence that says what it counts and what to do."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from dashboard.snapshot_form import Snapshot

STATES = ("starting", "live", "late", "stale", "down")

METRICS: dict[str, tuple[str, str]] = {
    "citybrain_snapshots_total": (
        "counter",
        "Snapshots built; grows by about one per second, or the hub is stuck.",
    ),
    "citybrain_snapshot_bytes": ("gauge", "Size of the newest encoded snapshot in bytes."),
    "citybrain_snapshot_build_seconds": (
        "histogram",
        "Time to build and encode one snapshot; above 0.5 s the machine is overloaded.",
    ),
    "citybrain_data_age_seconds": (
        "gauge",
        "Age of the newest observation, -1 before the first; look at the feeds when it grows.",
    ),
    "citybrain_processing_lag_seconds": (
        "gauge",
        "How far the slowest partition is behind the present, -1 before the first record.",
    ),
    "citybrain_stream_silent_seconds": (
        "gauge",
        "Time since the last index record; above 15 s the workers or the broker are down.",
    ),
    "citybrain_picture_state": ("gauge", "1 for the state the wall shows (label state), 0 for the others."),
    "citybrain_stream_readers": ("gauge", "Pages connected to /stream now."),
    "citybrain_undecodable_records_total": (
        "counter",
        "Records of the index topics that are no index record; another program writes to them.",
    ),
    "citybrain_foreign_records_total": (
        "counter",
        "Index records skipped: of another city, or with columns this release does not know; see the log.",
    ),
    "citybrain_query_seconds": ("histogram", "Time of history queries asked by pages and the API."),
    "citybrain_query_failures_total": ("counter", "History queries that failed or were refused."),
}


class WebMetrics:
    """The metrics above on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

        def gauge(name: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(name, METRICS[name][1], labels, registry=registry)

        def counter(name: str) -> Counter:
            return Counter(name, METRICS[name][1], registry=registry)

        def histogram(name: str) -> Histogram:
            return Histogram(name, METRICS[name][1], registry=registry)

        self.snapshots = counter("citybrain_snapshots_total")
        self.snapshot_bytes = gauge("citybrain_snapshot_bytes")
        self.snapshot_build_seconds = histogram("citybrain_snapshot_build_seconds")
        self.data_age_seconds = gauge("citybrain_data_age_seconds")
        self.processing_lag_seconds = gauge("citybrain_processing_lag_seconds")
        self.stream_silent_seconds = gauge("citybrain_stream_silent_seconds")
        self.picture_state = gauge("citybrain_picture_state", ("state",))
        self.stream_readers = gauge("citybrain_stream_readers")
        self.undecodable_records = counter("citybrain_undecodable_records_total")
        self.foreign_records = counter("citybrain_foreign_records_total")
        self.query_seconds = histogram("citybrain_query_seconds")
        self.query_failures = counter("citybrain_query_failures_total")

    def observe_tick(self, snapshot: Snapshot, size_bytes: int, build_s: float) -> None:
        """Record one snapshot."""
        self.snapshots.inc()
        self.snapshot_bytes.set(size_bytes)
        self.snapshot_build_seconds.observe(build_s)
        self.data_age_seconds.set(-1 if snapshot.data_age_s is None else snapshot.data_age_s)
        self.processing_lag_seconds.set(-1 if snapshot.lag.lag_s is None else snapshot.lag.lag_s)
        self.stream_silent_seconds.set(snapshot.lag.stream_silent_s)
        for state in STATES:
            self.picture_state.labels(state).set(state == snapshot.state)
