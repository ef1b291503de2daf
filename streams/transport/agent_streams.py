"""How an agent reads batches: acknowledged by hand, one by one or gathered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

from faust.streams import Stream
from faust.types import EventT, StreamT, TopicT

from streams.transport.batch_message import BatchMessage
from streams.transport.consumer import Consumer


async def batches(stream: StreamT[Any]) -> AsyncIterator[EventT[Any]]:
    """Events of a topic with a BatchSchema: `event.value` is a FetchedBatch.

    Call `event.ack()` when the batch need not be read again, in any order; that also lets its payloads go.
    What is not acknowledged is read again after a restart or a rebalance.
    """
    async for event in cast(Stream[Any], stream).noack().events():
        yield event


async def gathered(stream: StreamT[Any], records: int, within_s: float) -> AsyncIterator[list[EventT[Any]]]:
    """Lists of such events: what comes until there are `records` of them, or `within_s` after the first.

    A list has at least one event and may hold more records than asked for, as events are not cut. Events
    that waited while their partition was taken away or sought elsewhere are left out.
    """
    events = batches(stream)
    upcoming = asyncio.ensure_future(anext(events))
    now = asyncio.get_running_loop().time
    found: list[EventT[Any]] = []
    try:
        while True:
            found = [await upcoming]
            ends_at = now() + within_s
            upcoming = asyncio.ensure_future(anext(events))
            while sum(len(event.value) for event in found) < records:
                # Waited for without cancelling: a stream that is cancelled ends.
                done, _ = await asyncio.wait({upcoming}, timeout=max(ends_at - now(), 0.0))
                if not done:
                    break
                found.append(upcoming.result())
                upcoming = asyncio.ensure_future(anext(events))
            if current := [event for event in found if is_current(event)]:
                yield current
            found = []
    except StopAsyncIteration:
        if found:
            yield found
    finally:
        upcoming.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await upcoming


def is_current(event: EventT[Any]) -> bool:
    """Whether the batch still counts: its partition was neither taken away nor sought elsewhere since it was
    fetched. One that does not is read again, by this worker or another; its acknowledgement says nothing."""
    consumer, message = cast(Consumer, event.app.consumer), cast(BatchMessage, event.message)
    return consumer.is_current(message)


def limit_buffer(topic: TopicT, batches: int) -> None:
    """Let at most `batches` batches wait for the agents of `topic`; to be called before the app starts.

    Faust's own limit is `stream_buffer_maxsize`, 4096 events, and `app.topic(maxsize=)` has no effect in
    Faust 0.15.3. The bytes in memory are at most this number and two fetches more, times what one fetch of a
    partition may bring (`consumer_max_fetch_size`, 1 MiB, before decompression).
    """
    topic.maxsize = batches
