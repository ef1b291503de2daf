"""Workers killed in the middle of their work, as processes on a real Kafka and a real ClickHouse."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from citybrain.backtest import Backtest
from config.city_folder import write_city
from models.index_columns import AREA_DTYPES, SEGMENT_DTYPES
from store.accounting import counted_gaps
from store.history import open_history
from store.migrate import migrate
from streams.broker import BrokerAddress
from streams.feeds.ordering import log_order
from streams.feeds.replay import replay
from streams.topics import partition_counts
from tests.end_to_end.processes import Running, running_command
from tests.end_to_end.recordings import a_recording
from tests.end_to_end.test_live_equals_backtest import (
    TRAILING_S,
    _finals,
    _finals_stored,
    _observations_stored,
    _stored,
)
from tests.models.builders import a_city
from tests.waiting import wait_until

PARTITIONS = 4


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_killed_index_and_archive_workers_lose_nothing_and_change_no_final_window(
    kafka_broker: BrokerAddress, fresh_clickhouse_url: str, tmp_path: Path, kills: int
) -> None:
    city = a_city(segments=6)
    write_city(city, tmp_path / "city")
    records = a_recording(city)
    entries = list(log_order(records, trailing_s=TRAILING_S))
    backtest = Backtest(city, PARTITIONS, 60)
    segments, areas = _finals(backtest.results([records]))
    settings = {
        "CITYBRAIN_CITY": str(tmp_path / "city"),
        "CITYBRAIN_BROKER": kafka_broker.bootstrap,
        "CITYBRAIN_HISTORY": fresh_clickhouse_url,
        "CITYBRAIN_PARTITIONS": str(PARTITIONS),
    }
    kafka_broker.create_topics(partition_counts(PARTITIONS))
    history = open_history(fresh_clickhouse_url)
    migrate(history)

    def rows(table: str) -> int:
        return int(history.query(f"select count() as n from {table}")["n"][0])

    with ExitStack() as stack:
        stack.callback(history.close)

        def start(*words: str) -> Running:
            return stack.enter_context(running_command(tmp_path, "worker", *words, **settings))

        start("merge")
        index, archive = start("index", "--no-ticker"), start("archive")
        cuts = [len(entries) * k // (kills + 1) for k in range(kills + 2)]
        for first, end in pairwise(cuts):
            before = rows("accounting")
            replay(entries[first:end], kafka_broker.kafka_arguments, with_clock=True)
            wait_until(partial(_grew, rows, before), "progress of the archive", 150)
            if end < len(entries):
                for worker in (index, archive):
                    worker.process.kill()
                    worker.process.wait()
                index, archive = start("index", "--no-ticker"), start("archive")
        started = time.monotonic()
        wait_until(lambda: _finals_stored(history) == (len(areas), len(segments)), "every final window", 180)
        print(f"complete {time.monotonic() - started:.0f} s after the last record")  # noqa: T201
        assert _stored(history, "segment_indices", SEGMENT_DTYPES, ("segment_id",)) == segments
        assert _stored(history, "area_indices", AREA_DTYPES, ("area_kind", "area_id")) == areas
        accepted = len(records) - backtest.refused.total()
        wait_until(lambda: _observations_stored(history) == accepted, "every observation, none twice", 120)
        assert counted_gaps(history) == []


def _grew(rows: Callable[[str], int], before: int) -> bool:
    return rows("accounting") > before
