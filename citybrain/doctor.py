"""`citybrain doctor`: what this machine has, what is missing, and what to do about it; one line each."""

from __future__ import annotations

import argparse
import errno
import http.client
import importlib.metadata
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

DISK_WARN_BYTES = 5 * 2**30
DISK_FAIL_BYTES = 500 * 2**20
"""ClickHouse needs room to merge parts: below this it stops taking inserts."""
FONT_TIMEOUT_S = 10
LIVEZ_TIMEOUT_S = 3
LONGEST_LIVEZ_BYTES = 1000


class Finding(NamedTuple):
    """One line: how it stands, what, what was found, and the remedy where it is not ok."""

    state: Literal["ok", "warn", "fail"]
    what: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.state:<4}  {self.what}: {self.found}"
        return f"{line}; {self.remedy}" if self.remedy else line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = "Look at this machine: can citybrain run here, and if not, why."


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 1 where one of them is a failure."""
    failed = False
    for finding in examine():
        sys.stdout.write(f"{finding}\n")
        failed = failed or finding.state == "fail"
    return int(failed)


def examine() -> Iterator[Finding]:
    """Every finding about this machine, in the order in which they matter."""
    yield python_finding(sys.version_info[:3])
    yield from package_findings(installed_requirements())
    yield embedded_broker_finding()
    yield chdb_finding()
    yield from _with_settings()
    yield font_finding()


def _with_settings() -> Iterator[Finding]:
    from config.settings import inspect_settings

    settings, mistakes = inspect_settings()
    if settings is None:
        for mistake in mistakes:
            yield Finding("fail", "settings", str(mistake), "correct the variable or unset it")
        return
    yield Finding("ok", "settings", f"city {settings.city}, broker {settings.broker}")
    yield disk_finding(settings.data_dir)
    yield port_finding(settings.host, settings.port)


def python_finding(version: tuple[int, ...]) -> Finding:
    """Python 3.11 or newer."""
    text = ".".join(str(part) for part in version)
    if version < (3, 11):
        return Finding("fail", "python", text, "install Python 3.11 or newer")
    return Finding("ok", "python", text)


def installed_requirements() -> list[str]:
    """What the installed citybrain requires; empty where it is not installed as a package."""
    try:
        return importlib.metadata.requires("citybrain") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def package_findings(requirements: list[str]) -> Iterator[Finding]:
    """The packages that are missing or have another version than is required."""
    if not requirements:
        yield Finding("warn", "packages", "citybrain is not installed as a package", "run make setup")
        return
    try:
        from packaging.requirements import Requirement
    except ImportError:
        yield Finding("fail", "packages", "packaging is missing", "run make setup")
        return
    wrong = []
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} is {version}, not {requirement.specifier}")
    for problem in wrong:
        yield Finding("fail", "packages", problem, "run make setup")
    if not wrong:
        yield Finding("ok", "packages", f"all {len(requirements)} as required")


def embedded_broker_finding() -> Finding:
    """Whether the broker inside this process can start, seen by starting it."""
    from models.errors import ConfigurationError

    def start() -> str:
        from streams.embedded_broker import EmbeddedBroker

        broker = EmbeddedBroker()
        try:
            version = importlib.metadata.version("confluent-kafka")
            return f"confluent-kafka {version} answers at {broker.bootstrap}"
        finally:
            broker.close()

    return _tried("embedded broker", start, (ConfigurationError, OSError, ImportError))


def chdb_finding() -> Finding:
    """Whether the history inside this process can be loaded.

    It is loaded in a process of its own: on a machine without the processor instructions it needs, the
    library ends the process that loads it.
    """
    program = "import chdb; print(chdb.query('SELECT version()').bytes().decode().strip())"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"]
        remedy = "run make setup; the processor needs SSE 4.2; or use a ClickHouse server (CITYBRAIN_HISTORY)"
        return Finding("fail", "chdb", lines[-1], remedy)
    return Finding("ok", "chdb", f"answers as ClickHouse {done.stdout.strip().strip(chr(34))}")


def disk_finding(data_dir: Path, free_bytes: Callable[[Path], int] | None = None) -> Finding:
    """Whether the data folder can be written and has room."""
    existing = next(p for p in (data_dir.absolute(), *data_dir.absolute().parents) if p.exists())
    if not existing.is_dir():
        return Finding("fail", "data folder", f"{existing} is no folder", "set CITYBRAIN_DATA_DIR")
    free = shutil.disk_usage(existing).free if free_bytes is None else free_bytes(existing)
    found = f"{data_dir} has {free / 2**30:.1f} GiB free"
    if free < DISK_FAIL_BYTES:
        return Finding("fail", "data folder", found, "make room, or set CITYBRAIN_DATA_DIR to another disk")
    if free < DISK_WARN_BYTES:
        return Finding("warn", "data folder", found, "a busy city fills a gigabyte in some weeks")
    return Finding("ok", "data folder", found)


def port_finding(host: str, port: int) -> Finding:
    """Whether the pages can listen where the settings say, or do so already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except OSError as error:
        found = f"{host}:{port}: {error.strerror or error}"
        if error.errno == errno.EADDRINUSE and _citybrain_answers(host, port):
            return Finding("ok", "port", f"{host}:{port}: citybrain is running there")
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            return Finding("fail", "port", found, "no such address on this machine, set CITYBRAIN_HOST")
        return Finding("fail", "port", found, "stop what listens there, or set CITYBRAIN_PORT")
    return Finding("ok", "port", f"{host}:{port} is free" if port else f"{host}, any free port")


def _citybrain_answers(host: str, port: int) -> bool:
    """Whether /livez there says what ours says."""
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(asked, port, timeout=LIVEZ_TIMEOUT_S)
    try:
        connection.request("GET", "/livez")
        return bool(json.loads(connection.getresponse().read(LONGEST_LIVEZ_BYTES)) == {"alive": True})
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def font_finding() -> Finding:
    """Whether a browser on this machine can show Chinese."""
    program = shutil.which("fc-list")
    remedy = "where the wall's browser runs here: apt-get install fonts-noto-cjk"
    if program is None:
        return Finding("warn", "fonts", "fontconfig is not installed", remedy)
    done = subprocess.run(
        [program, ":lang=zh", "family"], capture_output=True, text=True, timeout=FONT_TIMEOUT_S, check=False
    )
    families = sorted({line.split(",")[0].strip() for line in done.stdout.splitlines() if line.strip()})
    if not families:
        return Finding("warn", "fonts", "no font with Chinese characters", remedy)
    return Finding("ok", "fonts", f"{families[0]} shows Chinese")


def _tried(what: str, attempt: Callable[[], str], expected: tuple[type[Exception], ...]) -> Finding:
    try:
        return Finding("ok", what, attempt())
    except expected as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Finding("fail", what, reason, "see the README, Limits")
