"""Links lead somewhere, named files and functions are there, decisions are numbered without a gap."""

from __future__ import annotations

import ast
import re
import struct
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, all_pages, anchor, headings, text_of

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SUFFIXES = (".py", ".md", ".yaml", ".csv", ".geojson", ".sql", ".txt", ".json", ".js", ".css", ".xml", ".sh")
PICTURE_BYTES = 400_000


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere, with what is missing."""
    broken = []
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, fragment = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists():
            broken.append(f"{target}: no such file")
        elif fragment and fragment not in {anchor(h) for h in headings(there.read_text(encoding="utf-8"))}:
            broken.append(f"{target}: no such heading")
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_link_to_nothing_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](gone.md) [b](#there) [c](#here) [d](https://example.org)\n")
    assert broken_links(page) == ["gone.md: no such file", "#there: no such heading"]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target) and target.partition("#")[0]:
                waiting.append((page.parent / target.partition("#")[0]).resolve())
    assert {page.relative_to(ROOT).as_posix() for page in PAGES} == {
        page.relative_to(ROOT).as_posix() for page in reached
    }


@pytest.mark.parametrize("page", sorted(all_pages()))
def test_every_file_named_is_there(page: str) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for name in re.findall(r"`([\w.-]+/[\w./-]+\.\w+)`", all_pages()[page]):
        if name.split("/")[0] in folders and "NNNN" not in name and name.endswith(SUFFIXES):
            assert (ROOT / name).exists(), name


def names_in(file: Path) -> set[str]:
    """Functions, classes and Class.method of a Python file."""
    found = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}" for inner in node.body if hasattr(inner, "name")}
    return found


@pytest.mark.parametrize("page", sorted(all_pages()))
def test_every_function_named_beside_its_file_is_in_it(page: str) -> None:
    for file, name in re.findall(r"`([\w/]+\.py)`\s+`([A-Za-z_][\w.]*)`", all_pages()[page]):
        assert name in names_in(ROOT / file), f"{file}: {name}"


def test_the_path_of_one_observation_names_every_worker() -> None:
    path = text_of("docs/architecture.md").split("## The path of one observation")[1].split("\n## ")[0]
    for app in sorted((ROOT / "streams").glob("*_app.py")):
        if app.name != "faust_app.py":
            assert f"`streams/{app.name}`" in path


def test_decisions_are_numbered_without_gap_and_listed_with_their_titles() -> None:
    files = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    numbers = [int(file.name[:4]) for file in files]
    assert numbers == list(range(1, len(files) + 1))
    listed = text_of("docs/decisions/README.md")
    for number, file in zip(numbers, files, strict=True):
        title = headings(file.read_text(encoding="utf-8"))[0]
        assert title.startswith(f"{number}. "), file.name
        assert f"| [{number}]({file.name}) | {title.removeprefix(f'{number}. ')} |" in listed
    assert listed.count(".md)") == len(files)


def test_every_decision_has_a_status_and_its_consequences() -> None:
    for file in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        text = file.read_text(encoding="utf-8")
        assert re.search(r"^Status: (accepted|replaced by \d+), \w+ \d{4}$", text, re.MULTILINE), file.name
        assert {"Decision", "Consequences"} <= set(headings(text)), file.name


def test_the_picture_of_the_wall_is_as_large_as_a_wall_and_not_larger_than_a_page_wants() -> None:
    picture = (DOCS / "pictures" / "wall.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1920, 1080)
    assert len(picture) <= PICTURE_BYTES
