"""The same recording through a broker and a history, and through the backtest: equal to the bit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from citybrain.backtest import Backtest
from citybrain.stages import index_stage
from config.settings import Settings, load_settings
from models.city import City
from models.index_columns import AREA_DTYPES, SEGMENT_DTYPES, Column, Columns, Status
from store.accounting import counted_gaps
from store.history import History, open_history
from store.migrate import migrate
from streams.broker import BrokerAddress
from streams.feeds.ordering import LogEntry, log_order
from streams.feeds.recordings import read_recording
from streams.feeds.records import FeedRecord
from streams.feeds.replay import replay
from streams.topics import partition_counts
from tests.end_to_end.recordings import a_recording, sumo_open_city
from tests.end_to_end.running import running_stages
from tests.models.builders import a_city
from tests.waiting import until

TRAILING_S = 1000
"""Enough ticks after the last record for every window to become final."""

Key = tuple[str | int, ...]
Rows = dict[Key, tuple[bytes, ...]]


async def _live(
    broker: BrokerAddress,
    history: History,
    city: City,
    records: Iterable[FeedRecord],
    deadline_s: float,
    stop_after_percent: int,
) -> Settings:
    settings = load_settings()
    broker.create_topics(partition_counts(settings.partitions))
    migrate(history)
    entries = list(log_order(records, trailing_s=TRAILING_S))
    last_tick_ms = max(entry[1] for entry in entries if entry[0] == "clock")
    stopped_at = len(entries) * stop_after_percent // 100
    if stopped_at:
        # Everything the first workers had in memory is gone with them; the second ones read it again.
        async with running_stages(settings, broker, city, history) as stages:
            await asyncio.to_thread(replay, entries[:stopped_at], broker.kafka_arguments, with_clock=True)
            await until(lambda: stages.archive.stored_rows.get("observations"), "the first rows", deadline_s)
    async with running_stages(settings, broker, city, history) as stages:
        await asyncio.to_thread(replay, entries[stopped_at:], broker.kafka_arguments, with_clock=True)

        def everything_is_archived() -> bool:
            indexed = [state.index.windows.clock_ms for state in stages.index.partitions.values()]
            return (
                len(indexed) == settings.partitions
                and min(indexed) == last_tick_ms
                and stages.merge.merger.clock_ms == last_tick_ms
                and not stages.merge.merger._open
                and _finals_stored(history) == (len(expected_areas), len(expected_segments))
                and _observations_stored(history) == accepted
            )

        backtest = Backtest(city, settings.partitions, 60)
        expected_segments, expected_areas = _finals(backtest.results([_records_of(entries)]))
        accepted = sum(entry[0] == "observation" for entry in entries) - backtest.refused.total()
        await until(everything_is_archived, "the end of the recording in the history", deadline_s)
    return settings


def _records_of(entries: list[LogEntry]) -> Iterator[FeedRecord]:
    return (entry[1] for entry in entries if entry[0] == "observation")


def _observations_stored(history: History) -> int:
    return int(history.query("select count() as n from observations final")["n"][0])


def _finals_stored(history: History) -> tuple[int, int]:
    counts = [
        int(history.query(f"select count() as n from {table} final where status = 3")["n"][0])
        for table in ("area_indices", "segment_indices")
    ]
    return counts[0], counts[1]


def _finals(results: Iterable[tuple[Columns, Columns]]) -> tuple[Rows, Rows]:
    """Final rows of a backtest: (segments, areas), each key -> the row's bytes and ids."""
    segments: Rows = {}
    areas: Rows = {}
    for segment_columns, area_columns in results:
        segments |= _rows(segment_columns, SEGMENT_DTYPES, ("segment_id",))
        areas |= _rows(area_columns, AREA_DTYPES, ("area_kind", "area_id"))
    return segments, areas


def _rows(columns: Mapping[str, Column], dtypes: dict[str, str], ids: tuple[str, ...]) -> Rows:
    if not columns:
        return {}
    rows = {}
    for i in np.flatnonzero(np.asarray(columns["status"]) == Status.FINAL):
        key: Key = (
            *(str(columns[name][i]) for name in ids),
            int(columns["window_s"][i]),
            int(columns["window_start"][i]),
        )
        rows[key] = tuple(
            np.asarray(columns[name][i]).astype(dtype).tobytes()
            for name, dtype in dtypes.items()
            if dtype != "str"
        )
    return rows


def _stored(history: History, table: str, dtypes: dict[str, str], ids: tuple[str, ...]) -> Rows:
    return _rows(history.query(f"select {', '.join(dtypes)} from {table} final"), dtypes, ids)


async def _compare(
    broker: BrokerAddress,
    url: str,
    city: City,
    records: list[FeedRecord],
    deadline_s: float,
    stop_after_percent: int = 0,
) -> None:
    history = open_history(url)
    try:
        settings = await _live(broker, history, city, records, deadline_s, stop_after_percent)
        backtest = Backtest(city, settings.partitions, 60)
        segments, areas = _finals(backtest.results([records]))
        assert segments, "the recording has windows"
        assert _stored(history, "segment_indices", SEGMENT_DTYPES, ("segment_id",)) == segments
        assert _stored(history, "area_indices", AREA_DTYPES, ("area_kind", "area_id")) == areas
        assert counted_gaps(history) == []
        assert _observations_stored(history) == len(records) - backtest.refused.total(), "lost nothing"
    finally:
        history.close()


async def test_on_the_embedded_broker_and_history(embedded_broker: BrokerAddress, tmp_path: Path) -> None:
    city = a_city(segments=6)
    await _compare(embedded_broker, f"chdb:///{tmp_path}/history", city, a_recording(city), 30)


@pytest.mark.parametrize("percent", [30, 70])
async def test_workers_stopped_on_the_way_lose_nothing_and_count_nothing_twice(
    broker: BrokerAddress, tmp_path: Path, percent: int
) -> None:
    city = a_city(segments=6)
    await _compare(broker, f"chdb:///{tmp_path}/history", city, a_recording(city), 90, percent)


@pytest.mark.kafka
@pytest.mark.clickhouse
async def test_on_a_real_kafka_and_a_real_clickhouse(
    kafka_broker: BrokerAddress, fresh_clickhouse_url: str
) -> None:
    city = a_city(segments=6)
    await _compare(kafka_broker, fresh_clickhouse_url, city, a_recording(city), 150)


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.data
async def test_two_hours_of_a_simulated_city_on_a_real_kafka_and_a_real_clickhouse(
    kafka_broker: BrokerAddress, fresh_clickhouse_url: str, shared_data: Path
) -> None:
    city = sumo_open_city(shared_data)
    path = shared_data / "sumo_open" / "public" / "observations.ndjson.gz"
    records = [item for item in read_recording(path, city) if isinstance(item, FeedRecord)]
    assert len(records) == 65_202
    await _compare(kafka_broker, fresh_clickhouse_url, city, records, 240)


@pytest.mark.kafka
async def test_a_second_index_worker_that_joins_and_leaves_changes_no_result(
    kafka_broker: BrokerAddress, tmp_path: Path
) -> None:
    city, settings = a_city(segments=6), load_settings()
    records = a_recording(city)
    entries = list(log_order(records, trailing_s=TRAILING_S))
    expected_segments, expected_areas = _finals(Backtest(city, settings.partitions, 60).results([records]))
    history = open_history(f"chdb:///{tmp_path}/history")
    migrate(history)
    kafka_broker.create_topics(partition_counts(settings.partitions))
    third = len(entries) // 3
    parts = [entries[:third], entries[third : 2 * third], entries[2 * third :]]
    try:
        async with running_stages(settings, kafka_broker, city, history) as stages:
            second = index_stage(settings, kafka_broker, city, None)
            for number, part in enumerate(parts):
                await asyncio.to_thread(replay, part, kafka_broker.kafka_arguments, with_clock=True)
                if number == 0:
                    await second.app.start()
                    await until(lambda: second.partitions, "partitions of the second worker", 150)
                elif number == 1:
                    await until(
                        lambda: len(stages.index.partitions) < settings.partitions, "a share for each", 150
                    )
                    await second.app.stop()
            wanted = (len(expected_areas), len(expected_segments))
            await until(lambda: _finals_stored(history) == wanted, "every final window", 180)
        assert _stored(history, "segment_indices", SEGMENT_DTYPES, ("segment_id",)) == expected_segments
        assert _stored(history, "area_indices", AREA_DTYPES, ("area_kind", "area_id")) == expected_areas
        assert counted_gaps(history) == []
    finally:
        history.close()
