"""A ClickHouse server of a test's own, which it may kill and start again on the same port and data."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.services.clickhouse_server import listens, server_command, write_configuration
from tests.services.ports import free_ports


class RestartableClickHouse:
    """`start` and `kill` as often as needed; `kill` is SIGKILL."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True)
        self._config = write_configuration(directory, self.port)

    @property
    def url(self) -> str:
        return f"clickhouse://127.0.0.1:{self.port}/restarted"

    def start(self) -> None:
        with (self.directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*server_command(), f"--config-file={self._config}"],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if not listens(f"127.0.0.1:{self.port}", self._process):
            raise RuntimeError(
                f"ClickHouse did not start:\n{(self.directory / 'output').read_text()[-4000:]}"
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
