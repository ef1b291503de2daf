"""What a run ran on: the machine and the versions, without anything that names a person or a place."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.environments import PEERS, installed_version
from tests.services.kafka_server import kafka_version

OURS = ("citybrain", "faust-streaming", "aiokafka", "confluent-kafka", "msgspec", "numpy", "chdb-core")


def machine() -> dict[str, str | int | float]:
    """Processor, cores, memory, kernel, and how busy the machine was before the run."""
    return {
        "processor": _first("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(_first("/proc/meminfo", "MemTotal").split()[0]) * 1024 / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """Name -> version of everything that was measured."""
    peers = {name: installed_version(name) for name in PEERS}
    return (
        {"python": platform.python_version(), "kafka": kafka_version()}
        | {name: version(name) for name in OURS}
        | peers
    )


def _first(path: str, field: str) -> str:
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return "0 unknown"
