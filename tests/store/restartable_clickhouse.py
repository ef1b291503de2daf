"""A ClickHouse server of a test's own, which it may kill and start again on the same port and data."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.services import clickhouse_server as service
from tests.services.ports import free_ports


class RestartableClickHouse:
    """`start` and `kill` as often as needed; `kill` is SIGKILL."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True)
        (directory / "config.xml").write_text(service._CONFIG.format(directory=directory, port=self.port))
        (directory / "users.xml").write_text(service._USERS)

    @property
    def url(self) -> str:
        return f"clickhouse://127.0.0.1:{self.port}/restarted"

    def start(self) -> None:
        with (self.directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*service._command(), f"--config-file={self.directory}/config.xml"],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if not service._listens(f"127.0.0.1:{self.port}", self._process):
            raise RuntimeError(
                f"ClickHouse did not start:\n{(self.directory / 'output').read_text()[-4000:]}"
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
