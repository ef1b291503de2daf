"""Queries run here, away from the event loop: a slow one delays no tick and no other page.

A bounded pool with a bounded line before it: past that, asking is refused at once instead of piling up.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from models.errors import Unavailable

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class QueriesBusy(Unavailable):
    """Too many queries are waiting already."""


class Queries:
    """At most `threads` queries at once and `waiting` more in line; used from one event loop."""

    def __init__(self, threads: int = 4, waiting: int = 32) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._limit = threads + waiting
        self._counting = threading.Lock()
        self.under_way = 0

    async def ask(
        self, question: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Answer:
        """The answer of `question(*args)` run in the pool. Raises QueriesBusy when the line is full.

        A question whose asker gave up counts for as long as its thread is at it.
        """
        with self._counting:
            if self.under_way >= self._limit:
                raise QueriesBusy("history queries", f"{self.under_way} are waiting already")
            self.under_way += 1
        try:
            future = self._pool.submit(question, *args, **kwargs)
        except RuntimeError as closed:
            self._ended()
            raise QueriesBusy("history queries", "the pages are being closed") from closed
        future.add_done_callback(lambda _future: self._ended())
        return await asyncio.wrap_future(future)

    def _ended(self) -> None:
        with self._counting:
            self.under_way -= 1

    def close(self) -> None:
        """Drop what waits; what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
