"""`citybrain export`: windows of one place as CSV, the same figures as on the pages."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np

from config.settings import load_settings
from models.errors import InputError
from store.history import open_history
from store.readings import area_history, segment_history


def run(arguments: argparse.Namespace) -> int:
    """CSV on standard output, times in UTC; the header only where there is nothing."""
    start_s, end_s = _epoch_s("--start", arguments.start), _epoch_s("--end", arguments.end)
    history = open_history(load_settings(history=arguments.history).history_url)
    try:
        if arguments.kind == "segment":
            columns = segment_history(history, arguments.id, arguments.window, start_s, end_s)
        else:
            columns = area_history(history, arguments.kind, arguments.id, arguments.window, start_s, end_s)
    finally:
        history.close()
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for row in zip(*(_texts(name, column) for name, column in columns.items()), strict=True):
        writer.writerow(row)
    return 0


def _epoch_s(flag: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(flag, str(error), "such as 2026-03-01T08:00:00+08:00") from error
    if moment.tzinfo is None:
        raise InputError(flag, f"{text} has no time zone", "such as 2026-03-01T08:00:00+08:00")
    return int(moment.timestamp())


def _texts(name: str, column: Any) -> list[str]:
    """A column as texts: window_start as ISO time, unknown numbers empty."""
    if name == "window_start":
        return [datetime.fromtimestamp(int(value), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for value in column]
    values = np.asarray(column)
    if values.dtype.kind == "f":
        return ["" if np.isnan(value) else str(value) for value in values]
    return [str(value) for value in values]
