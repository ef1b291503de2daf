"""The Python environments that contenders run in: ours, and one per peer, made by `make bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("quixstreams", "bytewax")
PROJECT = "project"


class EnvironmentMissing(Exception):
    """A peer is not installed."""


def python_of(environment: str) -> Path:
    """The interpreter of an environment. Raises EnvironmentMissing."""
    if environment == PROJECT:
        return Path(sys.executable)
    python = ROOT / ".cache" / "bench" / environment / "bin" / "python"
    if not python.exists():
        raise EnvironmentMissing(f"{environment} is not installed: `make bench` installs it")
    return python


def installed_version(peer: str) -> str:
    """The version of a peer in its environment."""
    ask = f"from importlib.metadata import version; print(version({peer!r}))"
    answer = subprocess.run([python_of(peer), "-c", ask], capture_output=True, text=True, check=True)
    return answer.stdout.strip()
