"""What clickhouse-driver answers with, as the arrays that `store.column_types` promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from models.errors import StoreRejected
from store.column_types import RESULT_TYPES, Array, is_text, plain_type

_EPOCH = date(1970, 1, 1)
_UNKNOWN_TYPE = 50


def column_of_answer(kind: str, values: Sequence[Any]) -> Array:
    """One column of plain Python values as an array; StoreRejected for a type that we do not read."""
    if is_text(kind):
        texts = np.empty(len(values), dtype=object)
        texts[:] = values
        return texts
    plain = plain_type(kind)
    if plain not in RESULT_TYPES:
        raise StoreRejected("result", _UNKNOWN_TYPE, f"type {kind} is not one we read")
    if plain == "DateTime":
        values = [_epoch_s(value) for value in values]
    elif plain == "Date":
        values = [(value - _EPOCH).days for value in values]
    return np.array(values, dtype=RESULT_TYPES[plain])


def _epoch_s(value: datetime) -> int:
    """A DateTime without a zone is in the server's, which ours set to UTC."""
    return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
