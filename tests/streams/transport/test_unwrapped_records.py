"""The fast path against aiokafka reading the same record batches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from aiokafka import codec
from aiokafka.errors import CorruptRecordException
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.transport.unwrapped_records import PollRoom, unwrap
from tests.streams.transport.raw_fetches import (
    CONTROL,
    LOG_APPEND_TIME,
    Wanted,
    WantedBatch,
    a_result,
    read_by_aiokafka,
    read_unwrapped,
)

GZIP = 1
CODECS = [0, GZIP, *([2, 3, 4] if codec.has_lz4() else [])]

payloads = st.one_of(st.none(), st.binary(max_size=40), st.just(b'{"speed_kmh":17.5}'))
headers = st.lists(st.tuples(st.text(max_size=5), st.one_of(st.none(), st.binary(max_size=5))), max_size=2)


@st.composite
def fetches(draw: st.DrawFn) -> list[WantedBatch]:
    """Consecutive record batches with holes, as a partition's log may have them."""
    offset = draw(st.integers(0, 1 << 40))
    found = []
    for _ in range(draw(st.integers(1, 5))):
        records = []
        for _ in range(draw(st.integers(1, 12))):
            time_ms = 1_772_000_000_000 + draw(st.integers(-(1 << 33), 1 << 33))
            records.append(Wanted(offset, time_ms, draw(payloads), draw(payloads), draw(headers)))
            offset += draw(st.sampled_from([1, 1, 1, 1, 7]))
        offset = records[-1].offset + 1
        spare = draw(st.sampled_from([0, 0, 3]))
        flags = draw(st.sampled_from([0, 0, LOG_APPEND_TIME, CONTROL]))
        found.append(WantedBatch(records, draw(st.sampled_from(CODECS)), flags, spare))
        offset += spare
    return found


def written(batches: Sequence[WantedBatch]) -> bytes:
    return b"".join(batch.written() for batch in batches)


@pytest.fixture(autouse=True)
async def _a_loop_for_aiokafkas_futures() -> None:
    """An assignment of aiokafka's makes futures."""


@settings(deadline=None)
@given(fetches(), st.data())
def test_any_fetch_is_read_as_aiokafka_reads_it(batches: list[WantedBatch], data: st.DataObject) -> None:
    raw, first = written(batches), batches[0].records[0].offset
    position = data.draw(st.integers(first, batches[0].records[-1].offset))
    largest = data.draw(st.integers(1, 20))

    async def read() -> None:
        assert read_unwrapped(raw, position, largest) == read_by_aiokafka(raw, position)

    asyncio.run(read())


def some_records(first: int, count: int) -> list[Wanted]:
    return [
        Wanted(offset, 1_772_000_000_000 + offset, b"key", b"value-%d" % offset, [])
        for offset in range(first, first + count)
    ]


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("compression", [0, GZIP])
async def test_old_message_formats_are_read_as_aiokafka_reads_them(magic: int, compression: int) -> None:
    raw = written([WantedBatch(some_records(0, 4), codec=compression, magic=magic)])
    expected, position = read_by_aiokafka(raw, 1)
    without_time = [(offset, -1, key, value) for offset, _, key, value in expected]
    assert read_unwrapped(raw, 1) == (expected if magic else without_time, position)
    assert len(expected) == 3


async def test_what_lies_before_the_position_is_cut_off() -> None:
    raw = written([WantedBatch(some_records(100, 10))])
    records, position = read_unwrapped(raw, 107)
    assert [record[0] for record in records] == [107, 108, 109]
    assert position == 110


async def test_a_batch_that_is_cut_short_by_its_size_goes_on_where_it_ended() -> None:
    raw = written([WantedBatch(some_records(0, 7)), WantedBatch(some_records(7, 5))])
    result, state = a_result(raw, 0)
    room = PollRoom(batches=1)
    unwrap(result, room, 4)
    ((records, next_offset),) = result.getall()
    assert (records.offsets, next_offset, state.position) == ([0, 1, 2, 3], 4, 4)
    assert result.getall() == [], "the poll has no room for more"
    assert result.has_more()
    room.batches = 1
    ((records, next_offset),) = result.getall()
    assert (records.offsets, next_offset) == ([4, 5, 6, 7], 8)


async def test_a_position_that_was_changed_meanwhile_discards_the_fetch() -> None:
    result, state = a_result(written([WantedBatch(some_records(0, 7))]), 0)
    unwrap(result, PollRoom(), 4)
    result.getall()
    state.seek(2)
    assert result.getall() == []
    assert not result.has_more()


async def test_a_fetch_of_control_records_only_moves_the_position() -> None:
    marker = Wanted(40, 1_772_000_000_000, b"\0\0\0\0", b"\0\0\0\0\0\0", [])
    result, state = a_result(written([WantedBatch([marker], attributes=CONTROL)]), 40)
    unwrap(result, PollRoom(), 4)
    assert result.getall() == []
    assert state.position == 41
    assert not result.has_more()


async def test_a_damaged_batch_is_an_error_and_is_fetched_again() -> None:
    damaged = bytearray(written([WantedBatch(some_records(0, 3))]))
    damaged[-3] ^= 1
    raw = bytes(damaged) + written([WantedBatch(some_records(3, 3))])
    result, state = a_result(raw, 0)
    unwrap(result, PollRoom(), 100)
    with pytest.raises(CorruptRecordException):
        result.getall()
    assert result.getall() == [], "what follows the damage must not be taken for what comes next"
    assert state.position == 0
    assert not result.has_more()


def test_the_writer_of_these_tests_writes_what_is_asked_for() -> None:
    plain = WantedBatch(some_records(0, 3))
    assert replace(plain, attributes=LOG_APPEND_TIME).written() != plain.written()
