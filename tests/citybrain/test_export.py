"""The export command, from a history to CSV and exit codes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from citybrain.command import main
from store.history import open_history
from store.migrate import migrate
from tests.store.rows import MONDAY, area_rows

SPAN = ("--start", "2026-03-02T00:00:00Z", "--end", "2026-03-02T00:10:00Z")


@pytest.fixture(scope="module")
def history_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"chdb://{tmp_path_factory.mktemp('export')}/history"
    history = open_history(url)
    migrate(history)
    yield url
    history.close()


def test_the_windows_of_a_place_are_written(history_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    history = open_history(history_url)
    history.insert("area_indices", area_rows(["east"], [MONDAY, MONDAY + 300]))
    history.close()
    assert main(["export", "district", "east", *SPAN, "--history", history_url]) == 0
    told = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert [row["window_start"] for row in rows] == ["2026-03-02T00:00:00Z", "2026-03-02T00:05:00Z"]
    assert told.err == ""


def test_a_place_without_windows_is_a_header_one_line_and_exit_code_1(
    history_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("district", "segment"):
        assert main(["export", kind, "nope", *SPAN, "--history", history_url]) == 1
        told = capsys.readouterr()
        assert len(told.out.splitlines()) == 1
        assert "window_start,status" in told.out
        assert told.err == (
            f"citybrain export: {kind} nope has no window of 300 s "
            "from 2026-03-02T00:00:00Z to 2026-03-02T00:10:00Z\n"
        )


@pytest.mark.parametrize("end", ["2026-03-02T00:00:00Z", "2026-03-02T07:59:00+08:00"])
def test_an_end_that_is_not_after_the_start_is_refused(
    end: str, history_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--start", SPAN[1], "--end", end, "--history", history_url]
    assert main(["export", "district", "east", *words]) == 2
    assert capsys.readouterr() == ("", f"citybrain export: --end: {end} is not after --start {SPAN[1]}\n")


def test_a_history_that_is_not_there_yet_is_named_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"chdb://{tmp_path}/history"
    assert main(["export", "city", "demo", *SPAN, "--history", url]) == 2
    assert capsys.readouterr().err.startswith(f"citybrain export: {url}: there is no history yet")
    assert list(tmp_path.iterdir()) == []
