"""A bounded set of connections, each used by one caller at a time.

Neither engine allows two queries at once on one connection, and threads come and go: a connection belongs
to whoever borrowed it, and goes back when done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from models.errors import StoreUnavailable

Connection = TypeVar("Connection")


class Pool(Generic[Connection]):
    """At most `size` connections, opened when first needed, newest returned used first."""

    def __init__(
        self,
        place: str,
        size: int,
        connect: Callable[[], Connection],
        disconnect: Callable[[Connection], None],
    ) -> None:
        self._place, self._size = place, size
        self._connect, self._disconnect = connect, disconnect
        self._idle: list[Connection] = []
        self._borrowed: dict[int, Connection] = {}
        self._connecting = 0
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def borrow(self, wait_s: float) -> Iterator[Connection]:
        """A connection of one's own; StoreUnavailable when none comes free within `wait_s` or after close."""
        connection = self._take(wait_s)
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _take(self, wait_s: float) -> Connection:
        deadline = time.monotonic() + wait_s
        with self._changed:
            while True:
                if self._closed:
                    raise StoreUnavailable(self._place, "this history has been closed")
                if self._idle:
                    connection = self._idle.pop()
                    self._borrowed[id(connection)] = connection
                    return connection
                if len(self._borrowed) + self._connecting < self._size:
                    self._connecting += 1
                    break
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise StoreUnavailable(
                        self._place, f"all {self._size} connections were busy for {wait_s:g} s"
                    )
                self._changed.wait(left_s)
        return self._connected()

    def _connected(self) -> Connection:
        """A new connection in the place reserved for it; made without the lock, for that may take seconds."""
        connection = None
        try:
            connection = self._connect()
        finally:
            with self._changed:
                self._connecting -= 1
                if connection is not None:
                    self._borrowed[id(connection)] = connection
                self._changed.notify_all()
        if self._closed:
            self._give_back(connection)
            raise StoreUnavailable(self._place, "this history has been closed")
        return connection

    def _give_back(self, connection: Connection) -> None:
        with self._changed:
            is_over = self._closed
            if not is_over:
                del self._borrowed[id(connection)]
                self._idle.append(connection)
                self._changed.notify_all()
        if is_over:
            try:
                self._disconnect(connection)
            finally:
                with self._changed:
                    del self._borrowed[id(connection)]
                    self._changed.notify_all()

    @property
    def busy(self) -> list[Connection]:
        """The connections that somebody is using now."""
        with self._changed:
            return list(self._borrowed.values())

    def close(self) -> None:
        """Refuse new borrowers and disconnect what is idle; what is busy is disconnected when it returns."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection in idle:
            self._disconnect(connection)

    def wait_until_returned(self, wait_s: float) -> bool:
        """True once nothing is borrowed or being connected, False when `wait_s` passed before."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._borrowed and not self._connecting, timeout=wait_s)
