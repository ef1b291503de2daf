"""Final windows: what a backtest says of them, what workers have told, and what that lets be committed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from citybrain.backtest import Backtest
from models.city import City
from models.index_columns import SEGMENT_DTYPES, Columns, Status, decode_record, unpack_columns
from models.window import WINDOW_LENGTHS_S
from streams.feeds.records import FeedRecord
from streams.index_app import GROUP
from streams.topics import INDICES, OBSERVATIONS
from tests.end_to_end.flowing_log import INTERVAL_S, RACING_KMH, FlowingLog, Ints, ManyObservations

Rows = npt.NDArray[np.void]

_ROW = np.dtype(
    [("segment", "<i8")] + [(name, "<" + dtype) for name, dtype in SEGMENT_DTYPES.items() if dtype != "str"]
)
READ_S = 60.0
_NOT_READY = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError._UNKNOWN_PARTITION, KafkaError._TRANSPORT}


def final_windows_of_a_backtest(city: City, partitions: int, records: Iterable[FeedRecord]) -> Rows:
    """What the same log leads to without a broker and without faults, in the order of `keys`."""
    backtest = Backtest(city, partitions, min(WINDOW_LENGTHS_S))
    segments = {segment.segment_id: i for i, segment in enumerate(city.segments)}
    found = [_final_rows(told, segments) for told, _ in backtest.results([records]) if told]
    return newest(np.concatenate(found))


def _final_rows(columns: Columns, segments: dict[str, int]) -> Rows:
    chosen = np.flatnonzero(np.asarray(columns["status"]) == Status.FINAL)
    rows = np.empty(len(chosen), _ROW)
    ids = columns["segment_id"]
    rows["segment"] = [segments[str(ids[i])] for i in chosen]
    for name in _ROW.names or ():
        if name != "segment":
            rows[name] = np.asarray(columns[name])[chosen]
    return rows


def keys(segment: Ints, window_s: int | Ints, start_s: Ints) -> Ints:
    """One number for each segment and window."""
    return np.asarray((segment << 40) + (start_s << 2) + (np.asarray(window_s) > min(WINDOW_LENGTHS_S)))


def keys_of(rows: Rows) -> Ints:
    """The keys of final rows."""
    return keys(rows["segment"], rows["window_s"], rows["window_start"].astype(np.int64))


def newest(rows: Rows) -> Rows:
    """Of each window the row with the largest version, by key: what the tables keep. A worker that takes over
    may tell less of a window that it finds half; two that know as much must say the same, to the bit."""
    if not len(rows):
        return rows
    rows = rows[np.lexsort((rows["version"], keys_of(rows)))]
    same_window = np.diff(keys_of(rows)) == 0
    same_version = same_window & (np.diff(rows["version"].astype(np.int64)) == 0)
    as_bytes = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)
    different = same_version & (as_bytes[1:] != as_bytes[:-1]).any(axis=1)
    assert not different.any(), f"two values of one version: {rows[1:][different][:5]}"
    best: Rows = rows[~np.append(same_window, False)]
    return best


class ToldWindows:
    """Reads what index workers tell, and what they commit."""

    def __init__(self, bootstrap: str, city: City, partitions: int) -> None:
        self.records = 0
        self.clock_ms = [0] * partitions
        self._segments = {segment.segment_id: i for i, segment in enumerate(city.segments)}
        self._bootstrap, self._partitions = bootstrap, partitions
        self._next_offset = [0] * partitions
        self._consumer = self._reader()
        self._rows = [np.empty(0, _ROW)]

    def _reader(self) -> Consumer:
        """Reads on from where it stopped."""
        consumer = Consumer(
            {"bootstrap.servers": self._bootstrap, "group.id": GROUP, "enable.auto.commit": False}
        )
        consumer.assign([TopicPartition(INDICES.name, i, at) for i, at in enumerate(self._next_offset)])
        return consumer

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def read(self) -> int:
        """Read up to the end of the topic; how many records there have been. A broker that is not ready yet
        has told nothing new."""
        try:
            ends = [
                self._consumer.get_watermark_offsets(TopicPartition(INDICES.name, partition), READ_S)[1]
                for partition in range(self._partitions)
            ]
        except KafkaException as error:
            if error.args[0].code() not in _NOT_READY:
                raise
            # librdkafka may keep what it knew of a partition that had no leader for a moment.
            self._consumer.close()
            self._consumer = self._reader()
            return self.records
        while self.records < sum(ends):
            for message in self._consumer.consume(500, 1.0):
                assert message.error() is None, message.error()
                told = decode_record(message.value() or b"")
                self.records += 1
                self._next_offset[told.partition] = (message.offset() or 0) + 1
                self.clock_ms[told.partition] = max(self.clock_ms[told.partition], told.clock_ms)
                rows = _final_rows(unpack_columns(told), self._segments)
                if len(rows):
                    self._rows.append(rows)
        return self.records

    def final_windows(self) -> Rows:
        """Every final window that was read so far, in the order of its key."""
        self._rows = [newest(np.concatenate(self._rows))]
        return self._rows[0]

    def committed(self) -> list[int]:
        """The committed offset of each partition of the observations; 0 before the first commit."""
        places = [TopicPartition(OBSERVATIONS.name, partition) for partition in range(self._partitions)]
        return [max(place.offset, 0) for place in self._consumer.committed(places, READ_S)]


def first_offsets_still_needed(log: FlowingLog, final: Rows, expected: Rows) -> list[int]:
    """The first offset of each partition whose observation touches a window that was not told as final, with
    all that belongs to it, yet."""
    final = final[np.isin(keys_of(final), keys_of(expected))]
    told = np.isin(keys_of(expected), keys_of(final))
    told[told] = expected["version"][told] == final["version"]
    missing = keys_of(expected)[~told]
    needed: list[int] = []
    for written in log.written:
        known = len(written.numbers)
        offsets = np.array(written.offsets[:known], np.int64)
        touches = _touches(log.made, np.array(written.numbers[:known], np.int64), missing)
        needed.append(int(offsets[touches.argmax()]) if touches.any() else written.records)
    return needed


def _touches(made: ManyObservations, numbers: Ints, missing: Ints) -> npt.NDArray[np.bool_]:
    """Whether each observation touches a window of `missing`; the bad ones touch none."""
    end_ms, segment = made.event_ms[numbers], numbers % len(made.city.sensors)
    touches = np.zeros(len(numbers), np.bool_)
    for window_s in WINDOW_LENGTHS_S:
        for moment_ms in (end_ms - INTERVAL_S * 1000, end_ms - 1):
            start_s = moment_ms // (window_s * 1000) * window_s
            touches |= np.isin(keys(segment, window_s, start_s), missing)
    return touches & (made.speed_kmh[numbers] < RACING_KMH)
