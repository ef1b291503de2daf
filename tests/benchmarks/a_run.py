"""A run of the benchmark as its file holds it, with figures made up for tests."""

from __future__ import annotations

from typing import Any

from benchmarks.results import Results, assembled

CPU_S_PER_MILLION = {
    "faust_record": 80.0,
    "bytewax_window": 12.0,
    "quix_window": 30.0,
    "aiokafka_numpy": 2.0,
    "index_json": 2.0,
    "index_columnar": 0.5,
    "index_json_100k": 2.4,
    "limit_columnar": 0.3,
}


def a_contender(name: str, cost: float, segments: int = 1_000) -> dict[str, Any]:
    row = {
        "cpu_s_per_million": cost,
        "cpu_s_per_million_from_first": cost,
        "observations_per_s": 1e6 / cost,
        "observations_per_s_from_first": 1e6 / cost,
        "peak_rss_mb": 120,
    }
    return {
        "title": name.replace("_", " "),
        "observations": 2_000_000,
        "segments": segments,
        "rounds": [row | {"counted": 1}],
        "median": row,
    }


def a_run(**also: Any) -> Results:
    about = {
        "measured_at": "2026-11-22T12:00Z",
        "machine": {
            "processor": "Some processor",
            "cores": 2,
            "memory_gb": 8.0,
            "system": "Linux 6",
            "load_before": 0.1,
        },
        "versions": {"python": "3.11.7", "kafka": "4.4.0"},
    }
    contenders = {name: a_contender(name, cost) for name, cost in CPU_S_PER_MILLION.items()}
    return assembled(about, 1, {"kafka": contenders}, also)
