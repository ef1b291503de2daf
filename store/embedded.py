"""The history in this process: chDB on one directory.

chDB allows one directory per process and one process per directory; any number of sessions on it run in
parallel and without the interpreter lock, but each takes one statement at a time.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import chdb.session

from models.errors import StoreRejected, StoreUnavailable
from store.address import EmbeddedAddress
from store.column_types import GivenColumn, empty_result
from store.directory_claim import claim, release
from store.failures import code_of, failure
from store.history import NO_PARAMETERS, Limits, Result
from store.insertion import COLUMN_TYPES_SQL, checked_block, column_types
from store.native import decode_blocks, encode_block
from store.parameters import Parameters, engine_parameters
from store.pool import Pool

CLOSE_WAIT_S = 2.0
_UNKNOWN_CODE = 0

_opening = threading.Lock()


class Session(Protocol):
    """What is used of a chDB session, which comes without types."""

    def query(self, sql: str, fmt: str = "CSV", *, params: dict[str, str] | None = None) -> Any:
        """Run one statement; RuntimeError carries the engine's answer."""

    def send_insert(self, query: str, fmt: str) -> Any:
        """An insert that takes bytes and is in the table after finish()."""

    def close(self) -> None:
        """Release the session; the engine goes with the last one."""


_open_session: Callable[[str], Session] = chdb.session.Session


class EmbeddedHistory:
    """See `store.history.History`."""

    def __init__(self, address: EmbeddedAddress, limits: Limits) -> None:
        self._address, self._limits = address, limits
        self._types: dict[str, dict[str, str]] = {}
        self._closing = threading.Lock()
        self._is_closed = False
        self._readers = Pool(self.place, limits.readers, self._connect, _disconnect)
        self._writers = Pool(self.place, limits.writers, self._connect, _disconnect)
        with _opening:
            claim(address)
            try:
                self.ensure_database()
            except BaseException:
                self._readers.close()
                self._writers.close()
                release(address)
                raise
        # An engine that still answers a question when the interpreter ends takes the process down with it.
        atexit.register(self.close)

    @property
    def place(self) -> str:
        """`chdb:///directory`."""
        return self._address.place

    @property
    def database(self) -> str:
        """The database that unqualified table names mean."""
        return self._address.database

    @property
    def data_directory(self) -> str | None:
        """The directory."""
        return self._address.path

    def query(
        self, sql: str, parameters: Parameters = NO_PARAMETERS, *, limit_s: float | None = None
    ) -> Result:
        """See History.query."""
        given = engine_parameters(sql, parameters, self.place)
        with self._readers.borrow(self._limits.wait_for_connection_s) as session:
            raw = self._run(session, sql, given, limit_s)
            if raw:
                return decode_blocks(raw)
            described = decode_blocks(self._run(session, f"describe ({sql}\n)", given, None))
        return {
            name: empty_result(kind) for name, kind in zip(described["name"], described["type"], strict=True)
        }

    def execute(
        self, sql: str, parameters: Parameters = NO_PARAMETERS, *, limit_s: float | None = None
    ) -> None:
        """See History.execute."""
        given = engine_parameters(sql, parameters, self.place)
        with self._writers.borrow(self._limits.wait_for_connection_s) as session:
            self._run(session, sql, given, limit_s)

    def insert(self, table: str, columns: Mapping[str, GivenColumn]) -> int:
        """See History.insert."""
        block = checked_block(self.place, table, self._column_types(table), columns)
        if not block or len(block[0][2]) == 0:
            return 0
        names = ", ".join(name for name, _, _ in block)
        with self._writers.borrow(self._limits.wait_for_connection_s) as session:
            try:
                with session.send_insert(f"insert into {table} ({names})", "Native") as stream:
                    stream.append(encode_block(block))
                    stream.finish()
            except RuntimeError as problem:
                self.forget_columns()
                raise self._failure(problem, inserting=True) from None
        return len(block[0][2])

    def ensure_database(self) -> None:
        """See History.ensure_database; every connection sees to it."""
        with self._writers.borrow(self._limits.wait_for_connection_s):
            pass

    def version(self) -> tuple[int, int]:
        """See History.version."""
        major, minor = str(self.query("select version() as v")["v"][0]).split(".")[:2]
        return int(major), int(minor)

    def forget_columns(self) -> None:
        """See History.forget_columns."""
        self._types = {}

    def close(self) -> None:
        """See History.close."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            atexit.unregister(self.close)
            self._readers.close()
            self._writers.close()
            self._stop_running_questions()
            self._readers.wait_until_returned(CLOSE_WAIT_S)
            self._writers.wait_until_returned(CLOSE_WAIT_S)
            with _opening:
                release(self._address)

    def _stop_running_questions(self) -> None:
        """Whatever waits for an answer; an INSERT ... SELECT is an insert, and ends by itself."""
        if self._readers.busy:
            session = self._connect()
            try:
                session.query(
                    f"kill query where current_database = '{self.database}' and query_kind = 'Select'"
                )
            finally:
                session.close()

    def _connect(self) -> Session:
        limits = self._limits
        settings = {
            "max_threads": limits.threads_per_query,
            "max_memory_usage": limits.memory_per_query_bytes,
            "max_execution_time": f"{limits.query_s:g}",
            "max_partitions_per_insert_block": 0,  # a back-fill touches as many days as it has
            "async_insert": 0,  # an insert that has returned is in the table
        }
        text = "&".join(f"{name}={value}" for name, value in settings.items())
        try:
            session = _open_session(f"{self._address.path}?{text}")
        except RuntimeError as problem:
            raise StoreUnavailable(self.place, f"cannot be opened: {problem}") from None
        self._run(session, f"create database if not exists {self.database} engine = Atomic", {}, None)
        self._run(session, f"use {self.database}", {}, None)
        return session

    def _run(self, session: Session, sql: str, parameters: dict[str, str], limit_s: float | None) -> bytes:
        try:
            if limit_s is not None:
                session.query(f"set max_execution_time = {limit_s:g}")
            try:
                answer: Any = session.query(sql, "Native", params=parameters or None)
                return bytes(answer.bytes() or b"")
            finally:
                if limit_s is not None:
                    session.query(f"set max_execution_time = {self._limits.query_s:g}")
        except RuntimeError as problem:
            raise self._failure(problem, inserting=False) from None

    def _failure(self, problem: RuntimeError, *, inserting: bool) -> StoreUnavailable | StoreRejected:
        text = str(problem)
        return failure(self.place, code_of(text) or _UNKNOWN_CODE, text, inserting=inserting)

    def _column_types(self, table: str) -> dict[str, str]:
        known = self._types.get(table)
        if known is None:
            found = self.query(COLUMN_TYPES_SQL, {"database": self.database, "table": table})
            known = self._types[table] = column_types(self.place, table, found["name"], found["type"])
        return known


def _disconnect(session: Session) -> None:
    session.close()
