"""The files a backtest leaves: final windows, alerts and sick sensors as CSV, in a stable order."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from citybrain.backtest_alerts import AlertRow, FaultRow
from models.errors import InputError
from models.index_columns import Columns, Source, Status

CITY_HEADER = (
    "interval_start",
    "index",
    "traffic_performance_index",
    "level",
    "speed_kmh",
    "vkt_km",
    "vht_h",
    "coverage",
    "revision",
)
SEGMENT_HEADER = (
    "interval_start",
    "segment_id",
    "tti",
    "level",
    "speed_kmh",
    "coverage",
    "source",
    "flow_vph",
    "observations",
    "revision",
)
ALERT_HEADER = (
    "alert_id",
    "kind",
    "rule",
    "segment_id",
    "district",
    "severity",
    "detected_at",
    "cleared_at",
)
DIAGNOSTIC_HEADER = ("sensor_id", "fault", "detected_at", "cleared_at")


class BacktestFiles:
    """Gathers final windows and writes city.csv and segments.csv on exit, sorted by time and place.

    Raises InputError naming the folder or file that cannot be written.
    """

    def __init__(self, folder: Path, window_s: int) -> None:
        self.folder, self.window_s, self.windows = folder, window_s, 0
        self._segments: list[tuple[Any, ...]] = []
        self._city: list[tuple[Any, ...]] = []

    def __enter__(self) -> BacktestFiles:
        with _written(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.windows = len({row[0] for row in self._segments})
            _write(self.folder / "city.csv", CITY_HEADER, self._city)
            _write(self.folder / "segments.csv", SEGMENT_HEADER, self._segments)

    def write(self, segments: Columns, areas: Columns) -> None:
        """Keep the final rows of the chosen window length."""
        for i in self._final_rows(segments):
            self._segments.append(
                (
                    _iso(segments["window_start"][i]),
                    segments["segment_id"][i],
                    _text(segments["travel_time_index"][i]),
                    int(segments["level"][i]),
                    _text(segments["speed_kmh"][i]),
                    _text(segments["coverage"][i]),
                    Source(int(segments["source"][i])).name.lower(),
                    _text(segments["flow_vph"][i]),
                    int(segments["observations"][i]),
                    int(segments["revision"][i]),
                )
            )
        for i in self._final_rows(areas):
            if areas["area_kind"][i] == "city":
                self._city.append(
                    (
                        _iso(areas["window_start"][i]),
                        _text(areas["travel_time_index"][i]),
                        _text(areas["traffic_performance_index"][i]),
                        int(areas["level"][i]),
                        _text(areas["speed_kmh"][i]),
                        _text(areas["vkt_km"][i]),
                        _text(areas["vht_h"][i]),
                        _text(areas["coverage"][i]),
                        int(areas["revision"][i]),
                    )
                )

    def write_alerts(self, alerts: Sequence[AlertRow], faults: Sequence[FaultRow]) -> None:
        """Write alerts.csv and diagnostics.csv; what did not end has no `cleared_at`."""
        _write_rows(
            self.folder / "alerts.csv",
            ALERT_HEADER,
            [(*row[:6], _iso_ms(row[6]), _iso_ms(row[7])) for row in alerts],
        )
        _write_rows(
            self.folder / "diagnostics.csv",
            DIAGNOSTIC_HEADER,
            [(*row[:2], _iso_ms(row[2]), _iso_ms(row[3])) for row in faults],
        )

    def _final_rows(self, columns: Columns) -> list[int]:
        if not columns:
            return []
        final = np.asarray(columns["status"]) == Status.FINAL
        chosen = np.flatnonzero(final & (np.asarray(columns["window_s"]) == self.window_s))
        return [int(row) for row in chosen]


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    _write_rows(path, header, sorted(rows, key=lambda row: row[:2]))


def _write_rows(path: Path, header: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    with _written(path), path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {error.strerror}", "choose another --out") from None


def _iso(epoch_s: Any) -> str:
    return datetime.fromtimestamp(int(epoch_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso_ms(epoch_ms: int) -> str:
    return _iso(epoch_ms // 1000) if epoch_ms else ""


def _text(value: Any) -> str:
    """The shortest text that is the same number again; empty for unknown."""
    number = np.asarray(value)[()]
    return "" if np.isnan(number) else str(number)
