"""citybrain's own commands as processes beside the benchmark, with what they use of the machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import psutil

from benchmarks.bench_city import bench_city
from benchmarks.meter import peak_rss_mb, rss_mb
from benchmarks.workload import Workload
from config.city_writing import write_city
from tests.services.ports import free_ports

CITYBRAIN = Path(sys.executable).with_name("citybrain")
READY_S = 180.0
STOP_S = 30.0
LOOK_EVERY_S = 0.05


class ProcessFailed(Exception):
    """A command ended, or did not do what was waited for."""


@dataclass
class Command:
    """A running command."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str = ""
    """Where its health and metrics are served."""

    def cpu_s(self) -> float:
        """CPU seconds of all its threads until now."""
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)

    def rss_mb(self) -> float:
        """Resident memory now."""
        return rss_mb(self.process.pid)

    def peak_rss_mb(self) -> float:
        """The most memory that it had resident."""
        return peak_rss_mb(self.process.pid)

    def wait(
        self, condition: Callable[[], object], what: str, within_s: float, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """Until the condition holds; ProcessFailed where the command ends or the time is up."""
        deadline = time.monotonic() + within_s
        while not condition():
            if self.process.poll() is not None:
                raise ProcessFailed(f"ended with {self.process.returncode}: {self.said()}")
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{what}: not within {within_s:g} s: {self.said()}")
            time.sleep(look_every_s)

    def said(self) -> str:
        """The end of its output."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-12000:]


@contextlib.contextmanager
def running(words: list[str], folder: Path, settings: dict[str, str]) -> Iterator[Command]:
    """The command `words` with citybrain's settings; interrupted at the end of the block."""
    log = folder / f"{len(list(folder.glob('*.log')))}.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CITYBRAIN_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            env=clean | {f"CITYBRAIN_{name.upper()}": value for name, value in settings.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Command(process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def index_worker(
    bootstrap: str, workload: Workload, folder: Path, *, ticker: bool = True
) -> Iterator[Command]:
    """`citybrain worker index` on the workload's city, ready, until the end of the block."""
    words = ["worker", "index"] + ([] if ticker else ["--no-ticker"])
    with citybrain_process(words, "worker_port", bootstrap, workload, folder) as command:
        yield command


@contextlib.contextmanager
def citybrain_process(
    words: list[str], port_setting: str, bootstrap: str, workload: Workload, folder: Path
) -> Iterator[Command]:
    """A process of a grown deployment, ready, until the end of the block; there is no history."""
    (port,) = free_ports(1)
    settings = {
        "broker": bootstrap,
        "city": str(city_folder(workload, folder)),
        "partitions": str(workload.partitions),
        port_setting: str(port),
        "data_dir": str(folder / "data"),
        "history": "clickhouse://127.0.0.1:1/none",
        "log_level": "warning",
    }
    with running([str(CITYBRAIN), *words], folder, settings) as command:
        command.address = f"http://127.0.0.1:{port}"
        command.wait(lambda: answers(f"{command.address}/livez"), "an answer", READY_S)
        if "worker" in words:
            command.wait(lambda: answers(f"{command.address}/readyz"), "readiness", READY_S)
        yield command


def city_folder(workload: Workload, folder: Path) -> Path:
    """The folder of the workload's city; written where it is not there yet."""
    city = folder / f"city-{workload.segments}"
    if not city.exists():
        city.mkdir(parents=True)
        write_city(bench_city(workload), city)
    return city


def answers(address: str) -> bool:
    """Whether the address answers with 200."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False
