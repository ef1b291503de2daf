"""One partition of the index worker: what it produces and when it lets records go."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

import streams.index_partition
from models.area import areas_of
from models.area_record import decode_partials
from models.index_columns import LogTime, Status, decode_record, unpack_columns
from models.partition_index import PartitionIndex
from models.window import TimeRules
from streams.batches import Batch, group_by_partition
from streams.broker import BrokerAddress
from streams.in_order_acks import InOrderAcks
from streams.index_app import create_index_app
from streams.index_partition import IndexPartition, Produce
from streams.topics import OBSERVATIONS, partition_counts
from streams.transport import FetchedBatch, PayloadsReleased
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation

CITY = a_city()
SECOND = 1000


@dataclass
class AnEvent:
    """As much of a Faust event as a job looks at; remembers whether it was acknowledged."""

    value: FetchedBatch
    acked: bool = field(default=False)

    def ack(self) -> bool:
        self.acked = True
        return True


def events(*payloads: bytes, first_offset: int = 0, partition: int = 0) -> list[AnEvent]:
    """An event for each payload, as if each had been fetched alone."""
    return [
        AnEvent(
            FetchedBatch(
                OBSERVATIONS.name,
                partition,
                np.array([offset]),
                np.array([NOON_MS]),
                [payload],
                [None],
                offset + 1,
            )
        )
        for offset, payload in enumerate(payloads, first_offset)
    ]


def a_batch(found: list[AnEvent]) -> Batch:
    (batch,) = group_by_partition(found)  # type: ignore[arg-type]
    return batch


def a_partition() -> IndexPartition:
    return IndexPartition(PartitionIndex(CITY, areas_of(CITY), TimeRules()), 0, "log-1")


def statuses(produce: Produce) -> set[tuple[int, str]]:
    """(window length, status) of the segments in a production."""
    columns = unpack_columns(decode_record(produce.segments[-1]))
    return {
        (int(w), Status(int(s)).name) for w, s in zip(columns["window_s"], columns["status"], strict=True)
    }


def test_a_clock_record_makes_the_worker_tell_what_is_known_so_far() -> None:
    partition = a_partition()
    produce = partition.take(a_batch(events(a_clock(NOON_MS + 20 * SECOND), an_observation())))
    assert statuses(produce) == {(60, "PROVISIONAL"), (300, "PROVISIONAL")}
    record, partials = decode_partials(produce.partials[-1])
    assert record.clock_ms == NOON_MS + 20 * SECOND
    assert {(p.window_s, p.status) for p in partials} == {(60, Status.PROVISIONAL), (300, Status.PROVISIONAL)}


def test_between_two_ticks_nothing_is_produced() -> None:
    partition = a_partition()
    partition.take(a_batch(events(a_clock(NOON_MS))))
    produce = partition.take(a_batch(events(an_observation(), first_offset=1)))
    assert produce == Produce([], [], [])


def test_a_tick_without_news_still_tells_how_far_the_partition_has_come() -> None:
    produce = a_partition().take(a_batch(events(a_clock(NOON_MS))))
    record = decode_record(produce.segments[-1])
    assert (record.rows, record.clock_ms, record.log_id) == (0, NOON_MS, "log-1")


def test_what_is_folded_in_parts_gives_what_it_gives_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = [a_clock(NOON_MS), b"{", *(an_observation("s1-0", NOON_MS + s * SECOND) for s in (30, 30, 60, 90))]
    at_once = a_partition().take(a_batch(events(*log)))
    monkeypatch.setattr(streams.index_partition, "FOLDED_AT_ONCE_BYTES", len(log[0]) + 1)
    in_parts = a_partition().take(a_batch(events(*log)))
    assert in_parts == at_once
    assert decode_record(at_once.segments[-1]).counts["duplicate"] == 1


def test_who_is_behind_tells_what_is_published_and_the_rest_once_it_is_not() -> None:
    partition = a_partition()
    first = [a_clock(NOON_MS), an_observation(), an_observation("s1-0", NOON_MS + 100 * SECOND)]
    behind = partition.take(a_batch(events(*first)), provisional=False)
    assert statuses(behind) == {(60, "PUBLISHED")}
    caught_up = partition.take(a_batch(events(an_observation("s1-0", NOON_MS + 99 * SECOND), first_offset=3)))
    assert statuses(caught_up) == {(60, "PROVISIONAL"), (300, "PROVISIONAL")}
    between = partition.take(a_batch(events(an_observation("s1-0", NOON_MS + 98 * SECOND), first_offset=4)))
    assert between.segments == []


def test_refused_records_become_dead_letters_with_their_place_and_are_counted() -> None:
    partition = a_partition()
    tomorrow = an_observation("s1-0", NOON_MS + 86_400 * SECOND)
    produce = partition.take(
        a_batch(events(a_clock(NOON_MS), b"{", an_observation(), tomorrow, first_offset=40))
    )
    assert [(letter.offset, letter.reason) for letter in produce.dead_letters] == [
        (41, "malformed_json"),
        (43, "ahead_of_clock"),
    ]
    assert decode_record(produce.segments[-1]).counts == {
        "accepted": 1,
        "duplicate": 0,
        "late": 0,
        "malformed_json": 1,
        "ahead_of_clock": 1,
    }


def test_a_record_is_acknowledged_when_its_windows_are_final_and_not_before() -> None:
    partition = a_partition()
    first = events(a_clock(NOON_MS), an_observation())
    assert partition.settle(partition.take(a_batch(first))) == 0
    end_ms = NOON_MS + 300 * SECOND
    almost = events(a_clock(end_ms + 639 * SECOND), first_offset=2)
    assert partition.settle(partition.take(a_batch(almost))) == 0, "30 s idle, 10 s to settle: one is missing"
    last = events(a_clock(end_ms + 640 * SECOND), first_offset=3)
    assert partition.settle(partition.take(a_batch(last))) == 4
    assert all(event.acked for event in first + almost + last)


def test_nothing_is_acknowledged_without_a_record_that_tells_where_to_resume() -> None:
    partition = a_partition()
    partition.take(a_batch(events(a_clock(NOON_MS))))
    late = events(an_observation("s0-0", NOON_MS - 7200 * SECOND), first_offset=1)
    produced = partition.take(a_batch(late))
    assert produced.segments == []
    assert partition.settle(produced) == 0


def resume_of(produce: Produce) -> LogTime:
    resume = decode_record(produce.segments[-1]).resume
    assert resume is not None
    return resume


def test_a_record_tells_the_time_before_the_first_batch_that_is_still_needed() -> None:
    partition = a_partition()
    partition.take(a_batch(events(a_clock(NOON_MS), first_offset=0)))
    known = (NOON_MS, NOON_MS - 30 * SECOND)
    produced = partition.take(a_batch(events(an_observation(), a_clock(NOON_MS + SECOND), first_offset=1)))
    assert resume_of(produced) == LogTime(1, *known)
    produced = partition.take(a_batch(events(a_clock(NOON_MS + 2 * SECOND), first_offset=3)))
    assert resume_of(produced) == LogTime(1, *known), "the observation is still needed"


def test_a_worker_that_takes_over_decides_as_the_one_before_did() -> None:
    """What was late or ahead is so again, though the clock record before it is not read again."""
    head = [a_clock(NOON_MS), an_observation("s2-0", NOON_MS + 10 * SECOND)]
    tail = [
        an_observation("s0-0", NOON_MS + 30 * SECOND),
        an_observation("s1-0", NOON_MS - 7200 * SECOND),
        an_observation("s1-0", NOON_MS + 86_400 * SECOND),
        a_clock(NOON_MS + SECOND),
    ]
    partition = a_partition()
    partition.take(a_batch(events(*head)))
    produced = partition.take(a_batch(events(*tail, first_offset=2)))
    counted = dict(partition.counts)
    assert (counted["late"], counted["ahead_of_clock"]) == (1, 1)
    resumed = a_partition()
    resume = resume_of(produced)
    assert resume.offset == 0, "the first batch is needed too"
    resumed.index.windows.resume(NOON_MS, NOON_MS - 30 * SECOND)
    resumed.take(a_batch(events(*tail, first_offset=2)))
    assert (resumed.counts["late"], resumed.counts["ahead_of_clock"]) == (1, 1)


def test_payloads_are_let_go_as_soon_as_they_are_folded() -> None:
    found = events(a_clock(NOON_MS), an_observation())
    a_partition().take(a_batch(found))
    for event in found:
        with pytest.raises(PayloadsReleased):
            _ = event.value.values


def test_acknowledgements_keep_the_order_of_the_log() -> None:
    acks = InOrderAcks()
    old, new = events(b"1"), events(b"2", first_offset=1)
    acks.hold(a_batch(old), 2000)
    acks.hold(a_batch(new), 1000)
    assert acks.release(1500) == 0, "the newer one is done, the older one is not"
    assert acks.release(2000) == 2


async def test_offsets_that_go_backwards_start_the_partition_afresh(embedded_broker: BrokerAddress) -> None:
    embedded_broker.create_topics(partition_counts(4))
    areas = areas_of(CITY)
    worker = create_index_app(embedded_broker, 4, lambda _: PartitionIndex(CITY, areas, TimeRules()))
    batch = a_batch(events(a_clock(NOON_MS), an_observation()))
    state = await worker.state_for(batch)
    state.take(batch)
    later = a_batch(events(an_observation("s1-0"), first_offset=2))
    assert await worker.state_for(later) is state
    again = a_batch(events(a_clock(NOON_MS), an_observation()))
    fresh = await worker.state_for(again)
    assert fresh is not state
    assert statuses(fresh.take(again)) == {(60, "PROVISIONAL"), (300, "PROVISIONAL")}
    assert fresh.counts["duplicate"] == 0, "what is replayed is folded into empty windows"


def test_a_gap_in_the_offsets_is_counted() -> None:
    partition = a_partition()
    partition.take(a_batch(events(a_clock(NOON_MS))))
    partition.take(a_batch(events(a_clock(NOON_MS + SECOND), first_offset=6)))
    assert partition.missing == 5


def test_a_gathering_is_cut_by_partition_and_where_offsets_go_backwards() -> None:
    found = [
        *events(b"a", b"b", first_offset=7, partition=1),
        *events(b"c", first_offset=3, partition=0),
        *events(b"a", first_offset=7, partition=1),
    ]
    batches = group_by_partition(found)  # type: ignore[arg-type]
    assert [(b.partition, b.first_offset, b.next_offset) for b in batches] == [
        (0, 3, 4),
        (1, 7, 9),
        (1, 7, 8),
    ]


def test_what_does_not_fit_into_one_record_is_told_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was behind tells hours at once; Kafka takes 1 MB in a record."""
    log = [a_clock(NOON_MS)]
    for minute in range(1, 8):
        end_ms = NOON_MS + minute * 60 * SECOND
        log += [a_clock(end_ms), *(an_observation(f"s{i}-0", end_ms) for i in range(4))]
    log += [a_clock(NOON_MS + 480 * SECOND)]
    whole = a_partition().take(a_batch(events(*log)))
    for module in ("models.index_columns", "streams.index_partition"):
        monkeypatch.setattr(f"{module}.LARGEST_ROWS", 7)
    parts = a_partition().take(a_batch(events(*log)))
    assert len(whole.segments) == len(whole.partials) == 1

    records = [decode_record(record) for record in parts.segments]
    assert len(records) > 5
    assert all(record.rows <= 7 for record in records)
    columns = [unpack_columns(record) for record in records]
    (expected,) = [unpack_columns(decode_record(record)) for record in whole.segments]
    for name, column in expected.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in columns]), column)
    assert [record.resume is None for record in records] == [True] * (len(records) - 1) + [False]

    told = [decode_partials(record) for record in parts.partials]
    ((_, partials),) = [decode_partials(record) for record in whole.partials]
    assert [(p.window_s, p.start_ms, p.status) for _, some in told for p in some] == [
        (p.window_s, p.start_ms, p.status) for p in partials
    ]
    watermarks = [record.watermark_ms for record, _ in told]
    assert watermarks[-1] > 0
    assert set(watermarks[:-1]) == {0}, "nothing is published before all of it is told"
