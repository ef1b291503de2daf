"""The written pages: which there are, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("**/*.md"), *ROOT.glob("*.md")])


def text_of(name: str) -> str:
    """A page by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def all_pages() -> dict[str, str]:
    """Path from the root -> text, of every page."""
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}


def headings(text: str) -> list[str]:
    """Headings without their marks, outside of code blocks."""
    bare = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#{1,6} +(.*?) *$", bare, re.MULTILINE)


def anchor(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def fenced(text: str, language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def command_lines(text: str) -> list[str]:
    """Lines of code that start citybrain, without what follows a `>`, `|` or a sentence."""
    lines = re.findall(r"^(?: {3,}|)(?:\.venv/bin/)?(citybrain [a-z].*)$", text, re.MULTILINE)
    return [re.split(r" [>|] ", line)[0].strip() for line in lines]
