"""What the documentation takes from the text of the code: comments, docstrings, migrations."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

CONSTANTS = {
    "models.congestion": ("MINIMUM_SPEED_KMH", "LEVEL_SPEED_RATIOS", "METHOD_VERSION"),
    "models.segment_index": ("LANE_FLOW_VPH", "LEAST_PROBE_SAMPLES", "LOOP_WEIGHT", "PROBE_WEIGHT"),
    "models.sums": ("STANDING_QUEUE_OCCUPANCY_PCT",),
    "models.map_matching": ("DISTANCE_LIMIT_M", "HEADING_LIMIT_DEG"),
    "models.observation": (
        "MAXIMUM_RECORD_BYTES",
        "MAXIMUM_INTERVAL_S",
        "MAXIMUM_SPEED_KMH",
        "MAXIMUM_FLOW_VPH_PER_LANE",
    ),
    "models.window": ("WINDOW_LENGTHS_S",),
    "dashboard.snapshot": (
        "FRESH_PERIODS",
        "STALE_PERIODS",
        "SILENT_STREAM_S",
        "SHOWN_COVERAGE",
        "SURE_COVERAGE",
    ),
    "dashboard.latest": ("SUCCEEDING_COVERAGE_RATIO", "HELD_WINDOWS"),
}
"""What a figure depends on beside the settings."""

MEANINGS = {
    "LEAST_PROBE_SAMPLES": "Probe samples of a window that speak for a segment without loops (P).",
    "PROBE_WEIGHT": "Weight of one probe sample (P).",
    "LOOP_WEIGHT": "Weight of the loops of one window: as much as six probe samples (P).",
    "DISTANCE_LIMIT_M": "A position further from a road is not on it (P).",
    "HEADING_LIMIT_DEG": "A vehicle whose heading differs more is not on that road (P).",
    "MAXIMUM_RECORD_BYTES": "A longer record is refused as `too_large`.",
    "MAXIMUM_INTERVAL_S": "A longer interval is refused.",
    "MAXIMUM_SPEED_KMH": "A higher speed is refused.",
    "MAXIMUM_FLOW_VPH_PER_LANE": "A higher flow is refused.",
    "WINDOW_LENGTHS_S": "The windows that are computed, seconds.",
    "FRESH_PERIODS": "Data is `live` up to so many expected periods.",
    "STALE_PERIODS": "Data is `late` up to so many expected periods, then `stale`.",
}
"""For constants without a docstring of their own, or with one about several."""


class Table(NamedTuple):
    """One table of the history, as its migration declares it."""

    name: str
    comment: str
    columns: list[tuple[str, str]]
    order: str


def tables() -> list[Table]:
    """Every table that the migrations create, in order, with the columns that later ones add."""
    found: dict[str, Table] = {}
    pattern = re.compile(
        r"(?P<comment>(?:--[^\n]*\n)*)create table if not exists (?P<name>\w+)\s*\((?P<body>.*?)\n\)"
        r".*?order by (?P<order>[^;]+);",
        re.DOTALL,
    )
    added = re.compile(
        r"alter table (?P<name>\w+) add column (?P<column>\w+) (?P<kind>[^\s,;]+)"
        r"(?:,\s*modify order by (?P<order>[^;]+))?;"
    )
    for file in sorted((ROOT / "store" / "migrations").glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        for match in pattern.finditer(text):
            comment = " ".join(line.removeprefix("--").strip() for line in match["comment"].splitlines())
            rows = re.findall(r"^\s+(\w+) (.+?),?$", match["body"], re.MULTILINE)
            columns = [(column, kind.split(" default ")[0]) for column, kind in rows]
            found[match["name"]] = Table(match["name"], comment, columns, _names(match["order"]))
        for match in added.finditer(text):
            table = found[match["name"]]
            order = _names(match["order"]) if match["order"] else table.order
            columns = [*table.columns, (match["column"], match["kind"])]
            found[match["name"]] = table._replace(columns=columns, order=order)
    return list(found.values())


def _names(expression: str) -> str:
    return ", ".join(f"`{name}`" for name in re.findall(r"\w+", expression))


def columns_with_comments(name: str) -> Iterator[tuple[str, str, str]]:
    """(column, dtype, comment) of SEGMENT_DTYPES or AREA_DTYPES."""
    text = (ROOT / "models" / "index_columns.py").read_text(encoding="utf-8")
    (body,) = re.findall(rf"^{name}: [^\n]+\{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    yield from re.findall(r'"(\w+)": "(\w+)",(?:  # (.*))?', body)


def constants() -> Iterator[tuple[str, object, str, str]]:
    """(name, value, meaning, module) of CONSTANTS."""
    for module_name, names in CONSTANTS.items():
        module = import_module(module_name)
        said = _docstrings_of_constants(inspect.getsource(module))
        for name in names:
            yield name, getattr(module, name), MEANINGS.get(name) or said[name], module_name


def formulas() -> Iterator[tuple[str, str]]:
    """(signature, docstring) of every public function of models/congestion.py."""
    module = import_module("models.congestion")
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("_") and function.__module__ == module.__name__:
            arguments = ", ".join(inspect.signature(function).parameters)
            yield f"{name}({arguments})", inspect.getdoc(function) or ""


def _docstrings_of_constants(source: str) -> dict[str, str]:
    """Constant -> the string literal that follows it."""
    found = {}
    body = ast.parse(source).body
    for before, after in pairwise(body):
        if (
            isinstance(before, ast.Assign)
            and isinstance(before.targets[0], ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            found[before.targets[0].id] = " ".join(after.value.value.split())
    return found
