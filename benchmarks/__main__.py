"""`python -m benchmarks run`: every contender in turn, then everything else; `make bench` does it.

`run --only NAME ...` measures a part and prints it as JSON; `render` writes the documentation from the last
whole run anew.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import archive_rows, catch_up, glass, latency, live_load
from benchmarks.contest import TABLES
from benchmarks.picture import write_picture
from benchmarks.results import assembled, read, write
from benchmarks.rounds import Say, run_table
from benchmarks.versions import machine, versions

ALSO: dict[str, Callable[[Path, Say], Any]] = {
    "live": live_load.measure,
    "latency": latency.measure,
    "glass": glass.measure,
    "rows": archive_rows.measure,
    "catch_up": catch_up.measure,
}
NAMES = (*(table.name for table in TABLES), *ALSO)


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure; without --only write benchmarks/results/latest.json")
    run.add_argument("--rounds", type=int, default=3, help="how often each contender runs")
    run.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    commands.add_parser(
        "render", help="write tables and picture of docs/ from benchmarks/results/latest.json"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    if arguments.command == "render":
        _render()
        return 0
    about = {
        "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "machine": machine(),
        "versions": versions(),
    }
    wanted = tuple(arguments.only or NAMES)
    tables, also = _measure(wanted, arguments.rounds)
    results = assembled(about, arguments.rounds, tables, also)
    if arguments.only:
        print(json.dumps(results, indent=1))
        return 0
    write(results)
    _render()
    return 0


def _measure(wanted: tuple[str, ...], rounds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {line}", file=sys.stderr, flush=True)

    # Kafka's logs are some gigabytes: each part has a folder of its own, removed with it.
    tables, also = {}, {}
    for table in TABLES:
        if table.name in wanted:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                tables[table.name] = run_table(table, rounds, Path(folder), say)
    for name, measure in ALSO.items():
        if name in wanted:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                also[name] = measure(Path(folder), say)
    return tables, also


def _render() -> None:
    # Imported here: the tests' modules need what only a development environment has.
    from tests.docs import regions

    write_picture(read())
    regions.main()


def _end(*_: object) -> None:
    raise SystemExit(143)  # through every `finally`, so that no Kafka is left behind


if __name__ == "__main__":
    sys.exit(main())
