"""One encoded tick to every connected page, without waiting for any of them.

Each reader has a queue of one: a reader slower than the ticks gets the newest picture, not a backlog;
one that takes nothing for a minute is let go and will reconnect.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

HEARTBEAT_S = 5.0
MAXIMUM_SKIPPED = 60
MAXIMUM_READERS = 500


@dataclass(frozen=True, slots=True)
class Tick:
    """One snapshot as every reader gets it: `payload` is its JSON."""

    id: int
    payload: bytes


class TooManyReaders(Exception):
    """The limit of connected pages is reached."""


class _Reader:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Tick | None] = asyncio.Queue(1)
        self.skipped = 0


class Fanout:
    """Lives on the web server's event loop; `publish` may be called from any thread."""

    def __init__(self) -> None:
        self._readers: set[_Reader] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._newest: Tick | None = None
        self.dropped = 0

    @property
    def readers(self) -> int:
        """How many pages are connected."""
        return len(self._readers)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop to deliver on; before this, ticks are only remembered."""
        self._loop = loop

    def publish(self, tick: Tick) -> None:
        """Hand a tick to the event loop; never blocks. A closing loop takes nothing more."""
        self._newest = tick
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop closed between two ticks: nobody is listening
                self._loop.call_soon_threadsafe(self._deliver, tick)

    def close(self) -> None:
        """End every stream; may be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver, None)

    async def ticks(self, last_id: int | None = None) -> AsyncGenerator[Tick | None, None]:
        """Ticks as they come, the newest first unless `last_id` has it; None after 5 s of silence.

        Ends when the server stops or the reader was let go. Raises TooManyReaders.
        """
        if len(self._readers) >= MAXIMUM_READERS:
            raise TooManyReaders
        reader = _Reader()
        self._readers.add(reader)
        try:
            newest = self._newest
            if newest is not None and newest.id != last_id:
                last_id = newest.id
                yield newest
            while reader in self._readers:
                try:
                    tick = await asyncio.wait_for(reader.queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield None
                    continue
                if tick is None:
                    return
                reader.skipped = 0
                if tick.id != last_id:
                    last_id = tick.id
                    yield tick
        finally:
            self._readers.discard(reader)

    def _deliver(self, tick: Tick | None) -> None:
        for reader in list(self._readers):
            if reader.queue.full():
                reader.queue.get_nowait()
                reader.skipped += 1
            reader.queue.put_nowait(tick if reader.skipped <= MAXIMUM_SKIPPED else None)
            if reader.skipped > MAXIMUM_SKIPPED:
                self._readers.discard(reader)
                self.dropped += 1
