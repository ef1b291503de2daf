"""Threads whose unexpected end is told: a picture that nobody renews any more must not look alive."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


def nobody_to_tell() -> None:
    """For those who start a thread and need not know that it failed."""


def telling_thread(
    name: str, run: Callable[[], None], on_failure: Callable[[], None] = nobody_to_tell
) -> threading.Thread:
    """A daemon thread, not yet started. An error that leaves `run` is logged, then `on_failure` is called."""

    def run_and_tell() -> None:
        try:
            run()
        except BaseException:
            log.exception("thread_failed", thread=name)
            on_failure()

    return threading.Thread(target=run_and_tell, name=name, daemon=True)
