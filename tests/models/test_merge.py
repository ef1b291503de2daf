"""Merging partitions: when a window is published, and that a partial replaces."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models import area as a
from models.area import areas_of
from models.area_record import decode_partials, encode_partials
from models.index_columns import Columns, Status
from models.merge import AreaMerger
from models.partition_index import AreaPartial
from tests.models.builders import NOON_MS, a_city

CITY = a_city()
AREAS = areas_of(CITY)
END_MS = NOON_MS + 60_000


def a_partial(vehicles: int, observations: int = 1, status: Status = Status.PUBLISHED) -> AreaPartial:
    sums = np.zeros((len(AREAS), a.COLUMNS), dtype=np.int64)
    sums[0, a.OBSERVATIONS] = observations
    sums[0, a.SEGMENTS] = 1
    sums[0, a.VEHICLE_MM] = vehicles * 1_000_000
    sums[0, [a.TRAVEL_NANO, a.FREE_NANO]] = vehicles * 1_000_000_000
    return AreaPartial(60, NOON_MS, status, sums)


def told(columns: Columns) -> list[tuple[str, float]]:
    """(status, vehicle km) of the city's rows."""
    return [
        (Status(int(columns["status"][i])).name, float(columns["vkt_km"][i]))
        for i in range(len(columns["area_id"]))
        if columns["area_kind"][i] == "city"
    ]


def test_a_window_is_published_when_every_partition_has_passed_it() -> None:
    merger = AreaMerger(AREAS, partitions=2)
    merger.take(0, [a_partial(10)], END_MS, END_MS + 10_000, END_MS)
    assert told(merger.collect()) == [("PROVISIONAL", 10.0)]
    merger.take(1, [a_partial(5)], END_MS, END_MS + 10_000, END_MS)
    assert told(merger.collect()) == [("PUBLISHED", 15.0)]
    assert told(merger.collect()) == []


def test_a_silent_partition_is_waited_for_fifteen_seconds_of_log_time() -> None:
    merger = AreaMerger(AREAS, partitions=2, wait_s=15)
    merger.take(0, [a_partial(10)], END_MS, END_MS, END_MS)
    assert told(merger.collect()) == [("PROVISIONAL", 10.0)]
    merger.take(0, [], END_MS, END_MS + 14_999, END_MS)
    assert told(merger.collect()) == []
    merger.take(0, [], END_MS, END_MS + 15_000, END_MS)
    assert told(merger.collect()) == [("PUBLISHED", 10.0)]
    merger.take(1, [a_partial(5)], END_MS, END_MS + 16_000, END_MS)
    assert told(merger.collect()) == [("AMENDED", 15.0)], "what comes later amends"


def test_a_partial_replaces_what_its_partition_said_before() -> None:
    merger = AreaMerger(AREAS, partitions=1)
    merger.take(0, [a_partial(10, observations=1)], END_MS, END_MS, END_MS)
    merger.take(0, [a_partial(30, observations=3)], END_MS, END_MS, END_MS)
    assert told(merger.collect()) == [("PUBLISHED", 30.0)]


def test_a_partial_that_rests_on_fewer_observations_is_an_old_one() -> None:
    merger = AreaMerger(AREAS, partitions=1)
    merger.take(0, [a_partial(30, observations=3)], END_MS, END_MS, END_MS)
    merger.take(0, [a_partial(10, observations=1)], END_MS, END_MS, END_MS)
    assert told(merger.collect()) == [("PUBLISHED", 30.0)]


def test_after_the_lateness_in_every_partition_a_window_is_final_and_forgotten() -> None:
    merger = AreaMerger(AREAS, partitions=2, lateness_s=600)
    for partition in (0, 1):
        merger.take(partition, [a_partial(10)], END_MS + 600_000, END_MS, END_MS)
    assert told(merger.collect()) == [("FINAL", 20.0)]
    assert told(merger.finish()) == []


@settings(max_examples=50)
@given(st.permutations([(p, n) for p in range(3) for n in (1, 2, 3)]))
def test_the_final_values_do_not_depend_on_the_order_of_partials(order: list[tuple[int, int]]) -> None:
    merger = AreaMerger(AREAS, partitions=3)
    for partition, n in order:
        merger.take(partition, [a_partial(10 * n, observations=n)], END_MS, END_MS, END_MS)
        merger.collect()
    assert told(merger.finish()) == [("FINAL", 90.0)]


def test_partials_survive_the_wire() -> None:
    payload = encode_partials("testville", 3, 7, 8, 9, len(AREAS), [a_partial(10)])
    record, (partial,) = decode_partials(payload)
    assert (record.partition, record.clock_ms, record.data_ms, record.watermark_ms) == (3, 7, 8, 9)
    np.testing.assert_array_equal(partial.sums, a_partial(10).sums)
    assert (partial.window_s, partial.start_ms, partial.status) == (60, NOON_MS, Status.PUBLISHED)
