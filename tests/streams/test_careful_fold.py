"""Finding the records on which our own code fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.careful_fold import failing_positions


@given(st.integers(0, 200), st.sets(st.integers(0, 199), max_size=20))
def test_every_good_record_is_taken_once_in_order_and_every_bad_one_is_named(
    count: int, bad: set[int]
) -> None:
    taken: list[int] = []

    def attempt(first: int, after: int) -> None:
        if bad & set(range(first, after)):
            raise ArithmeticError(first)
        taken.extend(range(first, after))

    failing = failing_positions(count, attempt)
    assert [position for position, _ in failing] == sorted(position for position in bad if position < count)
    assert taken == [position for position in range(count) if position not in bad]


def test_when_everything_fails_it_is_not_the_records() -> None:
    def attempt(first: int, after: int) -> None:
        raise ArithmeticError("out of order")

    with pytest.raises(ArithmeticError, match="out of order"):
        failing_positions(1000, attempt)
