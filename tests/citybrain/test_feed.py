"""The feed command, by its arguments and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from citybrain.command import main
from config.city_folder import write_city
from streams.broker import BrokerAddress
from streams.topics import OBSERVATIONS
from tests.config.a_city import a_city

LINE = {"sensor_id": "S1", "event_time": "2026-03-01T00:00:30Z", "interval_s": 30, "speed_kmh": 40}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.ndjson"
    path.write_text(json.dumps(LINE) + "\n{broken\n")
    return path


@pytest.fixture
def city_folder(tmp_path: Path) -> Path:
    write_city(a_city(), tmp_path / "city")
    return tmp_path / "city"


def test_print_writes_observations_to_stdout_and_refusals_to_stderr(recording: Path) -> None:
    words = [sys.executable, "-m", "citybrain.command", "feed", "ndjson", "--file", str(recording), "--print"]
    program = f"import sys; from citybrain.command import main; sys.exit(main({words[3:]!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [LINE]
    refusal, summary = done.stderr.splitlines()
    assert refusal.startswith(f"{recording}:2: malformed_json: ")
    assert json.loads(summary) == {"accepted": 1, "refused": {"malformed_json": 1}}


def test_nothing_usable_at_all_is_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "nothing.ndjson"
    path.write_text("{broken\n")
    assert main(["feed", "ndjson", "--file", str(path), "--print"]) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["csv"], "needs --mapping"),
        (["ndjson", "--mapping", "m.yaml"], "takes no mapping"),
        (["ndjson"], "embedded broker lives inside"),
        (["ndjson", "--broker", "kafka"], "--broker: "),
        (["ndjson", "--broker", "h:1", "--restamp-to-now", "--speed", "5"], "--speed: "),
        (["ndjson", "--broker", "h:1", "--speed", "-1"], "--speed: "),
        (["ndjson", "--print", "--speed", "-1"], "--speed: "),
        (["ndjson", "--print", "--speed", "nan"], "--speed: "),
        (["ndjson", "--broker", "h:1", "--city", "atlantis"], "atlantis: no such city folder"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(
    words: list[str], expected: str, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feed", *words, "--file", str(recording)]) == 2
    message = capsys.readouterr().err
    assert expected in message
    assert message.count("\n") == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "ndjson", "--print", "--file", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err == f"citybrain feed: {tmp_path}/x: no such file\n"


def test_a_broker_that_is_not_there_is_exit_code_1(
    recording: Path, city_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--file", str(recording), "--city", str(city_folder), "--broker", "127.0.0.1:1"]
    assert main(["feed", "ndjson", *words]) == 1
    assert "127.0.0.1:1: Connection refused" in capsys.readouterr().err


@pytest.mark.kafka
def test_a_recording_goes_onto_the_topic_of_a_real_kafka(
    kafka_broker: BrokerAddress, recording: Path, city_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--file", str(recording), "--city", str(city_folder), "--broker", kafka_broker.bootstrap]
    assert main(["feed", "ndjson", *words, "--speed", "0"]) == 0
    summary = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert summary["accepted"] == 1
    assert summary["unconfirmed"] == 0
    consumer = KafkaConsumer(**kafka_broker.consumer_arguments)
    try:
        parts = [TopicPartition(OBSERVATIONS.name, p) for p in range(4)]
        assert sum(consumer.end_offsets(parts).values()) == 1 + summary["clock_records"]
    finally:
        consumer.close()
