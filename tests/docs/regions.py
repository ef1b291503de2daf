"""The parts of docs/ that are made from the code: `python -m tests.docs.regions` writes them anew.

Those of the settings and the city folder are made by `python -m config.reference_tables`.

A region is what stands between `<!-- made: NAME -->` and `<!-- end -->`; tests/test_docs.py compares each
with the code. What needs a sentence of explanation is written by hand around them.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks import rendering
from citybrain.backtest_files import ALERT_HEADER, CITY_HEADER, DIAGNOSTIC_HEADER, SEGMENT_HEADER
from citybrain.command import COMMANDS, build_parser
from citybrain.upkeep import days_kept
from config.settings import Settings
from dashboard.metrics import METRICS
from models.alert import CongestionRule
from models.diagnostics import DiagnosticRules
from models.observation import REASONS
from streams.metrics import WORKER_METRICS
from streams.topics import TOPICS
from tests.docs.sources import columns_with_comments, constants, formulas, tables

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

WHY = {
    "too_large": "The record is longer than 64 KiB.",
    "invalid_utf8": "It is not UTF-8.",
    "malformed_json": "It is not one JSON value: truncated, empty, two at once.",
    "malformed_block": "It is no block of version 1: truncated, or its columns have different lengths.",
    "wrong_type": "A field has another type than it should, or a time has no zone.",
    "missing_field": "`event_time`, `sensor_id` or `interval_s` is missing.",
    "not_finite": "A number is NaN, Infinity or too large for a double, such as 1e999.",
    "out_of_range": "A number or a time is outside of what can be, such as 900 km/h or the year 1.",
    "no_measurement": "No speed, no flow, no occupancy.",
    "unknown_sensor": "`sensor_id` is not in the city folder.",
    "unknown_segment": "A probe's `segment_id` is not in the city folder, or no road is near enough.",
    "ahead_of_clock": "`event_time` is further ahead of the log's clock than `CITYBRAIN_AHEAD_S`.",
    "processing_failed": "The program itself failed on this record, and went on without it.",
}
"""What each reason of `models.observation.REASONS` means."""

REGION = re.compile(r"<!-- made: (?P<name>[^>]+?) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)


def rendered() -> dict[str, str]:
    """Region name -> what must stand in it."""
    made: dict[str, Callable[[], str]] = {
        "topics": _topics,
        "metrics": _metrics,
        "worker metrics": _worker_metrics,
        "tables": _tables,
        "segment columns": lambda: _columns("SEGMENT_DTYPES"),
        "area columns": lambda: _columns("AREA_DTYPES"),
        "constants": _constants,
        "formulas": _formulas,
        "reasons": _reasons,
        "congestion rule": lambda: _rule(CongestionRule),
        "diagnostic rules": lambda: _rule(DiagnosticRules),
        "backtest files": _backtest_files,
        "commands": lambda: _table(
            ("Command", "What it does"),
            [(f"[`{c.name}`](#citybrain-{c.name})", c.sentence) for c in COMMANDS],
        ),
    }
    made |= {f"flags of {command.name}": _flags_of(command.name) for command in COMMANDS}
    return {name: make() for name, make in made.items()} | rendering.rendered()


def regions_of(text: str) -> dict[str, str]:
    """Region name -> body, of one page."""
    return {match["name"]: match["body"] for match in REGION.finditer(text)}


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _commands() -> str:
    rows = [(f"[`{c.name}`](#citybrain-{c.name})", c.sentence) for c in COMMANDS]
    return _table(("Command", "What it does"), rows)


def _topics() -> str:
    rows = [(f"`{t.name}`", "as configured" if t.partitioned else "1", t.key, t.sentence) for t in TOPICS]
    return _table(("Topic", "Partitions", "Key", "What it carries"), rows)


def _metrics() -> str:
    return _table(("Metric", "Type", "Meaning"), [(f"`{name}`", *said) for name, said in METRICS.items()])


def _worker_metrics() -> str:
    rows = [
        (f"`{name}`", said.kind, ", ".join(f"`{label}`" for label in said.labels), said.sentence)
        for name, said in WORKER_METRICS.items()
    ]
    return _table(("Metric", "Type", "Labels", "Meaning"), rows)


def _tables() -> str:
    kept = days_kept(Settings.model_construct())  # the defaults, whatever the environment says
    parts = []
    for table in tables():
        days = f"{kept[table.name]} days" if table.name in kept else "everything"
        parts.append(f"### `{table.name}`\n\n")
        if table.comment:
            parts.append(f"{table.comment}\n\n")
        parts.append(f"Sorted by {table.order}. Kept: {days} by default.\n\n")
        parts.append(_table(("Column", "Type"), [(f"`{n}`", f"`{t}`") for n, t in table.columns]) + "\n")
    return "".join(parts)


def _reasons() -> str:
    return _table(("Reason", "What is wrong"), [(f"`{reason}`", WHY[reason]) for reason in REASONS])


def _rule(rule: type) -> str:
    """What the rule says of itself, and its numbers."""
    rows = [(f"`{field.name}`", f"`{field.default}`") for field in dataclasses.fields(rule)]
    return f"{inspect.getdoc(rule)}\n\n{_table(('Number', 'Value'), rows)}"


def _backtest_files() -> str:
    headers = {
        "city.csv": CITY_HEADER,
        "segments.csv": SEGMENT_HEADER,
        "alerts.csv": ALERT_HEADER,
        "diagnostics.csv": DIAGNOSTIC_HEADER,
    }
    rows = [(f"`{name}`", ", ".join(f"`{c}`" for c in columns)) for name, columns in headers.items()]
    return _table(("File", "Columns"), rows)


def _columns(name: str) -> str:
    rows = [(f"`{n}`", f"`{t}`", c) for n, t, c in columns_with_comments(name)]
    return _table(("Column", "Type", "Meaning"), rows)


def _constants() -> str:
    rows = [(f"`{name}`", f"`{value}`", meaning, f"`{where}`") for name, value, meaning, where in constants()]
    return _table(("Constant", "Value", "Meaning", "Where"), rows)


def _formulas() -> str:
    return "".join(f"### `{name}`\n\n{text}\n\n" for name, text in formulas())


def _flags_of(command: str) -> Callable[[], str]:
    def table() -> str:
        rows = []
        for action in actions_of(command):
            what = ", ".join(f"`{flag}`" for flag in action.option_strings) or f"`{action.dest}`"
            if action.choices:
                what += f" ({', '.join(str(choice) for choice in action.choices)})"
            required = action.required and bool(action.option_strings)
            rows.append((what, f"{action.help or ''}{' (required)' if required else ''}"))
        return _table(("Argument", "Meaning"), rows) if rows else "It takes no arguments.\n"

    return table


def actions_of(command: str) -> list[argparse.Action]:
    """The arguments of a command, without --help."""
    (commands,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    parser: argparse.ArgumentParser = commands.choices[command]
    return [action for action in parser._actions if action.dest != "help"]


def main() -> None:
    """Write every region of every page."""
    parts = rendered()
    for page in sorted(DOCS.glob("*.md")):
        old = page.read_text(encoding="utf-8")
        new = REGION.sub(lambda m: f"<!-- made: {m['name']} -->\n{parts[m['name']]}<!-- end -->", old)
        if new != old:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
