"""What the index job published, read back from its topics."""

from __future__ import annotations

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from benchmarks.filling import watermarks
from benchmarks.oracle import IndexWindows
from benchmarks.workload import Workload
from models.index_columns import Status, decode_record, unpack_columns
from streams.topics import INDICES

BATCH = 500
POLL_S = 1.0


def read_whole_topic(bootstrap: str, topic: str, partitions: int) -> list[bytes]:
    """Every record of a topic that nobody writes to any more."""
    marks = watermarks(bootstrap, topic, partitions)
    expected = sum(high - low for low, high in marks)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-reader"})
    consumer.assign([TopicPartition(topic, i, OFFSET_BEGINNING) for i in range(partitions)])
    payloads: list[bytes] = []
    try:
        while len(payloads) < expected:
            for message in consumer.consume(BATCH, POLL_S):
                error = message.error()
                if error is not None:
                    raise KafkaException(error)
                payloads.append(message.value() or b"")
    finally:
        consumer.close()
    return payloads


def published_windows(bootstrap: str, workload: Workload, window_s: int) -> IndexWindows:
    """The final value of every window of that length."""
    windows = (workload.seconds + window_s - 1) // window_s
    shape = (windows, workload.segments)
    observations = np.zeros(shape, dtype=np.int64)
    speed_kmh = np.full(shape, np.nan)
    for payload in read_whole_topic(bootstrap, INDICES.name, workload.partitions):
        columns = unpack_columns(decode_record(payload))
        chosen = np.flatnonzero(
            (np.asarray(columns["window_s"]) == window_s)
            & (np.asarray(columns["status"]) == int(Status.FINAL))
        )
        ids = columns["segment_id"]
        # An id is "s" and the position of its segment.
        segment = np.array([int(str(ids[i])[1:]) for i in chosen], dtype=np.int64)
        starts = np.asarray(columns["window_start"])[chosen].astype(np.int64)
        window = (starts - workload.begin_s) // window_s
        observations[window, segment] = np.asarray(columns["observations"])[chosen]
        speed_kmh[window, segment] = np.asarray(columns["speed_kmh"])[chosen]
    return IndexWindows(observations, speed_kmh)
