"""Repetitions: a (sensor or vehicle, event time) counts once, in whatever order and company it comes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.repetition import SeenObservations
from tests.models.builders import NOON_MS

Seen = tuple[int, int, int]
"""Sensor or -1, vehicle or -1, event time in ms."""

DAYS_25_MS = 1 << 31
"""Keys of event times this far apart are equal."""

_LOOPS = st.tuples(st.sampled_from([0, 1, 70_000]), st.just(-1))
_PROBES = st.tuples(
    st.just(-1), st.sampled_from([0, 1, 1 << 15, (1 << 32) - 1])
)  # the first and third shadow
_TIMES_MS = st.one_of(
    st.sampled_from([0, 1, 999, 1000, 59_999, 60_000, 60_001, 3_600_000, DAYS_25_MS, DAYS_25_MS + 1]),
    st.integers(0, 400_000),
)
_SEEN = st.builds(lambda who, at_ms: (*who, NOON_MS + at_ms), st.one_of(_LOOPS, _PROBES), _TIMES_MS)


def repeated(seen: SeenObservations, batch: list[Seen]) -> list[bool]:
    sensor, vehicle, event_ms = np.array(batch, dtype=np.int64).reshape(-1, 3).T
    return list(seen.repeated(sensor, vehicle, event_ms))


@settings(max_examples=200)
@given(st.lists(st.lists(_SEEN, max_size=40), max_size=8))
def test_what_was_seen_before_is_a_repetition_and_nothing_else_is(batches: list[list[Seen]]) -> None:
    seen, known = SeenObservations(), set[Seen]()
    for batch in batches:
        expected = []
        for one in batch:
            expected.append(one in known)
            known.add(one)
        assert repeated(seen, batch) == expected


def test_a_sensor_and_a_vehicle_of_the_same_number_are_two() -> None:
    seen = SeenObservations()
    assert repeated(seen, [(5, -1, NOON_MS), (-1, 5, NOON_MS)]) == [False, False]


def test_what_is_forgotten_is_no_repetition_any_more_and_the_rest_still_is() -> None:
    seen = SeenObservations()
    repeated(seen, [(0, -1, NOON_MS), (0, -1, NOON_MS + 60_000)])
    seen.forget_before(NOON_MS + 60_000)
    assert repeated(seen, [(0, -1, NOON_MS), (0, -1, NOON_MS + 60_000)]) == [False, True]


def test_many_small_batches_leave_few_runs() -> None:
    seen = SeenObservations()
    for i in range(2_000):
        assert repeated(seen, [(i, -1, NOON_MS), (i, -1, NOON_MS + 1)]) == [False, False]
    (runs,) = seen._runs.values()
    assert sum(map(len, runs)) == 4_000
    assert len(runs) <= 6
    assert repeated(seen, [(i, -1, NOON_MS + 1) for i in range(2_000)]) == [True] * 2_000
