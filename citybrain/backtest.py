"""`citybrain backtest`: the live code on a recording, in event time, without a broker."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from citybrain.backtest_alerts import BacktestAlerts
from citybrain.backtest_files import BacktestFiles
from config.city_folder import city_folder_of, load_city
from config.mapping import load_mapping
from models.area import areas_of
from models.city import City
from models.errors import ConfigurationError
from models.index_columns import Columns
from models.merge import AreaMerger
from models.observation_batch import decode_batch
from models.partition_index import AreaPartial, PartitionIndex
from models.partitioning import partition_of
from models.window import WINDOW_LENGTHS_S, Fate, TimeRules
from streams.feeds.ordering import log_order
from streams.feeds.recordings import read_recording
from streams.feeds.records import FeedRecord, FeedRefusal, only_records
from streams.feeds.replay import clock_payload

MOST_PARTITIONS = 256
"""As many as the setting allows."""
LARGEST_BATCH = 5_000
SECONDS_PER_BATCH = 300
"""Log seconds after which what was gathered is folded; the result does not depend on it."""


def run(arguments: argparse.Namespace) -> int:
    """Read, index, write; the last line of output is the JSON summary; 1 where no record was accepted.

    Raises ConfigurationError and InputError for wrong arguments, files included.
    """
    started = time.monotonic()
    if not 1 <= arguments.partitions <= MOST_PARTITIONS:
        problem = f"must be 1 to {MOST_PARTITIONS}, not {arguments.partitions}"
        raise ConfigurationError("--partitions", "", problem, "as in the deployment")
    city = load_city(city_folder_of(arguments.city))
    mapping = load_mapping(arguments.mapping) if arguments.mapping else None
    refused: Counter[str] = Counter()
    read = Counter[str]()

    def tell(refusal: FeedRefusal) -> None:
        if sum(refused.values()) <= 20:
            print(refusal, file=sys.stderr)

    def counted(records: Iterable[FeedRecord | FeedRefusal]) -> Iterator[FeedRecord | FeedRefusal]:
        for record in records:
            read["read"] += 1
            if read["read"] % 200_000 == 0:
                print(f"{read['read']:,} records read", file=sys.stderr)
            yield record

    recordings = [
        only_records(counted(read_recording(path, city, mapping)), refused, tell)
        for path in arguments.observations
    ] + [only_records(counted(read_recording(path, city)), refused, tell) for path in arguments.probes]
    backtest = Backtest(city, arguments.partitions, arguments.interval)
    with BacktestFiles(arguments.out, arguments.interval) as files:
        for segments, areas in backtest.results(recordings):
            files.write(segments, areas)
        files.write_alerts(backtest.alerts.alert_rows(), backtest.alerts.fault_rows())
    refused.update(backtest.refused)
    summary = {
        "read": read["read"],
        "accepted": backtest.fates[Fate.COUNTED],
        "refused": dict(sorted(refused.items())),
        "late": backtest.fates[Fate.LATE],
        "duplicate": backtest.fates[Fate.DUPLICATE],
        "windows": files.windows,
        "seconds": round(time.monotonic() - started, 3),
    }
    print(json.dumps(summary))
    if summary["accepted"] == 0 and refused:
        print(
            f"citybrain backtest: none of {read['read']:,} records was accepted, "
            f"mostly {refused.most_common(1)[0][0]}: "
            "is --city the right one, and does the recording need a --mapping?",
            file=sys.stderr,
        )
        return 1
    return 0


class Backtest:
    """The index job of every partition and the merger, fed from recordings."""

    def __init__(self, city: City, partitions: int, window_s: int, rules: TimeRules | None = None) -> None:
        rules = rules or TimeRules()
        areas = areas_of(city)
        self.city, self.partitions = city, partitions
        # Longer windows are folded too: what is late depends on the longest one. Shorter ones change nothing.
        lengths_s = tuple(length for length in WINDOW_LENGTHS_S if length >= window_s)
        self._indices = [PartitionIndex(city, areas, rules, lengths_s) for _ in range(partitions)]
        self._merger = AreaMerger(areas, partitions, rules.lateness_s)
        self.alerts = BacktestAlerts(city, partitions, rules)
        self._window_s = window_s
        self._logs: list[list[bytes]] = [[] for _ in range(partitions)]
        self._ends_with_tick = [False] * partitions
        self._offsets = [0] * partitions
        self.fates: Counter[int] = Counter()
        self.refused: Counter[str] = Counter()

    def results(self, recordings: Iterable[Iterable[FeedRecord]]) -> Iterator[tuple[Columns, Columns]]:
        """(segment columns, area columns) as they would have been published, finals at the end included.

        Alerts are only raised and cleared by what the recording reaches: nothing is told of windows that are
        still open at its end.
        """
        begun_ms = gathered = 0
        for entry in log_order(*recordings):
            if entry[0] == "clock":
                self._tick(clock_payload(entry[1]))
                begun_ms = begun_ms or entry[1]
                waited_ms = entry[1] - begun_ms
                enough = waited_ms >= SECONDS_PER_BATCH * 1000 or gathered >= LARGEST_BATCH
                if enough or self.alerts.decides_at(entry[1], gathered > 0):
                    yield from self._step()
                    begun_ms, gathered = entry[1], 0
            else:
                record = entry[1]
                partition = partition_of(record.key, self.partitions)
                self._logs[partition].append(record.payload)
                self._ends_with_tick[partition] = False
                gathered += 1
        yield from self._step()
        for partition, index in enumerate(self._indices):
            output = index.finish()
            self._merge(partition, index, output.partials)
            yield output.segments, {}
        yield {}, self._merger.finish()

    def _tick(self, payload: bytes) -> None:
        """Write the time into every log. Of ticks with no observation between them the last says all."""
        for log, ends_with_tick in zip(self._logs, self._ends_with_tick, strict=True):
            if log and ends_with_tick:
                log[-1] = payload
            else:
                log.append(payload)
        self._ends_with_tick = [True] * self.partitions

    def _step(self) -> Iterator[tuple[Columns, Columns]]:
        for partition, (index, log) in enumerate(zip(self._indices, self._logs, strict=True)):
            if not log:
                continue
            first = self._offsets[partition]
            offsets = np.arange(first, first + len(log))
            columns, refusals = decode_batch(b"\n".join(log), log.copy, offsets, self.city)
            self._offsets[partition] += len(log)
            log.clear()
            fates = index.fold(columns)
            for fate, count in zip(*np.unique(fates, return_counts=True), strict=True):
                self.fates[int(fate)] += int(count)
            self.refused.update(refusal.reason for refusal in refusals)
            self.refused["ahead_of_clock"] += int((fates == Fate.AHEAD).sum())
            self.alerts.observe(partition, columns)
            output = index.collect(provisional=False)
            self.alerts.evaluate(partition, output.segments, index.windows.clock_ms)
            self._merge(partition, index, output.partials)
            yield output.segments, {}
        self.refused += Counter()  # forget reasons that count nothing
        yield {}, self._merger.collect(provisional=False)

    def _merge(self, partition: int, index: PartitionIndex, partials: list[AreaPartial]) -> None:
        windows = index.windows
        self._merger.take(
            partition, partials, windows.watermark_ms, windows.clock_ms, windows.newest_event_ms
        )
