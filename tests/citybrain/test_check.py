"""The check command finds every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from citybrain.command import main
from config.city_folder import write_city
from tests.config.a_city import a_city

EXAMPLES = Path(config.__path__[0]) / "mappings" / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_city(a_city(), tmp_path, calendar="days.yaml")
    (tmp_path / "days.yaml").write_text("public_holidays: []\n")
    return tmp_path


def test_what_is_right_is_said_and_exit_code_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = EXAMPLES / "metr_la_speed.yaml"
    table = EXAMPLES / "metr_la_city.yaml"
    words = ["--city", str(folder), "--mapping", str(mapping), "--import-mapping", str(table)]
    assert main(["check", *words]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok    settings",
        f"ok    {folder}: 2 segments, 2 sensors",
        f"ok    {folder}/days.yaml",
        f"ok    {mapping}",
        f"ok    {table}",
    ]


def test_every_mistake_of_every_file_is_a_line_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYBRAIN_PROT", "1")
    (folder / "city.yaml").write_text("city_id: X\n")
    (folder / "sensors.csv").write_text("sensor_id,segment_id,lanes\nS1,a-b,two\n")
    mapping = folder / "mapping.yaml"
    mapping.write_text("layout: tall\n")
    assert main(["check", "--city", str(folder), "--mapping", str(mapping), "--calendar", "no.yaml"]) == 2
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert all(line.startswith("wrong ") for line in lines)
    for part in ("CITYBRAIN_PROT", "city_id", "timezone", "lanes", "layout", "no.yaml: no such file"):
        assert any(part in line for line in lines), part
    assert told.err == f"citybrain check: {len(lines)} mistakes\n"


@pytest.mark.parametrize("command", ["check", "migrate"])
@pytest.mark.parametrize(
    "address",
    [
        "clickhouse://city:s3cret@db:9000",
        "clickhouse://db:9000?password=s3cret",
        "clickhouse://city:s3cret@db:port/citybrain",
        "clickhouse://city:s3cret/citybrain",
    ],
)
def test_no_command_shows_the_password_of_a_wrong_history(
    command: str, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CITYBRAIN_HISTORY", address)
    main([command])
    told = capsys.readouterr()
    assert "s3cret" not in told.out + told.err


def test_a_calendar_that_is_not_there_is_a_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "days.yaml").unlink()
    assert main(["check", "--city", str(folder)]) == 2
    assert "calendar: 'days.yaml' is neither" in capsys.readouterr().out


def test_a_city_that_is_not_there_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--city", "atlantis"]) == 2
    assert "wrong atlantis: no such city folder" in capsys.readouterr().out
