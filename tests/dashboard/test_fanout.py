"""One tick to many readers: the newest picture, no backlog, nobody waits for anybody."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from dashboard import fanout as fanout_module
from dashboard.fanout import MAXIMUM_READERS, MAXIMUM_SKIPPED, Fanout, Tick, TooManyReaders


def _tick(number: int) -> Tick:
    return Tick(number, b"{}")


async def test_a_new_reader_gets_the_newest_tick_first() -> None:
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    fanout.publish(_tick(1))
    fanout.publish(_tick(2))
    async with aclosing(fanout.ticks()) as ticks:
        assert await anext(ticks) == _tick(2)
        fanout.publish(_tick(3))
        assert await anext(ticks) == _tick(3)


async def test_a_reader_that_has_the_newest_tick_is_not_sent_it_again() -> None:
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    fanout.publish(_tick(1))
    async with aclosing(fanout.ticks(last_id=1)) as ticks:
        waiting = asyncio.ensure_future(anext(ticks))
        await asyncio.sleep(0)
        fanout.publish(_tick(2))
        assert await waiting == _tick(2)


async def test_a_slow_reader_gets_the_newest_picture_and_no_backlog() -> None:
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    fanout.publish(_tick(1))
    async with aclosing(fanout.ticks()) as ticks:
        await anext(ticks)
        for number in range(2, 10):
            fanout.publish(_tick(number))
        await asyncio.sleep(0)
        assert await anext(ticks) == _tick(9)


async def test_a_reader_that_takes_nothing_for_a_minute_is_let_go() -> None:
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    fanout.publish(_tick(0))
    async with aclosing(fanout.ticks()) as ticks:
        await anext(ticks)
        for number in range(1, MAXIMUM_SKIPPED + 3):
            fanout.publish(_tick(number))
        await asyncio.sleep(0)
        assert (fanout.readers, fanout.dropped) == (0, 1)
        assert [tick async for tick in ticks] == []


async def test_silence_becomes_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout_module, "HEARTBEAT_S", 0.01)
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    async with aclosing(fanout.ticks()) as ticks:
        assert await anext(ticks) is None


async def test_closing_ends_every_stream_and_forgets_its_readers() -> None:
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    fanout.publish(_tick(1))
    async with aclosing(fanout.ticks()) as one, aclosing(fanout.ticks()) as other:
        await anext(one)
        await anext(other)
        fanout.close()
        assert [tick async for tick in one] == []
        assert [tick async for tick in other] == []
    assert fanout.readers == 0


async def test_publishing_from_another_thread_reaches_the_loop() -> None:
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    async with aclosing(fanout.ticks()) as ticks:
        waiting = asyncio.ensure_future(anext(ticks))
        await asyncio.sleep(0)
        await asyncio.to_thread(fanout.publish, _tick(5))
        assert await asyncio.wait_for(waiting, 5) == _tick(5)


async def test_more_readers_than_allowed_are_refused() -> None:
    fanout = Fanout()
    fanout.attach(asyncio.get_running_loop())
    fanout.publish(_tick(1))
    open_streams = [fanout.ticks() for _ in range(MAXIMUM_READERS)]
    for ticks in open_streams:
        await anext(ticks)
    with pytest.raises(TooManyReaders):
        await anext(fanout.ticks())
    for ticks in open_streams:
        await ticks.aclose()


def test_a_tick_before_the_loop_or_after_its_end_is_no_error() -> None:
    fanout = Fanout()
    fanout.publish(_tick(1))
    loop = asyncio.new_event_loop()
    fanout.attach(loop)
    loop.close()
    fanout.publish(_tick(2))
    fanout.close()
