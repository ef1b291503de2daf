"""The migrate command; the migrations themselves are tested in tests/store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from citybrain.command import main
from store.migrate import read_migrations


def test_a_dry_run_on_a_history_that_is_not_there_yet_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("gone", "empty"):
        assert main(["migrate", "--dry-run", "--history", f"chdb://{tmp_path}/{name}"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines == [f"{m.number:04d} {m.name}: pending" for m in read_migrations()]
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_dry_run_after_migrating_has_nothing_pending(tmp_path: Path) -> None:
    for words in ([], ["--dry-run"]):
        program = f"import sys; from citybrain.command import main; sys.exit(main(['migrate', *{words!r}]))"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"CITYBRAIN_HISTORY": f"chdb://{tmp_path}/history"},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        assert len(done.stdout.splitlines()) == len(read_migrations())
        assert "pending" not in done.stdout
