"""A ClickHouse server of a test's own, which it may kill and start again on the same port and data."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.services.installed import ServiceMissing
from tests.services.ports import accepts_connections, free_ports

START_S = 60.0

_SERVER = """\
<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><log>{directory}/server.log</log><errorlog>{directory}/error.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>{port}</tcp_port>
  <path>{directory}/data/</path>
  <tmp_path>{directory}/tmp/</tmp_path>
  <user_files_path>{directory}/user_files/</user_files_path>
  <format_schema_path>{directory}/format_schemas/</format_schema_path>
  <mark_cache_size>268435456</mark_cache_size>
  <timezone>UTC</timezone>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <users_config>users.xml</users_config>
</yandex>
"""

_USERS = """\
<?xml version="1.0"?>
<yandex>
  <profiles><default></default></profiles>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
  </users>
  <quotas><default></default></quotas>
</yandex>
"""


class RestartableClickHouse:
    """`start` and `kill` as often as needed; `kill` is SIGKILL."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "config.xml").write_text(_SERVER.format(directory=directory, port=self.port))
        (directory / "users.xml").write_text(_USERS)

    @property
    def url(self) -> str:
        return f"clickhouse://127.0.0.1:{self.port}/restarted"

    def start(self) -> None:
        with (self.directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*_command(), f"--config-file={self.directory}/config.xml"],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_S
        while not accepts_connections(f"127.0.0.1:{self.port}"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"ClickHouse did not start:\n{(self.directory / 'output').read_text()[-4000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def _command() -> list[str]:
    if shutil.which("clickhouse-server"):
        return ["clickhouse-server"]
    if shutil.which("clickhouse"):
        return ["clickhouse", "server"]
    raise ServiceMissing("there is no ClickHouse server", "clickhouse-server")
