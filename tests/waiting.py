"""Wait for a condition, never for a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

DEADLINE_S = 30.0
_LOOK_EVERY_S = 0.02


async def until(condition: Callable[[], object], what: str = "it", deadline_s: float = DEADLINE_S) -> None:
    """Let the event loop run until `condition` holds; fails with `what` after `deadline_s`."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {deadline_s:g} s"
        await asyncio.sleep(_LOOK_EVERY_S)


def wait_until(condition: Callable[[], object], what: str = "it", deadline_s: float = DEADLINE_S) -> None:
    """Block until `condition` holds; fails with `what` after `deadline_s`."""
    end = time.monotonic() + deadline_s
    never = threading.Event()
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {deadline_s:g} s"
        never.wait(_LOOK_EVERY_S)
