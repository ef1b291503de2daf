"""A ClickHouse server on loopback with a port, a directory and a configuration of its own.

Written for Debian's 18.16; newer servers read the same files. Only its binary is used: the service that
the package would run stays off.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.services.installed import ServiceMissing
from tests.services.ports import accepts_connections, free_ports

START_S = 60.0
STARTS = 3

_CONFIG = """\
<?xml version="1.0"?>
<yandex>
  <logger>
    <level>warning</level><log>{directory}/server.log</log><errorlog>{directory}/errors.log</errorlog>
  </logger>
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


@contextlib.contextmanager
def running_clickhouse(directory: Path) -> Iterator[str]:
    """Run a server with its data in `directory` (emptied first); yields its native "host:port"."""
    command = server_command()
    for _ in range(STARTS):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        (port,) = free_ports(1)
        config = write_configuration(directory, port)
        with (directory / "output").open("wb") as output:
            process = subprocess.Popen(
                [*command, f"--config-file={config}"],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            if listens(f"127.0.0.1:{port}", process):
                yield f"127.0.0.1:{port}"
                return
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    raise RuntimeError(
        f"ClickHouse did not start:\n{(directory / 'output').read_text(errors='replace')[-4000:]}"
    )


def write_configuration(directory: Path, port: int) -> Path:
    """Write a server's configuration, with all its files in `directory`; gives the file to start with."""
    config = directory / "config.xml"
    config.write_text(_CONFIG.format(directory=directory, port=port), encoding="utf-8")
    (directory / "users.xml").write_text(_USERS, encoding="utf-8")
    return config


def server_command() -> list[str]:
    """What starts a server, before its arguments."""
    if shutil.which("clickhouse-server"):
        return ["clickhouse-server"]
    if shutil.which("clickhouse"):
        return ["clickhouse", "server"]
    raise ServiceMissing("there is no ClickHouse server", "clickhouse-server")


def listens(address: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the server listens (it does so last) before the deadline, still alive."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            return False
        if accepts_connections(address):
            return True
    return False
