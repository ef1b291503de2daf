"""What Kafka answers to a fetch, made with aiokafka's writers, and two readers of it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka.consumer.fetcher import READ_UNCOMMITTED, FetchResult, PartitionRecords
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from streams.transport.unwrapped_records import PollRoom, unwrap

TP = TopicPartition("topic", 3)
LOG_APPEND_TIME, CONTROL = 0x08, 0x20
_ATTRIBUTES_AT, _CRC_AT, _LAST_DELTA_AT = 21, 17, 23


class Wanted(NamedTuple):
    """A record to be written."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class WantedBatch:
    """A record batch to be written. `spare_offsets` were compacted away behind its last record."""

    records: Sequence[Wanted]
    codec: int = 0
    attributes: int = 0
    spare_offsets: int = 0
    magic: int = 2

    def written(self) -> bytes:
        """The batch as it is in Kafka's log."""
        base = self.records[0].offset
        if self.magic < 2:
            old = LegacyRecordBatchBuilder(self.magic, self.codec, 1 << 24)
            for record in self.records:
                old.append(record.offset, record.timestamp_ms, record.key, record.value)
            raw = bytearray(old.build())
            if self.codec:  # the offset of a message that wraps others is that of the last of them
                raw[0:8] = self.records[-1].offset.to_bytes(8, "big")
            return bytes(raw)
        builder = DefaultRecordBatchBuilder(2, self.codec, False, -1, -1, -1, 1 << 24)
        for record in self.records:
            builder.append(
                record.offset - base, record.timestamp_ms, record.key, record.value, record.headers
            )
        raw = bytearray(builder.build())
        raw[0:8] = base.to_bytes(8, "big")
        raw[_ATTRIBUTES_AT + 1] |= self.attributes
        (last,) = struct.unpack_from(">i", raw, _LAST_DELTA_AT)
        struct.pack_into(">i", raw, _LAST_DELTA_AT, last + self.spare_offsets)
        struct.pack_into(">I", raw, _CRC_AT, calc_crc32c(bytes(raw[_ATTRIBUTES_AT:])))
        return bytes(raw)


def a_result(raw: bytes, position: int) -> tuple[FetchResult, Any]:
    """aiokafka's result of a fetch at `position`, and the state of the partition."""
    assignment = Assignment({TP})
    state = assignment.state_value(TP)
    state.reset_to(position)
    records = PartitionRecords(TP, MemoryRecords(raw), [], position, None, None, True, READ_UNCOMMITTED)
    return FetchResult(TP, assignment=assignment, partition_records=records, backoff=0), state


def read_by_aiokafka(raw: bytes, position: int) -> tuple[list[tuple[Any, ...]], int]:
    """(offset, timestamp, key, value) of every record, and the position behind them."""
    result, state = a_result(raw, position)
    records = result.getall()
    return [(r.offset, r.timestamp, r.key, r.value or b"") for r in records], state.position


def read_unwrapped(raw: bytes, position: int, largest: int = 10_000) -> tuple[list[tuple[Any, ...]], int]:
    """The same through Runs; checks what must hold of every Run."""
    result, state = a_result(raw, position)
    room = PollRoom()
    unwrap(result, room, largest)
    found: list[tuple[Any, ...]] = []
    while result.has_more():
        before = state.position
        room.batches = 1
        for run in result.getall():
            records = run.records
            assert 0 < len(records) <= largest
            assert before <= records.offsets[0] <= records.offsets[-1] < run.next_offset == state.position
            found += zip(
                records.offsets, records.time_column().tolist(), records.keys, records.values, strict=True
            )
    return found, state.position
