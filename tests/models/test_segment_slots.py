"""Slots: numbers of the segments seen, and order within them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.grouping import by_value, distinct
from models.segment_slots import SegmentSlots


def test_a_segment_keeps_its_slot_and_a_new_one_gets_the_next() -> None:
    slots = SegmentSlots(100)
    assert slots.slots_of(np.array([70, 5, 70])).tolist() == [1, 0, 1]
    assert slots.slots_of(np.array([3, 5, 70])).tolist() == [2, 0, 1]
    assert slots.segment.tolist() == [5, 70, 3]
    assert slots.in_city_order().tolist() == [2, 0, 1]
    assert slots.slots_of(np.array([99])).tolist() == [3]
    assert slots.in_city_order().tolist() == [2, 0, 1, 3]


@given(st.lists(st.one_of(st.integers(-3, 3), st.integers(-(10**15), 10**15))))
def test_groups_hold_equal_values_in_their_order(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    order, edges = by_value(array)
    groups = [order[a:b].tolist() for a, b in pairwise(edges)]
    assert groups == [[i for i, v in enumerate(values) if v == one] for one in sorted(set(values))]
    assert distinct(array).tolist() == sorted(set(values))
