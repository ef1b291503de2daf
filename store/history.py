"""The history: observations, indices and what became of every record, in ClickHouse.

Two engines behind one interface and one SQL: chDB in this process, or a server. Statements carry their
values as `{name:Type}` (`store.parameters`), answers are numpy columns (`store.column_types`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from store.address import EmbeddedAddress, parse_address
from store.column_types import Array, GivenColumn
from store.parameters import Parameters

Result = dict[str, Array]
NO_PARAMETERS: Parameters = {}


@dataclass(frozen=True)
class Limits:
    """What one statement, and one history, may take of the machine."""

    threads_per_query: int = 2
    memory_per_query_bytes: int = 2_000_000_000
    query_s: float = 30.0  # beyond it the engine stops the statement: StoreRejected, code 159
    readers: int = 8  # questions at the same time
    writers: int = 2  # inserts and statements that change something; never behind a question
    wait_for_connection_s: float = 10.0
    connect_s: float = 5.0
    silence_s: float = 30.0  # a server that says nothing for so long is unavailable


class History(Protocol):
    """One open history. Every method may be called from any thread.

    Raises StoreUnavailable when waiting may help (and is usable again afterwards), StoreRejected when not.
    """

    @property
    def place(self) -> str:
        """The address, as messages name it; without password."""
        ...

    @property
    def database(self) -> str:
        """The database that unqualified table names mean."""
        ...

    @property
    def data_directory(self) -> str | None:
        """The directory on this machine, None for a server."""
        ...

    def query(
        self, sql: str, parameters: Parameters = NO_PARAMETERS, *, limit_s: float | None = None
    ) -> Result:
        """The answer's columns by name; an answer without rows has them too, with length 0.

        Numbers in their own width, DateTime as int64 UTC epoch seconds, strings as object arrays of str.
        `limit_s` replaces `Limits.query_s` for this one.
        """
        ...

    def execute(
        self, sql: str, parameters: Parameters = NO_PARAMETERS, *, limit_s: float | None = None
    ) -> None:
        """Run a statement without an answer (DDL, INSERT ... SELECT), apart from the questions."""
        ...

    def insert(self, table: str, columns: Mapping[str, GivenColumn]) -> int:
        """Insert columns of equal length in one block, durable on return; the number of rows.

        Columns left out take their default. A column that the table does not have, lengths that differ and
        values that do not fit raise StoreRejected naming the column, and nothing is inserted. The same rows
        again change nothing after FINAL: keys and versions are in the rows.
        """
        ...

    def ensure_database(self) -> None:
        """Create the database where it is missing."""
        ...

    def version(self) -> tuple[int, int]:
        """Major and minor version of the engine."""
        ...

    def forget_columns(self) -> None:
        """Read table structures anew: migrations have run."""
        ...

    def close(self) -> None:
        """Stop running questions, let running inserts end, release directory or connections. Idempotent."""
        ...


def open_history(url: str, limits: Limits | None = None) -> History:
    """The history at `url` (`store.address`): `chdb:///path` or `clickhouse://host:port/database`.

    An embedded history is opened now: StoreUnavailable names the directory, and the process that holds it,
    when another one does. A server is only reached for when needed, so that it may come later.
    """
    address = parse_address(url)
    if isinstance(address, EmbeddedAddress):
        from store.embedded import EmbeddedHistory

        return EmbeddedHistory(address, limits or Limits())
    from store.server import ServerHistory

    return ServerHistory(address, limits or Limits())
