"""Threads that end with the process, and that end the process when they fail."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


def run_thread(name: str, body: Callable[[], object], stopping: threading.Event) -> threading.Thread:
    """Run `body` in a daemon thread. An error nobody expected is logged and sets `stopping`: a process with
    a dead part must not look alive."""

    def guarded() -> None:
        try:
            body()
        except Exception:
            log.exception("thread failed", thread=name)
            stopping.set()

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread
