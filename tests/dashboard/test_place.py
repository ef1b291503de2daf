"""The state of the analyst page in its address, and what is wrong with an address."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from dashboard.pages.place import in_language, read_state
from tests.dashboard.a_picture import a_city

CITY = a_city()
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ("?range=99y&lang=en", "range: '99y' is not one of 3h, 24h, 7d, 28d; shown instead: 24h"),
        ("?window=7&lang=en", "window: '7' is not one of 60, 300; shown instead: 300"),
        ("?sort=foo&lang=en", "sort: 'foo' is not one of name, level, index, speed, delta, coverage, length"),
        ("?order=up&lang=en", "order: 'up' is not one of desc, asc; shown instead: desc"),
    ],
)
def test_what_an_address_has_wrong_is_told(search: str, told: str) -> None:
    state = read_state(CITY, search, NOW)
    assert state.wrong == (told,)
    assert (state.preset, state.window_s, state.sort, state.descending) == ("24h", 300, "", True)


def test_an_address_without_mistakes_has_nothing_to_tell() -> None:
    assert read_state(CITY, "", NOW).wrong == ()
    full = "?kind=segment&id=s1&window=60&range=7d&sort=name&order=asc&lang=zh"
    assert read_state(CITY, full, NOW).wrong == ()


def test_minutes_of_four_weeks_do_not_fit_and_become_five_minutes() -> None:
    week = read_state(CITY, "?kind=segment&id=s1&window=60&range=7d", NOW)
    assert parse_qs(week.with_preset("28d").partition("?")[2])["window"] == ["300"]
    assert parse_qs(week.with_preset("24h").partition("?")[2])["window"] == ["60"]
    asked = read_state(CITY, "?kind=segment&id=s1&window=60&range=28d&lang=en", NOW)
    assert asked.window_s == 300
    assert asked.wrong == ("window: 60 gives a range of more than 20,000 windows; shown instead: 300",)
    chosen = "?window=60&start=2025-12-01T00:00:00Z&end=2025-12-21T00:00:00Z"
    assert read_state(CITY, chosen, NOW).window_s == 300
    assert read_state(CITY, chosen.replace("12-21", "12-11"), NOW).window_s == 60


def test_another_language_keeps_the_place_the_range_and_the_window() -> None:
    search = "?kind=segment&id=s1&window=60&range=7d&sort=name&order=asc&lang=en"
    assert "?" + in_language(search, "zh") == search.replace("lang=en", "lang=zh")
    assert in_language("", "en") == "lang=en"
