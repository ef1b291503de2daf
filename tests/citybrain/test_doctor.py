"""The doctor's findings, good and bad."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from citybrain.command import main
from citybrain.doctor import (
    chdb_finding,
    disk_finding,
    embedded_broker_finding,
    package_findings,
    port_finding,
    python_finding,
)


def test_python_must_be_new_enough() -> None:
    assert python_finding((3, 11, 2)).state == "ok"
    old = python_finding((3, 9, 2))
    assert str(old) == "fail  python: 3.9.2; install Python 3.11 or newer"


def test_a_package_that_is_missing_or_too_old_is_named() -> None:
    found = list(
        package_findings(["numpy>=1", "numpy>=999", "no-such-package-anywhere", "x; python_version < '3'"])
    )
    assert [finding.state for finding in found] == ["fail", "fail"]
    assert "not >=999" in found[0].found
    assert found[1].found == "no-such-package-anywhere is missing"
    assert [finding.state for finding in package_findings(["numpy>=1"])] == ["ok"]


def test_the_broker_and_the_history_of_this_process_are_tried() -> None:
    assert embedded_broker_finding().state == "ok"
    assert chdb_finding().state == "ok"


def test_a_port_that_is_taken_is_a_failure_with_a_remedy() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        taken = port_finding("127.0.0.1", port)
    assert taken.state == "fail"
    assert f"127.0.0.1:{port}: " in taken.found
    assert "CITYBRAIN_PORT" in taken.remedy
    assert port_finding("127.0.0.1", 0).state == "ok"


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], int]]:
    """Starts a server of this body on a free port of this machine; the port."""
    servers = []

    def start(body: bytes) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/livez" else 404)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,)).start()
        return int(servers[-1].server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_port_on_which_citybrain_itself_runs_is_no_failure(answering: Callable[[bytes], int]) -> None:
    port = answering(b'{"alive":true}')
    for host in ("127.0.0.1", "0.0.0.0"):
        assert str(port_finding(host, port)) == f"ok    port: {host}:{port}: citybrain is running there"


def test_a_port_on_which_something_else_answers_is_a_failure(answering: Callable[[bytes], int]) -> None:
    for body in (b"hello", b"[]", b'{"alive":false}'):
        assert port_finding("127.0.0.1", answering(body)).state == "fail"


def test_an_address_that_is_not_of_this_machine_asks_for_another_host() -> None:
    finding = port_finding("192.0.2.1", 0)
    assert finding.state == "fail"
    assert finding.remedy == "no such address on this machine, set CITYBRAIN_HOST"


@pytest.mark.parametrize(("free_bytes", "state"), [(2**40, "ok"), (2**30, "warn"), (2**20, "fail")])
def test_a_full_disk_is_noticed_before_it_hurts(free_bytes: int, state: str, tmp_path: Path) -> None:
    assert disk_finding(tmp_path / "not" / "yet", lambda _: free_bytes).state == state


def test_a_data_folder_that_is_a_file_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert disk_finding(tmp_path / "data").state == "fail"


def test_a_wrong_setting_is_a_failure_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYBRAIN_PORT", "x")
    assert main(["doctor"]) == 1
    assert "fail  settings: CITYBRAIN_PORT: " in capsys.readouterr().out
