"""Connections are shared one at a time, and a slow one to come holds up nobody else."""

from __future__ import annotations

import threading

import pytest

from models.errors import StoreUnavailable
from store.pool import Pool
from tests.waiting import wait_until


class _Line:
    """A place to connect to, whose later connections come when `open` is set."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.asked = 0
        self.disconnected: list[object] = []

    def connect(self) -> object:
        self.asked += 1
        if not self.open.wait(5):
            raise OSError("nobody answered")
        return object()

    def pool(self, size: int) -> Pool[object]:
        return Pool("here", size, self.connect, self.disconnected.append)


def _borrow_and_return(pool: Pool[object], ended: list[str]) -> None:
    try:
        with pool.borrow(10):
            ended.append("had one")
    except (StoreUnavailable, OSError) as error:
        ended.append(str(error))


def test_a_connection_that_is_slow_to_come_keeps_nobody_from_returning_and_borrowing() -> None:
    line, ended = _Line(), list[str]()
    pool = line.pool(2)
    with pool.borrow(1):
        line.open.clear()
        waiting = threading.Thread(target=_borrow_and_return, args=(pool, ended), daemon=True)
        waiting.start()
        wait_until(lambda: line.asked == 2, "the second connection to be asked for")
    got = threading.Event()

    def borrow_again() -> None:
        with pool.borrow(1):
            got.set()

    threading.Thread(target=borrow_again, daemon=True).start()
    assert got.wait(5)
    line.open.set()
    waiting.join(5)
    assert ended == ["had one"]


def test_no_more_connections_are_made_than_there_are_places() -> None:
    line = _Line()
    pool = line.pool(1)
    line.open.clear()
    waiting = threading.Thread(target=_borrow_and_return, args=(pool, []), daemon=True)
    waiting.start()
    wait_until(lambda: line.asked == 1, "the first")
    with pytest.raises(StoreUnavailable, match="all 1 connections"), pool.borrow(0.05):
        pass
    line.open.set()
    waiting.join(5)
    assert line.asked == 1


def test_a_connection_that_failed_leaves_its_place_free() -> None:
    def refuse() -> object:
        raise OSError("refused")

    pool = Pool[object]("here", 1, refuse, lambda _connection: None)
    for _ in range(2):
        with pytest.raises(OSError, match="refused"), pool.borrow(0.1):
            pass
    assert pool.wait_until_returned(0.1)


def test_a_connection_that_comes_after_the_end_is_disconnected() -> None:
    line, ended = _Line(), list[str]()
    pool = line.pool(1)
    line.open.clear()
    waiting = threading.Thread(target=_borrow_and_return, args=(pool, ended), daemon=True)
    waiting.start()
    wait_until(lambda: line.asked == 1, "the connection to be asked for")
    pool.close()
    assert not pool.wait_until_returned(0.05)
    line.open.set()
    assert pool.wait_until_returned(5)
    waiting.join(5)
    assert ended == ["here: this history has been closed; trying again in 1 s"]
    assert len(line.disconnected) == 1
