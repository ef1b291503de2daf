"""citybrain's commands as processes of their own, as a user starts them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

COMMAND = Path(sys.executable).with_name("citybrain")
STOP_DEADLINE_S = 20.0


@dataclass
class Running:
    """A running command and what it has said so far."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def address(self) -> str:
        """The web address that it prints."""
        wait_until(lambda: self.alive() and re.search(r"http://\S+?/wall", self.said), "an address", 60)
        found = re.search(r"(http://\S+?)/wall", self.said)
        assert found is not None
        return found[1]

    def alive(self) -> bool:
        assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said}"
        return True

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_DEADLINE_S)


@contextmanager
def running_command(folder: Path, *words: str, **environment: str) -> Iterator[Running]:
    """`citybrain WORDS` with settings from `environment`; killed at the end of the block if it still runs."""
    log = folder / f"{'-'.join(words[:2])}.{len(list(folder.glob('*.log')))}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYBRAIN_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [COMMAND, *words], env=clean | environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Running(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_DEADLINE_S)


def fetched(address: str) -> tuple[int, Mapping[str, Any]]:
    """Status and JSON of an address; (0, {}) while nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
    except (urllib.error.URLError, ConnectionError):
        return 0, {}


def wait_ready(address: str, *needed: Running, deadline_s: float = 150) -> None:
    """Until the first snapshot is there: a group that a killed worker belonged to waits for it first. Fails
    at once, with what it said, when one of the `needed` commands has ended."""

    def ready() -> bool:
        return all([each.alive() for each in needed]) and fetched(f"{address}/readyz")[0] == 200

    wait_until(ready, "readiness", deadline_s)
