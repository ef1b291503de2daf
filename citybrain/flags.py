"""Flags of the commands whose work needs heavy packages: help must not wait for them."""

from __future__ import annotations

import argparse
from pathlib import Path

STAGES = ("index", "merge", "alerts", "archive")
PLACE_KINDS = ("city", "district", "corridor", "segment")
WINDOWS_S = (60, 300)


def up_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `citybrain up`; each wins over its environment variable."""
    parser.add_argument("--port", type=int, help="port of the web pages (8050)")
    parser.add_argument("--host", help="address of the web pages (127.0.0.1)")
    parser.add_argument("--data-dir", type=Path, help="folder of everything that is kept (data)")
    parser.add_argument("--city", help="city folder, or the name of a shipped city (demo)")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="play this recording of the city as if it began now"
    )
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="mapping file of a CSV recording")
    parser.add_argument("--no-demo", action="store_true", help="no invented traffic")
    parser.add_argument("--speed", type=float, help="demo city: its day passes so many times faster (1)")


def worker_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `citybrain worker`."""
    parser.add_argument(
        "stage",
        choices=STAGES,
        help="index: windows; merge: areas; alerts: congestion and sick sensors; archive: the history",
    )
    parser.add_argument(
        "--no-ticker",
        action="store_true",
        help="index only: write no clock records, the feed writes them (a recording in its own time)",
    )
    parser.add_argument("--port", type=_port, help="port of /livez, /readyz and /metrics; 0 for none (0)")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def wall_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `citybrain wall`; each wins over its environment variable."""
    parser.add_argument("--port", type=int, help="port of the web pages (8050)")
    parser.add_argument("--host", help="address of the web pages (127.0.0.1)")


def backtest_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `citybrain backtest`."""
    parser.add_argument("--city", required=True, help="city folder, or the name of a shipped city")
    parser.add_argument("--observations", type=Path, nargs="+", required=True, help="recordings, .gz too")
    parser.add_argument("--probes", type=Path, nargs="+", default=[], help="recordings of probe vehicles")
    parser.add_argument("--mapping", type=Path, help="mapping file for CSV recordings")
    parser.add_argument("--interval", type=int, default=300, choices=WINDOWS_S, help="window length, s")
    parser.add_argument("--partitions", type=int, default=4, help="as in the deployment")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")


def migrate_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `citybrain migrate`."""
    parser.add_argument("--history", help="address, instead of CITYBRAIN_HISTORY")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")


def dead_letters_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `citybrain dead-letters`."""
    parser.add_argument("action", choices=("list", "show"), help="list: newest first; show: one payload")
    parser.add_argument("place", nargs="?", help="show: TOPIC-PARTITION-OFFSET@LOG as `list` prints it")
    parser.add_argument("--days", type=float, default=1.0, help="list: how far back (1)")
    parser.add_argument("--limit", type=int, default=50, help="most letters listed (50)")
    parser.add_argument("--history", help="address, instead of CITYBRAIN_HISTORY")


def export_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `citybrain export`."""
    parser.add_argument("kind", choices=PLACE_KINDS)
    parser.add_argument("id", help="id of the place in the city folder")
    parser.add_argument("--start", required=True, help="ISO time with zone, inclusive")
    parser.add_argument("--end", required=True, help="ISO time with zone, exclusive")
    parser.add_argument("--window", type=int, default=300, choices=WINDOWS_S, help="window length, s (300)")
    parser.add_argument("--history", help="address, instead of CITYBRAIN_HISTORY")
