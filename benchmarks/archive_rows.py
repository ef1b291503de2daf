"""Rows per second into the history: observations as the archive writes them, chDB in process and a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_city import bench_city
from benchmarks.log_records import json_log
from benchmarks.meter import cpu_s
from benchmarks.rounds import Say
from benchmarks.workload import Workload
from models.city import City
from models.index_columns import Columns
from models.observation_batch import decode_batch
from models.window import Fate
from store.history import History, open_history
from store.migrate import migrate
from streams.archive_partition import observation_rows
from tests.services.clickhouse_server import running_clickhouse
from tests.services.installed import ServiceMissing

BLOCKS = (10_000, 100_000)
ROWS = 500_000


def measure(folder: Path, say: Say) -> dict[str, Any]:
    """Engine -> rows per second and CPU of this process, for each size of a block."""
    workload = Workload(segments=1_000, periods=ROWS // 2_000 + 1, partitions=1)
    city = bench_city(workload)
    found: dict[str, Any] = {}
    embedded = open_history(f"chdb:///{(folder / 'chdb').absolute()}")
    try:
        found["chdb"] = _inserted(embedded, workload, city)
    finally:
        embedded.close()
    say(f"rows: chdb {found['chdb']}")
    try:
        with running_clickhouse(folder / "clickhouse") as address:
            server = open_history(f"clickhouse://{address}/bench")
            try:
                found["server"] = _inserted(server, workload, city)
            finally:
                server.close()
    except ServiceMissing as missing:
        found["server"] = {"not_measured": str(missing)}
    say(f"rows: server {found['server']}")
    return found


def _inserted(history: History, workload: Workload, city: City) -> dict[str, Any]:
    migrate(history)
    version = ".".join(str(number) for number in history.version())
    figures: dict[str, Any] = {"version": version}
    for rows in BLOCKS:
        blocks = list(_blocks(workload, city, rows))
        before_s, begun, inserted = cpu_s(), time.monotonic(), 0
        for block in blocks:
            inserted += history.insert("observations", block)
        took_s = time.monotonic() - begun
        figures[f"blocks_of_{rows}"] = {
            "rows_per_s": round(inserted / took_s),
            "cpu_s_per_million": round((cpu_s() - before_s) / inserted * 1e6, 2),
        }
        history.execute("TRUNCATE TABLE observations")
    return figures


def _blocks(workload: Workload, city: City, rows: int) -> Iterator[Columns]:
    payloads = [record.payload for record in json_log(workload) if record.key is not None][:ROWS]
    for first in range(0, len(payloads), rows):
        part = payloads[first : first + rows]
        offsets = np.arange(first, first + len(part))
        columns, _ = decode_batch(b"\n".join(part), lambda: part, offsets, city)  # noqa: B023 (used at once)
        fates = np.full(len(columns), int(Fate.COUNTED), dtype=np.uint8)
        yield observation_rows(columns, fates, 0, "bench", city)
