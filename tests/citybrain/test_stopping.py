"""A process ends because it was asked to, or because a part of it failed, and says which."""

from __future__ import annotations

from citybrain.stopping import Stopping, run_thread
from tests.waiting import wait_until


def test_a_thread_that_fails_ends_the_process_as_failed() -> None:
    stopping = Stopping()

    def fault() -> None:
        raise RuntimeError("a fault in the code")

    run_thread("faulty", fault, stopping)
    wait_until(stopping.is_set, "the end of the process", 5)
    assert stopping.failed


def test_a_thread_that_ends_ends_nothing_else() -> None:
    stopping = Stopping()
    run_thread("brief", lambda: None, stopping).join(5)
    assert not stopping.is_set()


def test_being_asked_to_stop_is_no_failure() -> None:
    stopping = Stopping()
    stopping.set()
    assert not stopping.failed
