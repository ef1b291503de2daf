"""The worked examples do what the page says."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from citybrain.command import main
from config.city_folder import SHIPPED_CITIES
from tests.docs.pages import fenced, text_of
from tests.docs.test_schemas import schema_of


def test_each_worked_mapping_turns_its_file_into_the_lines_shown(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    chapter = text_of("docs/feeds.md").split("## Two worked examples")[1]
    examples = list(
        zip(fenced(chapter, "csv"), fenced(chapter, "yaml"), fenced(chapter, "ndjson"), strict=True)
    )
    assert len(examples) == 2
    for rows, mapping, expected in examples:
        (tmp_path / "rows.csv").write_text(rows)
        (tmp_path / "mapping.yaml").write_text(mapping)
        files = ["--file", str(tmp_path / "rows.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
        assert main(["feed", "csv", *files, "--print"]) == 0
        assert capsysbinary.readouterr().out.decode() == expected


def test_the_refusal_shown_beside_the_second_example_is_the_real_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chapter = text_of("docs/feeds.md").split("### A long file")[1]
    (tmp_path / "rows.csv").write_text(fenced(chapter, "csv")[0])
    (tmp_path / "mapping.yaml").write_text(fenced(chapter, "yaml")[0])
    files = ["--file", str(tmp_path / "rows.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    main(["feed", "csv", *files, "--print"])
    refusal = capsys.readouterr().err.splitlines()[0].split("rows.csv:3: ")[1]
    assert f"`{refusal}`" in chapter


def test_the_mapping_in_the_text_is_a_shipped_example() -> None:
    shown = fenced(text_of("docs/feeds.md").split("## Mapping files")[1], "yaml")[0]
    shipped = text_of("config/mappings/examples/guiyang_speed.yaml")
    assert shown in shipped


def test_the_summary_of_a_backtest_has_the_keys_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [json.dumps(example) for example in schema_of("observation")["examples"]]
    (tmp_path / "observations.ndjson").write_text("\n".join(records))
    city, out = str(SHIPPED_CITIES / "demo"), str(tmp_path / "out")
    file = str(tmp_path / "observations.ndjson")
    assert main(["backtest", "--city", city, "--observations", file, "--out", out]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    lines = text_of("docs/commands.md").splitlines()
    shown = json.loads(next(line for line in lines if line.startswith('    {"read"')))
    assert list(summary) == list(shown)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"city.csv", "segments.csv", "alerts.csv", "diagnostics.csv"}


@pytest.mark.parametrize(("page", "starts"), [("docs/commands.md", 1), ("docs/http-api.md", 1)])
def test_an_example_that_asks_the_history_asks_for_today(page: str, starts: int) -> None:
    asked = re.findall(r"^ {4}.*?start[ =](\"?\$\(.*?\)|[^ &]+)", text_of(page), re.MULTILINE)
    assert len(asked) == starts
    for expression in asked:
        shell = ["sh", "-c", f"echo {expression.strip(chr(34))}"]
        told = subprocess.run(shell, capture_output=True, text=True, check=True).stdout.strip()
        age = datetime.now(UTC) - datetime.fromisoformat(told)
        assert timedelta(0) < age <= timedelta(days=1, minutes=1)
