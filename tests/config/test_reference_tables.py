"""The documentation says what the code says."""

from __future__ import annotations

import re

import pytest

from config.reference_tables import _FIELDS, _MODELS, DOCS, PAGES, table, with_tables


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_of_a_page_are_up_to_date(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert with_tables(text) == text, "run python -m config.reference_tables"


def test_every_table_is_on_a_page() -> None:
    text = "".join((DOCS / page).read_text(encoding="utf-8") for page in PAGES)
    shown = re.findall(r"<!-- table (\S+) -->", text)
    assert sorted(shown) == sorted(["settings", *_MODELS, *_FIELDS])


@pytest.mark.parametrize("name", sorted(_MODELS))
def test_every_field_has_a_sentence(name: str) -> None:
    for line in table(name).splitlines()[2:]:
        assert line.endswith(". |"), line
