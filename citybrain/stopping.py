"""Why and how a process ends: asked to, or because a part of it failed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Stopping(threading.Event):
    """Set when the process is to end; `failed` when that is because a part of it did."""

    failed = False

    def fail(self) -> None:
        """End the process as failed: with a dead part it must not look alive."""
        self.failed = True
        self.set()


def run_thread(name: str, body: Callable[[], object], stopping: Stopping) -> threading.Thread:
    """Run `body` in a daemon thread. An error nobody expected is logged and ends the process."""

    def guarded() -> None:
        try:
            body()
        except Exception:
            log.exception("thread failed", thread=name)
            stopping.fail()

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread
