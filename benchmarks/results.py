"""What a whole run found, as one JSON file: `benchmarks/results/latest.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.ratios import ratios

LATEST = Path(__file__).with_name("results") / "latest.json"

Results = dict[str, Any]


def assembled(
    about: Results, rounds: int, tables: dict[str, dict[str, Results]], also: dict[str, Any]
) -> Results:
    """`about`: when, machine and versions. `tables`: table -> contender -> rounds and medians. `also`: what
    was measured beside them."""
    return {
        **about,
        "rounds": rounds,
        "ratios": {name: round(value, 3) for name, value in ratios(medians(tables, "kafka")).items()},
        "contenders": tables,
        "also": also,
    }


def medians(tables: dict[str, dict[str, Results]], table: str) -> dict[str, float]:
    """Contender -> CPU seconds per million observations, of one table."""
    return {
        name: float(found["median"]["cpu_s_per_million"]) for name, found in tables.get(table, {}).items()
    }


def write(results: Results, path: Path = LATEST) -> None:
    """Write the file that the documentation is made from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def read(path: Path = LATEST) -> Results:
    """The last whole run."""
    found: Results = json.loads(path.read_text(encoding="utf-8"))
    return found
