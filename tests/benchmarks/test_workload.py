"""The observations that every contender reads, and what the oracle says of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import msgspec
import numpy as np
import pytest

from benchmarks.bench_city import bench_city
from benchmarks.block_log import block_log
from benchmarks.contenders.fetches import Fetch
from benchmarks.log_records import LogRecord, json_log
from benchmarks.oracle import (
    Disagreement,
    IndexWindows,
    WindowMeans,
    compare_index,
    compare_means,
    index_windows,
    minute_means,
)
from benchmarks.workload import Workload, segment_id
from models.area import areas_of
from models.index_columns import Status
from models.observation_batch import decode_batch
from models.partition_index import PartitionIndex
from models.partitioning import partition_of

SMALL = Workload(segments=60, periods=20, partitions=3)
SHORT = Workload(segments=60, periods=20, partitions=3, form="short")


@pytest.mark.parametrize(("workload", "length"), [(SMALL, 215), (SHORT, 93)])
def test_every_observation_is_json_of_the_same_length(workload: Workload, length: int) -> None:
    payloads = [record.payload for record in json_log(workload) if record.key is not None]
    assert len(payloads) == workload.observations
    assert {len(payload) for payload in payloads} == {length}
    for payload in payloads:
        msgspec.json.decode(payload)


def test_the_log_is_the_same_every_time() -> None:
    assert list(json_log(SMALL)) == list(json_log(SMALL))


def test_the_number_of_records_is_known_before() -> None:
    assert sum(1 for _ in json_log(SMALL)) == SMALL.records


def test_every_observation_lies_in_the_partition_of_its_segment() -> None:
    for record in json_log(SMALL):
        if record.key is not None:
            assert record.partition == partition_of(record.key, SMALL.partitions)


def test_the_oracle_agrees_with_a_plain_reading_of_the_json() -> None:
    speeds: dict[tuple[int, int], list[float]] = defaultdict(list)
    position = {segment_id(i): i for i in range(SMALL.segments)}
    for record in json_log(SMALL):
        observation = msgspec.json.decode(record.payload)
        if record.key is not None and observation["speed_kmh"] >= 0:
            end_s = datetime.fromisoformat(observation["event_time"]).timestamp()
            minute = int(end_s - observation["interval_s"] - SMALL.begin_s) // 60
            speeds[minute, position[observation["segment_id"]]].append(observation["speed_kmh"])
    found = WindowMeans.empty(SMALL.minutes, SMALL.segments)
    for (minute, segment), values in speeds.items():
        found.count[minute, segment] = len(values)
        found.total_kmh[minute, segment] = sum(values)
    assert compare_means(found, minute_means(SMALL)) == sum(map(len, speeds.values()))


@pytest.mark.parametrize("workload", [SMALL, SHORT])
@pytest.mark.parametrize("log", [json_log, block_log])
@pytest.mark.parametrize("window_s", [60, 300])
def test_the_oracle_agrees_with_the_index_job(workload: Workload, log: type, window_s: int) -> None:
    assert compare_index(indexed(workload, list(log(workload)), window_s), index_windows(workload, window_s))


def indexed(workload: Workload, records: list[LogRecord], window_s: int) -> IndexWindows:
    """The final windows, by the product's own code, each partition's log in one piece."""
    city = bench_city(workload)
    shape = (-(-workload.seconds // window_s), workload.segments)
    found = IndexWindows(np.zeros(shape, dtype=np.int64), np.full(shape, np.nan))
    for partition in range(workload.partitions):
        payloads = [record.payload for record in records if record.partition == partition]
        fetch = Fetch(partition, 0, payloads)
        index = PartitionIndex(city, areas_of(city))
        columns, _ = decode_batch(b"\n".join(payloads), fetch.cut, np.arange(len(payloads)), city)
        index.fold(columns)
        told = index.collect().segments
        rows = np.flatnonzero(
            (np.asarray(told["window_s"]) == window_s) & (np.asarray(told["status"]) == int(Status.FINAL))
        )
        segment = np.array([city.segment_position[str(told["segment_id"][i])] for i in rows], dtype=np.int64)
        window = (np.asarray(told["window_start"])[rows].astype(np.int64) - workload.begin_s) // window_s
        found.observations[window, segment] = np.asarray(told["observations"])[rows]
        found.speed_kmh[window, segment] = np.asarray(told["speed_kmh"])[rows]
    return found


def test_one_observation_too_few_is_noticed() -> None:
    expected = minute_means(SMALL)
    found = WindowMeans(expected.count.copy(), expected.total_kmh)
    found.count[3, 7] -= 1
    with pytest.raises(Disagreement, match="window 3, segment 7"):
        compare_means(found, expected)


def test_a_wrong_sum_is_noticed() -> None:
    expected = minute_means(SMALL)
    with pytest.raises(Disagreement, match="sums"):
        compare_means(WindowMeans(expected.count, expected.total_kmh + 0.1), expected)


def test_only_the_newest_window_of_a_segment_may_be_missing_and_only_where_that_is_said() -> None:
    expected = minute_means(SMALL)
    found = WindowMeans(expected.count.copy(), expected.total_kmh.copy())
    found.count[-1], found.total_kmh[-1] = 0, 0.0
    assert compare_means(found, expected, newest_missing=True)
    with pytest.raises(Disagreement):
        compare_means(found, expected)
    found.count[-2], found.total_kmh[-2] = 0, 0.0
    with pytest.raises(Disagreement):
        compare_means(found, expected, newest_missing=True)


def test_a_wrong_speed_of_the_index_job_is_noticed() -> None:
    expected = index_windows(SMALL, 60)
    with pytest.raises(Disagreement, match="speeds"):
        compare_index(IndexWindows(expected.observations, expected.speed_kmh * 1.001), expected)
