"""Random numbers without a state."""

from __future__ import annotations

import numpy as np
import pytest

from models.stateless_random import normal, normal_pair, uniform, wandering

MANY = np.arange(20_000, dtype=np.int64)
PINNED = ["0.949534627128", "0.151934262089", "0.090187426307"]


def test_the_numbers_never_change() -> None:
    # The shipped city rests on them: other numbers would be another city.
    assert [f"{v:.12f}" for v in uniform(20260301, np.arange(3))] == PINNED


def test_a_number_does_not_depend_on_its_neighbours() -> None:
    assert uniform(7, MANY)[123] == uniform(7, 123)[0]
    assert normal(7, MANY)[123] == normal(7, 123)[0]


def test_they_spread_as_they_should() -> None:
    flat, bell = uniform(7, MANY), normal(7, MANY)
    assert flat.min() >= 0
    assert flat.max() < 1
    assert flat.mean() == pytest.approx(0.5, abs=0.01)
    assert (bell.mean(), bell.std()) == pytest.approx((0.0, 1.0), abs=0.03)
    assert abs(np.corrcoef(flat[:-1], flat[1:])[0, 1]) < 0.03


def test_a_pair_is_two_independent_numbers() -> None:
    first, second = normal_pair(7, MANY)
    assert (first.mean(), first.std()) == pytest.approx((0.0, 1.0), abs=0.03)
    assert (second.mean(), second.std()) == pytest.approx((0.0, 1.0), abs=0.03)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert first[123] == normal_pair(7, 123)[0][0]


def test_seeds_and_purposes_are_strangers_to_each_other() -> None:
    assert abs(np.corrcoef(uniform(7, MANY), uniform(8, MANY))[0, 1]) < 0.03
    assert abs(np.corrcoef(uniform(7, MANY, 1), uniform(7, MANY, 2))[0, 1]) < 0.03


def test_a_wandering_curve_has_no_jumps() -> None:
    seconds = np.arange(0, 7200, 10, dtype=np.int64)
    curve = wandering(7, np.arange(5, dtype=np.int64), seconds, 600.0)
    assert curve.shape == (720, 5)
    assert np.abs(np.diff(curve, axis=0)).max() < 0.06
    assert curve.std() > 0.2
