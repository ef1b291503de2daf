"""The table of the places below a place: what is known, how surely, and how it compares."""

from __future__ import annotations

import json
from typing import Any

from dashboard.pages.place import read_state
from dashboard.pages.ranking import area_rows, ranking_table
from dashboard.snapshot_form import Area, Typical
from tests.dashboard.a_picture import a_city

CITY = a_city()


def _area(area_id: str, index: float | None, coverage: float | None, state: str = "live") -> Area:
    level = 0 if index is None else 3
    typical = Typical(3.0, 4.0, 5.0)
    return Area(area_id, index, None, level, None, None, coverage, None, "published", state, typical)


def _cells(*areas: Area, language: str = "en") -> dict[str, list[str]]:
    """Texts of a row by the name of its place."""
    table: Any = ranking_table(
        area_rows(CITY, list(areas), "district"), read_state(CITY, f"lang={language}"), "tpi"
    )
    rows = json.loads(json.dumps(table.children[1].children, default=lambda part: part.to_plotly_json()))
    texts = [[_text(cell) for cell in row["props"]["children"]] for row in rows]
    return {row[0]: row[1:] for row in texts}


def _text(part: Any) -> str:
    if isinstance(part, list):
        return "".join(map(_text, part))
    return _text(part["props"].get("children", "")) if isinstance(part, dict) else str(part or "")


def test_an_index_that_rests_on_a_part_of_the_roads_is_marked_and_its_coverage_stands_beside_it() -> None:
    rows = _cells(_area("d0", 4.2, 0.45), _area("d1", 4.2, 0.60))
    assert (rows["District 0"][1], rows["District 0"][4]) == ("~4.20", "45%")
    assert (rows["District 1"][1], rows["District 1"][4]) == ("4.20", "60%")


def test_an_index_that_rests_on_too_few_roads_is_not_shown_and_the_row_says_why() -> None:
    rows = _cells(_area("d0", None, 0.014, "low_coverage"), _area("d1", None, None, "starting"))
    assert rows["District 0"][:2] == ["Low coverage", "–"]
    assert rows["District 0"][4] == "1%"
    assert rows["District 1"][:2] == ["No data / stale", "–"]


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    rows = _cells(_area("d0", 3.999, 1.0), _area("d1", 4.5, 1.0))
    assert (rows["District 0"][2], rows["District 1"][2]) == ("0.00", "+0.50")
