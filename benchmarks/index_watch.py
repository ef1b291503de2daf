"""Listening to the index records as they come, as the wall does."""

from __future__ import annotations

import threading
import time

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from benchmarks.filling import watermarks
from models.index_columns import Status, decode_record, unpack_columns
from streams.topics import INDICES

WINDOW_S = 60
POLL_S = 0.2


class IndexWatch:
    """`published_at[partition, end_s]`: when the first record came that publishes that window of a minute
    (time.time())."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "bench-watch", "fetch.wait.max.ms": 20}
        )
        marks = watermarks(bootstrap, INDICES.name, partitions)
        self._consumer.assign([TopicPartition(INDICES.name, i, high) for i, (_, high) in enumerate(marks)])
        self.published_at: dict[tuple[int, int], float] = {}
        self.records = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="index watch")

    def __enter__(self) -> IndexWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for message in self._consumer.consume(100, POLL_S):
                if message.error() is None:
                    self._note(message.partition() or 0, message.value() or b"", time.time())

    def _note(self, partition: int, payload: bytes, came_at: float) -> None:
        self.records += 1
        columns = unpack_columns(decode_record(payload))
        told = (np.asarray(columns["window_s"]) == WINDOW_S) & (
            np.asarray(columns["status"]) == int(Status.PUBLISHED)
        )
        for start_s in np.unique(np.asarray(columns["window_start"])[told]).tolist():
            self.published_at.setdefault((partition, start_s + WINDOW_S), came_at)
