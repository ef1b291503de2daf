"""What every file of the repository keeps to."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

LONGEST_MODULE = 400
LOOK_AGAIN_AT = 250

TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".sql",
    ".sh",
    ".js",
    ".css",
    ".json",
    ".txt",
    ".xml",
}
THIS = Path(__file__)

# Written so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.:/}])/(?:wo[r]k|hom[e]|roo[t]|User[s]|mn[t])/")
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K|lor[e]m ipsum)\b")
MARKETING = re.compile(
    r"\b(?:blaz[i]ng|seaml[e]ss(?:ly)?|cutting.ed[g]e|effortl[e]ss(?:ly)?|state.of.the.a[r]t|world.cl[a]ss"
    r"|revolution[a]ry|game.chang[e]r|next.gener[a]tion|supercharg[e]d?)\b",
    re.IGNORECASE,
)
FOLDERS_FOR_LEFTOVERS = {"common", "utils", "util", "core", "helpers", "misc", "lib"}


def tracked_files() -> list[Path]:
    """Every file that git knows; where there is no git, every text file outside of hidden folders."""
    asked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if asked.returncode == 0:
        names = [name for name in asked.stdout.split("\0") if name]
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    hidden = (path for path in ROOT.rglob("*") if path.is_file())
    return [p for p in hidden if not any(part.startswith(".") for part in p.relative_to(ROOT).parts)]


FILES = tracked_files()
MODULES = [path for path in FILES if path.suffix == ".py"]


def lines_with(pattern: re.Pattern[str]) -> Iterator[str]:
    """file:line of every text line that the pattern is found in."""
    for path in FILES:
        if path.suffix not in TEXT_SUFFIXES and path.name not in ("Makefile", "Dockerfile", "run"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert list(lines_with(MACHINE_PATH)) == []


def test_nothing_is_marked_as_unfinished() -> None:
    assert list(lines_with(UNFINISHED)) == []


def test_nothing_advertises() -> None:
    assert list(lines_with(MARKETING)) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, "open('/" + "home/somebody/x')"),
        (MACHINE_PATH, "see /" + "work/data"),
        (UNFINISHED, "# TO" + "DO later"),
        (MARKETING, "a seam" + "less experience"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


def test_there_is_no_folder_for_leftovers() -> None:
    folders = {part for path in FILES for part in path.relative_to(ROOT).parts[:-1]}
    assert not folders & FOLDERS_FOR_LEFTOVERS


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_module_is_longer_than_can_be_read_at_once() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
    }
    long = {name: lines for name, lines in sorted(lengths.items()) if lines > LOOK_AGAIN_AT}
    for name, lines in long.items():
        print(f"look again: {name} has {lines} lines")  # noqa: T201 (shown by pytest -s)
    assert [name for name, lines in long.items() if lines > LONGEST_MODULE] == []
