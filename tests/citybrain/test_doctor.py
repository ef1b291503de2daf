"""The doctor's findings, good and bad."""

from __future__ import annotations

import socket
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
