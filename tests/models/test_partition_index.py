"""The index job of one partition: what it tells is what all its sums say, however it came to them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from models.area import area_sums, areas_of
from models.index_columns import SEGMENT_DTYPES, Columns, Status
from models.partition_index import PartitionIndex, PartitionOutput
from models.segment_index import segment_values, version_of
from models.window import TimeRules
from tests.models.builders import NOON_MS, a_clock, an_observation, columns_of
from tests.models.window_logs import CITY, LENGTHS_S, RULES, Step, columns, logs
from tests.models.window_reference import ReferenceWindows, Told

AREAS = areas_of(CITY)


def expected_rows(told: Told) -> Columns:
    """The rows of one window, from the sums of the segments that are told."""
    sums, segments = (
        np.zeros((len(CITY.segments), 8), dtype=np.int64),
        np.array(told.segments, dtype=np.int64),
    )
    sums[segments] = np.array(told.sums, dtype=np.int64).reshape(-1, 8)
    values = segment_values(sums, segments, told.window_s, CITY)
    revision = [0 if told.status == Status.PROVISIONAL else 1 + amended for amended in told.amendments]
    rows = {name: getattr(values, name) for name in SEGMENT_DTYPES if hasattr(values, name)}
    return rows | {
        "segment_id": [CITY.segments[i].segment_id for i in told.segments],
        "window_s": np.full(len(segments), told.window_s),
        "window_start": np.full(len(segments), told.start_ms // 1000),
        "status": np.full(len(segments), told.status),
        "revision": np.array(revision),
        "version": version_of(values.observations, told.status),
    }


def expected_area_sums(told: Told) -> np.ndarray:
    """Sums of areas, from every measured segment of the window at once."""
    segments = np.array(list(told.everything), dtype=np.int64)
    sums = np.zeros((len(CITY.segments), 8), dtype=np.int64)
    sums[segments] = np.array([row for row, _ in told.everything.values()], dtype=np.int64).reshape(-1, 8)
    amendments = np.array([amended for _, amended in told.everything.values()], dtype=np.int64)
    return area_sums(segment_values(sums, segments, told.window_s, CITY), amendments, CITY, AREAS)


def assert_tells(output: PartitionOutput, expected: list[Told]) -> None:
    for name, dtype in SEGMENT_DTYPES.items():
        parts = [expected_rows(told)[name] for told in expected]
        if dtype == "str":
            assert output.segments[name] == [value for part in parts for value in part]
        else:
            wanted = np.concatenate([*map(np.asarray, parts), np.empty(0)]).astype(dtype)
            found = np.asarray(output.segments[name])
            assert (found.dtype, found.tobytes()) == (np.dtype(dtype), wanted.tobytes()), name
    assert len(output.partials) == len(expected)
    for partial, told in zip(output.partials, expected, strict=True):
        assert (partial.window_s, partial.start_ms, partial.status) == (
            told.window_s,
            told.start_ms,
            told.status,
        )
        np.testing.assert_array_equal(partial.sums, expected_area_sums(told))


@settings(max_examples=100, deadline=None)
@given(logs(), LENGTHS_S, RULES)
def test_rows_and_area_sums_are_those_of_all_observations_so_far(
    log: list[Step], lengths_s: tuple[int, ...], rules: TimeRules
) -> None:
    index, reference = PartitionIndex(CITY, AREAS, rules, lengths_s), ReferenceWindows(rules, lengths_s)
    for step in log:
        index.fold(columns(step))
        reference.fold(columns(step))
        if step.collect is not None:
            assert_tells(index.collect(step.collect), reference.collect(step.collect))
    assert_tells(index.finish(), reference.finish())


def test_what_was_told_does_not_change_afterwards() -> None:
    index = PartitionIndex(CITY, AREAS)
    index.fold(columns_of([a_clock(NOON_MS), an_observation()], CITY))
    first = index.collect()
    before = [partial.sums.copy() for partial in first.partials]
    index.fold(columns_of([an_observation("s1-0")], CITY))
    index.collect()
    for partial, sums in zip(first.partials, before, strict=True):
        np.testing.assert_array_equal(partial.sums, sums)
