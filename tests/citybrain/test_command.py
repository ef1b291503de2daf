"""The command line: quick help, one clear line for what is wrong."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from citybrain import __version__
from citybrain.command import COMMANDS, build_parser, main
from citybrain.flags import STAGES

HEAVY = {"numpy", "faust", "dash", "chdb", "kafka", "pydantic", "plotly", "clickhouse_driver"}


def modules_loaded_by(*words: str) -> set[str]:
    code = (
        "import sys\n"
        "from citybrain.command import main\n"
        "try:\n"
        f"    main({list(words)!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(out.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_help_of_a_command_waits_for_no_heavy_package(command: str) -> None:
    assert modules_loaded_by(command, "--help") & HEAVY == set()


def test_every_command_has_a_sentence_and_flags_that_parse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(["--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for command in COMMANDS:
        assert command.name in text
        assert command.sentence[:20] in text


def test_an_unknown_command_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "fly" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CITYBRAIN_PORT", "eighty"), ("CITYBRAIN_LATENES_S", "600"), ("CITYBRAIN_BROKER", "nowhere")],
)
def test_a_wrong_setting_is_one_line_that_names_it_and_exits_with_2(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["up"]) == 2
    error = capsys.readouterr().err
    assert variable in error
    assert error.count("\n") == 1


def test_a_wrong_city_folder_is_one_line_that_names_file_and_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "city.yaml").write_text("city_id: x\n", encoding="utf-8")
    arguments = ["backtest", "--city", str(tmp_path), "--observations", "x", "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "city.yaml" in error
    assert error.count("\n") == 1


def test_a_worker_refuses_the_broker_that_lives_in_another_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CITYBRAIN_BROKER", raising=False)
    assert main(["worker", "merge"]) == 2
    assert "CITYBRAIN_BROKER" in capsys.readouterr().err


def test_a_kafka_that_does_not_answer_is_one_line_and_exits_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYBRAIN_BROKER", "127.0.0.1:1")
    assert main(["worker", "merge"]) == 1
    assert "127.0.0.1:1" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"citybrain {__version__}\n"


def test_what_ends_the_process_promises_no_second_try(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYBRAIN_BROKER", "127.0.0.1:1")
    assert main(["worker", "merge"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("citybrain worker: 127.0.0.1:1: ")
    assert "trying again" not in error


def test_a_history_that_another_citybrain_holds_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "history" / "status"
    status.parent.mkdir()
    status.write_text("PID: 42\n")
    with status.open("a") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert main(["dead-letters", "list", "--history", f"chdb://{tmp_path}/history"]) == 1
    assert capsys.readouterr().err == (
        f"citybrain dead-letters: chdb://{tmp_path}/history: held by another process (PID: 42); only one "
        "may open it (another citybrain uses it; ask its API or stop it)\n"
    )


def test_the_sentence_of_worker_names_every_stage() -> None:
    (worker,) = (command for command in COMMANDS if command.name == "worker")
    assert tuple(worker.sentence.rpartition(": ")[2].rstrip(".").replace(" or ", ", ").split(", ")) == STAGES
