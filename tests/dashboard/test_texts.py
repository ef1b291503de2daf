"""Every word of the pages in both languages, none missing and none left over."""

from __future__ import annotations

import re
from pathlib import Path

import dashboard
from dashboard.colour import LEVEL_COLOURS, SURFACE_COLOURS
from dashboard.pages.health import PROMISES
from dashboard.texts import TEXTS, gloss, known_language, named, text
from models.city import ROAD_CLASSES, Name
from models.index_columns import Status
from models.observation import REASONS

FOLDER = Path(dashboard.__file__).parent
CODE = "\n".join(path.read_text() for path in FOLDER.rglob("*.py") if path.name != "texts.py")
SCRIPTS = "\n".join(path.read_text() for path in (FOLDER / "assets").glob("*.js"))


def test_every_text_exists_in_both_languages() -> None:
    assert [key for key, name in TEXTS.items() if not name.zh.strip() or not name.en.strip()] == []


def test_every_key_that_a_page_names_exists() -> None:
    named_keys = set(re.findall(r"""\btext\("(\w+)\"""", CODE)) | set(re.findall(r"""\bT\.(\w+)""", SCRIPTS))
    named_keys |= {key for keys in PROMISES.values() for key in keys}
    named_keys |= set(ROAD_CLASSES) | {f"status_{int(status)}" for status in Status}
    assert len(named_keys) > 60
    assert named_keys - set(TEXTS) == set()


def test_no_text_is_left_over() -> None:
    composed = re.compile(r"^(level|legend|state|status|history|weekday|preset|window|mode|banner)_")
    spoken = set(re.findall(r"\w+", CODE + SCRIPTS))
    days = {"workday", "saturday", "sunday", "holiday"}
    left_over = {key for key in TEXTS if key not in spoken and not composed.match(key)}
    assert left_over - set(ROAD_CLASSES) - set(REASONS) - days == set()


def test_both_reads_as_chinese_with_an_english_gloss() -> None:
    assert (text("index", "both"), gloss("index", "both")) == (TEXTS["index"].zh, TEXTS["index"].en)
    assert (text("index", "en"), gloss("index", "en")) == (TEXTS["index"].en, "")


def test_a_place_named_in_one_language_only_still_has_a_name() -> None:
    assert named(Name("", "Ring"), "zh") == "Ring"
    assert named(Name("环路", ""), "en") == "环路"


def test_an_unknown_language_falls_back() -> None:
    assert known_language("fr", "zh") == "zh"
    assert known_language(None) == "both"


def test_the_style_sheet_repeats_the_colours_of_the_figures() -> None:
    sheet = (FOLDER / "assets" / "base.css").read_text()
    night, day = re.findall(r"\{([^{}]*--level-0[^{}]*)\}", sheet)
    for theme, block in (("night", night), ("day", day)):
        values = dict(re.findall(r"--([\w-]+):\s*(#[0-9A-F]{6})", block))
        assert [values[f"level-{level}"] for level in range(6)] == list(LEVEL_COLOURS[theme])
        assert {name: values[name] for name in SURFACE_COLOURS[theme]} == SURFACE_COLOURS[theme]
