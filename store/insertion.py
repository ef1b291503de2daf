"""What is checked before anything is sent: the same for both engines, so that both refuse the same."""

from __future__ import annotations

from collections.abc import Mapping

from models.errors import StoreRejected
from store.column_types import Array, GivenColumn, column_for_insert
from store.failures import NO_SUCH_COLUMN, SIZES_DIFFER, UNKNOWN_TABLE

COLUMN_TYPES_SQL = """
    select name, type from system.columns where database = {database:String} and table = {table:String}
"""

Block = list[tuple[str, str, Array]]


def column_types(place: str, table: str, names: Array, kinds: Array) -> dict[str, str]:
    """Column -> ClickHouse type from the answer to COLUMN_TYPES_SQL; StoreRejected when it is empty."""
    if len(names) == 0:
        raise StoreRejected(
            place, UNKNOWN_TABLE, f"no table {table!r} (`citybrain migrate` makes the tables)"
        )
    return dict(zip(names.tolist(), kinds.tolist(), strict=True))


def checked_block(
    place: str, table: str, types: Mapping[str, str], columns: Mapping[str, GivenColumn]
) -> Block:
    """(name, type, array to send) per column; StoreRejected names table and column of what does not fit."""
    here = f"{place}: {table}"
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise StoreRejected(here, SIZES_DIFFER, f"columns differ in length: {lengths}")
    for name in columns:
        if name not in types:
            raise StoreRejected(here, NO_SUCH_COLUMN, f"no column {name!r}")
    return [
        (name, types[name], column_for_insert(here, name, types[name], values))
        for name, values in columns.items()
    ]
