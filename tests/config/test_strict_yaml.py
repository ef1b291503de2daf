"""What is wrong in a YAML file is named by file and line, in words of the person who wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.calendar import CalendarFile
from config.city_schema import CityFile
from config.strict_yaml import StrictModel, read_yaml

DAY = "public_holidays:\n- {date: 2026-05-01, name: {zh: a, en: b}}\n- {date: %s, name: {zh: a, en: b}}\n"


def the_mistake(path: Path, text: str, model: type[StrictModel]) -> str:
    """The one mistake that is found in the text."""
    path.write_text(text, encoding="utf-8")
    loaded, (mistake,) = read_yaml(path, model)
    assert loaded is None
    return str(mistake)


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        ("2026-13-01", "'2026-13-01': month must be in 1..12"),
        ("2026-02-30", "'2026-02-30': day is out of range for month"),
        ("2026-05-01T25:00:00Z", "'2026-05-01T25:00:00Z': hour must be in 0..23"),
    ],
)
def test_a_date_that_does_not_exist_is_named_with_its_line(day: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    assert the_mistake(path, DAY % day, CalendarFile) == f"{path} line 3: {problem}"


@pytest.mark.parametrize("value", ["!!bool x", "!!timestamp x", '!!int ""', "!!float x"])
def test_a_value_that_is_not_what_its_tag_says_is_a_mistake_with_its_line(value: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    assert the_mistake(path, f"source: a\nevents: {value}\n", CalendarFile).startswith(f"{path} line 2: ")


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "~\n"])
def test_an_empty_file_is_called_empty(text: str, tmp_path: Path) -> None:
    path = tmp_path / "city.yaml"
    assert the_mistake(path, text, CityFile) == f"{path}: is empty"


def test_a_list_or_a_text_where_keys_belong_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    assert the_mistake(path, "- a\n", CalendarFile) == f"{path} line 1: must be `key: value` pairs"
    assert the_mistake(path, "public_holidays:\n- May Day\n", CalendarFile) == (
        f"{path} line 2: public_holidays.0: must be `key: value` pairs, not 'May Day'"
    )
