"""`citybrain export`: windows of one place as CSV, the same figures as on the pages."""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np

from citybrain.migrate import is_made
from config.settings import load_settings
from models.errors import InputError
from store.address import parse_address
from store.history import open_history
from store.readings import area_history, segment_history


def run(arguments: argparse.Namespace) -> int:
    """CSV on standard output, times in UTC; the header only, and 1, where there is nothing.

    Raises InputError for times that are none and for a history that is not there yet.
    """
    start_s, end_s = _epoch_s("--start", arguments.start), _epoch_s("--end", arguments.end)
    if start_s >= end_s:
        raise InputError("--end", f"{arguments.end} is not after --start {arguments.start}")
    url = load_settings(history=arguments.history).history_url
    if not is_made(url):
        raise InputError(parse_address(url).place, "there is no history yet", "`citybrain up` makes one")
    history = open_history(url)
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
    if len(columns["window_start"]) == 0:
        place, span = f"{arguments.kind} {arguments.id}", f"{_iso(start_s)} to {_iso(end_s)}"
        problem = f"{place} has no window of {arguments.window} s from {span}"
        print(f"citybrain export: {problem}", file=sys.stderr)
        return 1
    return 0


def _epoch_s(flag: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(flag, str(error), "such as 2026-03-01T08:00:00+08:00") from error
    if moment.tzinfo is None:
        raise InputError(flag, f"{text} has no time zone", "such as 2026-03-01T08:00:00+08:00")
    return int(moment.timestamp())


def _iso(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _texts(name: str, column: Any) -> list[str]:
    """A column as texts: window_start as ISO time, unknown numbers empty."""
    if name == "window_start":
        return [_iso(int(value)) for value in column]
    values = np.asarray(column)
    if values.dtype.kind == "f":
        return ["" if np.isnan(value) else str(value) for value in values]
    return [str(value) for value in values]
