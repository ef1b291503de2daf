"""How the two contenders on stock Faust make their app: its own transport, kafka://, and its defaults."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from typing import Any

import faust

from benchmarks.task import Task
from streams.embedded_broker import FETCH_WAIT_MS
from streams.fetch_wait import shorten_fetch_wait

# The embedded broker answers no request to declare topics.
_ON_EMBEDDED: dict[str, Any] = {"topic_allow_declare": False, "topic_disable_leader": True}


def stock_app(task: Task) -> faust.App:
    """An app that keeps its windows in its own process, without tables or web server."""
    if task.embedded:
        shorten_fetch_wait(task.bootstrap, FETCH_WAIT_MS)
    return faust.App(
        task.group,
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        datadir=tempfile.gettempdir(),
        web_enabled=False,
        set_as_current=False,
        consumer_auto_offset_reset="earliest",
        topic_partitions=task.workload.partitions,
        **(_ON_EMBEDDED if task.embedded else {}),
    )


def run_until(declare: Callable[[asyncio.Event], faust.App]) -> None:
    """Run the app that `declare` makes until it sets the event."""

    async def run() -> None:
        done = asyncio.Event()
        app = declare(done)
        app.finalize()
        await app.start()
        try:
            await done.wait()
        finally:
            await app.stop()

    asyncio.run(run())
