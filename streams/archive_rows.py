"""From records of the topics to columns of the history's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import numpy as np
import structlog

from models.alert_event import AlertEvent
from models.congestion import METHOD_VERSION
from models.dead_letter import DeadLetter
from models.index_columns import Columns, dtypes_of
from models.partition_index import concatenate
from streams.batches import Batch

Record = TypeVar("Record")

log = structlog.get_logger(__name__)


def understood(gathered: Sequence[Batch], decode: Callable[[bytes], Record]) -> list[Record]:
    """What `decode` makes of every record; one that is not of its topic's form is logged with its place and
    left out, because it came from somebody else and would come again after a restart."""
    records: list[Record] = []
    for batch in gathered:
        for offset, payload in zip(batch.offsets, batch.payloads, strict=True):
            try:
                records.append(decode(payload))
            except (msgspec.DecodeError, KeyError, ValueError, RecursionError) as error:
                log.warning(
                    "record refused", partition=batch.partition, offset=offset, problem=str(error)[:200]
                )
    return records


def dead_letter_rows(letters: Sequence[DeadLetter]) -> Columns:
    """Columns of table `dead_letters`."""
    return {
        "topic": [letter.topic for letter in letters],
        "partition_id": np.array([letter.partition for letter in letters], dtype=np.int64),
        "log_id": [letter.log_id for letter in letters],
        "offset": np.array([letter.offset for letter in letters], dtype=np.int64),
        "received_at": np.array([letter.received_ms // 1000 for letter in letters], dtype=np.int64),
        "reason": [letter.reason for letter in letters],
        "detail": [letter.detail for letter in letters],
        "payload": [letter.payload_base64 for letter in letters],
    }


def alert_rows(events: Sequence[AlertEvent]) -> Columns:
    """Columns of table `alert_events`."""
    return {
        "alert_id": [event.alert_id for event in events],
        "kind": [event.kind for event in events],
        "rule": [event.rule for event in events],
        "segment_id": [event.segment_id for event in events],
        "district_id": [event.district_id for event in events],
        "severity": np.array([event.severity for event in events], dtype=np.int64),
        "event": [event.event for event in events],
        "at": np.array([event.at_ms // 1000 for event in events], dtype=np.int64),
        "detail": [event.detail for event in events],
        "version": np.array([event.version for event in events], dtype=np.int64),
    }


def settled_rows(columns: Columns, kind: str, synthetic: bool) -> Columns:
    """Rows of an index table: everything but provisional values, with how and from what they were made."""
    settled = np.asarray(columns["status"]) > 0
    rows: Columns = {}
    for name, dtype in dtypes_of(kind).items():
        column = columns[name]
        if dtype == "str":
            rows[name] = [value for value, keep in zip(column, settled, strict=True) if keep]
        else:
            rows[name] = np.asarray(column)[settled]
    count = int(settled.sum())
    rows["synthetic"] = np.full(count, int(synthetic))
    rows["method_version"] = np.full(count, METHOD_VERSION)
    return rows


def joined(parts: Sequence[Columns]) -> Columns:
    """Column tables of one form, one after the other."""
    dtypes = {
        name: "str" if isinstance(column, list) else np.asarray(column).dtype.str
        for name, column in parts[0].items()
    }
    return concatenate(list(parts), dtypes)
