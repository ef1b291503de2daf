"""`citybrain backtest` from files to files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from citybrain.command import main
from config.city_folder import write_city
from tests.end_to_end.recordings import a_recording
from tests.models.builders import a_city


def run_backtest(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """The summary on the last line of its output."""
    assert main(["backtest", *words]) == 0
    summary: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return summary


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, Path]:
    """A city folder and a recording of it."""
    city = a_city(segments=6)
    write_city(city, tmp_path / "city")
    recording = tmp_path / "observations.ndjson"
    recording.write_bytes(b"\n".join(record.payload for record in a_recording(city)) + b"\n")
    return tmp_path / "city", recording


def test_it_writes_final_windows_and_a_summary(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, recording = recorded
    out = tmp_path / "out"
    summary = run_backtest(
        capsys, "--city", str(city), "--observations", str(recording), "--out", str(out), "--interval", "60"
    )
    segments, city_rows = rows(out / "segments.csv"), rows(out / "city.csv")
    assert summary["windows"] == len(city_rows) == 12
    assert len(segments) == 12 * 6
    assert [row["interval_start"] for row in city_rows] == sorted(row["interval_start"] for row in city_rows)
    assert all(float(row["index"]) >= 1 for row in city_rows)
    assert all((row["level"] == "0") == (row["tti"] == "") for row in segments), "unknown is not free"
    read = len(recording.read_bytes().splitlines())
    refused = summary["refused"]
    assert isinstance(refused, dict)
    assert set(refused) == {"ahead_of_clock", "malformed_json", "out_of_range"}
    parts = [summary["accepted"], summary["late"], summary["duplicate"], *refused.values()]
    assert sum(int(str(part)) for part in parts) == summary["read"] == read, "every record has one fate"


def test_the_same_recording_gives_the_same_bytes(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, recording = recorded
    for name in ("first", "second"):
        run_backtest(
            capsys, "--city", str(city), "--observations", str(recording), "--out", str(tmp_path / name)
        )
    for file in ("city.csv", "segments.csv"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_one_partition_or_eight_give_the_same_values(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, recording = recorded
    values = []
    for partitions in ("1", "8"):
        out = tmp_path / partitions
        run_backtest(
            capsys,
            *("--city", str(city), "--observations", str(recording)),
            *("--out", str(out), "--partitions", partitions),
        )
        # How often a window was amended depends on its partition's watermark; what it says does not.
        values.append([{k: v for k, v in row.items() if k != "revision"} for row in rows(out / "city.csv")])
    assert values[0] == values[1]


def test_a_missing_file_is_an_input_error(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, _ = recorded
    words = ["backtest", "--city", str(city), "--observations", "gone.ndjson", "--out", str(tmp_path / "o")]
    assert main(words) == 2
    assert "gone.ndjson" in capsys.readouterr().err


@pytest.mark.parametrize("partitions", ["0", "-3", "257"])
def test_a_number_of_partitions_that_no_deployment_has_is_refused(
    partitions: str, recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, recording = recorded
    words = ["--city", str(city), "--observations", str(recording), "--out", str(tmp_path / "out")]
    assert main(["backtest", *words, "--partitions", partitions]) == 2
    assert capsys.readouterr().err == (
        f"citybrain backtest: --partitions: must be 1 to 256, not {partitions} (as in the deployment)\n"
    )
    assert not (tmp_path / "out").exists()


def test_results_that_cannot_be_written_are_one_line_that_names_the_folder(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, recording = recorded
    (tmp_path / "file").write_text("")
    taken = tmp_path / "taken"
    (taken / "city.csv").mkdir(parents=True)
    for out, named in (
        (Path("/proc/x"), "/proc/x"),
        (tmp_path / "file", str(tmp_path / "file")),
        (taken, str(taken / "city.csv")),
    ):
        words = ["--city", str(city), "--observations", str(recording), "--out", str(out)]
        assert main(["backtest", *words]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith(f"citybrain backtest: {named}: cannot be written: ")
        assert "--out" in error


def test_a_recording_of_which_nothing_is_accepted_is_exit_code_1_and_says_what_may_be_wrong(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    city, _ = recorded
    foreign = tmp_path / "foreign.ndjson"
    line = {"sensor_id": "nobody", "event_time": "2026-03-01T00:00:30Z", "interval_s": 30, "speed_kmh": 40}
    foreign.write_text(json.dumps(line) + "\n")
    out = tmp_path / "out"
    words = ["--city", str(city), "--observations", str(foreign), "--out", str(out)]
    assert main(["backtest", *words]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out.splitlines()[-1])["refused"] == {"unknown_sensor": 1}
    assert told.err.splitlines()[-1] == (
        "citybrain backtest: none of 1 records was accepted, mostly unknown_sensor: "
        "is --city the right one, and does the recording need a --mapping?"
    )
    assert (out / "city.csv").exists()
