"""The history on a ClickHouse server, through clickhouse-driver and its native protocol.

Questions come back as plain columns, because the driver's numpy strings lose trailing NUL characters and
pad every value to the longest; inserts go out as numpy columns, which is where the volume is.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from clickhouse_driver import Client, errors

from models.errors import StoreRejected, StoreUnavailable
from store.address import ServerAddress
from store.column_types import Array, GivenColumn, empty_result
from store.driver_columns import column_of_answer
from store.failures import failure
from store.history import NO_PARAMETERS, Limits, Result
from store.insertion import COLUMN_TYPES_SQL, checked_block, column_types
from store.parameters import Parameters, with_literals
from store.pool import Pool

# The driver logs a traceback for every failed connection and a line for every Enum column; what went wrong
# reaches the caller as an error.
for _name in ("clickhouse_driver.connection", "clickhouse_driver.columns.service"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_INLINE_VALUES = re.compile(r"^\s*insert\b.*\bvalues\b", re.IGNORECASE | re.DOTALL)
_HAS_PARTITION_LIMIT = (19, 6)  # max_partitions_per_insert_block


class ServerHistory:
    """See `store.history.History`."""

    def __init__(self, address: ServerAddress, limits: Limits) -> None:
        self._address, self._limits = address, limits
        self._types: dict[str, dict[str, str]] = {}
        self._closing = threading.Lock()
        self._readers = Pool(self.place, limits.readers, lambda: self._client(), Client.disconnect)
        self._writers = Pool(
            self.place, limits.writers, lambda: self._client(use_numpy=True), Client.disconnect
        )

    @property
    def place(self) -> str:
        """`clickhouse://host:port/database`."""
        return self._address.place

    @property
    def database(self) -> str:
        """The database that unqualified table names mean."""
        return self._address.database

    @property
    def data_directory(self) -> str | None:
        """None: the data are on the server."""
        return None

    def query(
        self, sql: str, parameters: Parameters = NO_PARAMETERS, *, limit_s: float | None = None
    ) -> Result:
        """See History.query."""
        text = with_literals(sql, parameters, self.place)
        with self._readers.borrow(self._limits.wait_for_connection_s) as client:
            columns, kinds = self._run(client, text, limit_s)
        if not columns:
            return {name: empty_result(kind) for name, kind in kinds}
        return {
            name: column_of_answer(kind, values) for (name, kind), values in zip(kinds, columns, strict=True)
        }

    def execute(
        self, sql: str, parameters: Parameters = NO_PARAMETERS, *, limit_s: float | None = None
    ) -> None:
        """See History.execute. Inline VALUES would wait for data that never come: ValueError."""
        if _INLINE_VALUES.match(sql):
            raise ValueError("INSERT ... VALUES cannot be executed: use insert()")
        text = with_literals(sql, parameters, self.place)
        with self._writers.borrow(self._limits.wait_for_connection_s) as client:
            self._run(client, text, limit_s)

    def insert(self, table: str, columns: Mapping[str, GivenColumn]) -> int:
        """See History.insert."""
        block = checked_block(self.place, table, self._column_types(table), columns)
        if not block or len(block[0][2]) == 0:
            return 0
        names = ", ".join(name for name, _, _ in block)
        arrays = [values for _, _, values in block]
        with self._writers.borrow(self._limits.wait_for_connection_s) as client:
            try:
                self._run(client, f"insert into {table} ({names}) values", None, data=arrays)
            except StoreRejected:
                self.forget_columns()
                raise
        return len(arrays[0])

    def ensure_database(self) -> None:
        """See History.ensure_database."""
        client = self._client(database="")
        try:
            self._run(client, f"create database if not exists {self.database}", None)
        finally:
            client.disconnect()

    def version(self) -> tuple[int, int]:
        """See History.version."""
        client = self._client(database="")
        try:
            major, minor = str(self._run(client, "select version()", None)[0][0][0]).split(".")[:2]
        finally:
            client.disconnect()
        return int(major), int(minor)

    def forget_columns(self) -> None:
        """See History.forget_columns."""
        self._types = {}

    def close(self) -> None:
        """See History.close. A question that is running ends with StoreUnavailable."""
        with self._closing:
            self._readers.close()
            self._writers.close()
            for client in self._readers.busy:
                # Only the socket: the rest of the driver's state belongs to the thread that waits on it.
                with suppress(OSError, AttributeError):
                    client.connection.socket.shutdown(socket.SHUT_RDWR)

    def _client(self, *, use_numpy: bool = False, database: str | None = None) -> Client:
        address, limits = self._address, self._limits
        return Client(
            address.host,
            port=address.port,
            database=address.database if database is None else database,
            user=address.user,
            password=address.password,
            secure=address.secure,
            verify=address.verify,
            ca_certs=address.ca_certs,
            compression="lz4",
            connect_timeout=limits.connect_s,
            send_receive_timeout=limits.silence_s,
            client_name="citybrain",
            settings={
                "use_numpy": use_numpy,
                "max_threads": limits.threads_per_query,
                "max_memory_usage": limits.memory_per_query_bytes,
                "max_execution_time": int(limits.query_s),
            },
        )

    def _run(
        self,
        client: Client,
        sql: str,
        limit_s: float | None,
        *,
        data: list[Array] | None = None,
    ) -> tuple[Any, Any]:
        settings: dict[str, Any] = {} if limit_s is None else {"max_execution_time": max(1, int(limit_s))}
        try:
            if data is None:
                answer: Any = client.execute(sql, settings=settings, columnar=True, with_column_types=True)
                return answer if isinstance(answer, tuple) else (answer, [])
            if not client.connection.connected:
                client.connection.connect()
            if client.connection.server_info.version_tuple()[:2] >= _HAS_PARTITION_LIMIT:
                settings["max_partitions_per_insert_block"] = 0  # a back-fill touches as many days as it has
            client.execute(sql, data, settings=settings, columnar=True)
            return [], []
        except errors.ServerException as problem:
            raise failure(self.place, problem.code, problem.message, inserting=data is not None) from None
        except (errors.Error, EOFError, OSError) as problem:
            client.disconnect()
            said = str(problem).split("\n")[0] or type(problem).__name__
            raise StoreUnavailable(self.place, f"no connection: {said}") from None

    def _column_types(self, table: str) -> dict[str, str]:
        known = self._types.get(table)
        if known is None:
            found = self.query(COLUMN_TYPES_SQL, {"database": self.database, "table": table})
            known = self._types[table] = column_types(self.place, table, found["name"], found["type"])
        return known
