"""The fast path: batches straight from aiokafka's decoded record batches.

aiokafka wraps every record into a ConsumerRecord before anybody sees it, and that costs more than decoding.
Here a fetch becomes columns at once. This leans on names that aiokafka does not promise, so it is used with
the version that it was written for and with no other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from types import MethodType
from typing import Any, NamedTuple

import aiokafka
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from streams.transport.record_columns import RecordColumns

WRITTEN_FOR = "0.14.0"
BATCHES_PER_POLL = 8
"""How many batches one poll of Faust's takes at most: they are all in memory until the last is queued."""


class Run(NamedTuple):
    """Consecutive records of one partition, and where the next fetch begins."""

    records: RecordColumns
    next_offset: int


def why_not_unwrapped(consumer: aiokafka.AIOKafkaConsumer) -> str | None:
    """Why a started consumer must be read record by record; None when it need not."""
    installed = version("aiokafka")
    if installed != WRITTEN_FOR:
        return f"aiokafka is {installed}, not {WRITTEN_FOR}"
    if consumer._fetcher._isolation_level != fetcher.READ_UNCOMMITTED:
        return "records of aborted transactions must be left out"
    return None


@dataclass(slots=True)
class PollRoom:
    """How many batches the present poll may still take."""

    batches: int = BATCHES_PER_POLL


class UnwrappedFetches:
    """Makes a started consumer's fetches of some topics come as Runs in place of ConsumerRecords.

    Arguments:
        consumer: must have no subscription yet.
        largest_batch: topic -> the most records that a Run of it may have; None to leave the topic alone.
    """

    def __init__(
        self, consumer: aiokafka.AIOKafkaConsumer, largest_batch: Callable[[str], int | None]
    ) -> None:
        self._fetcher = consumer._fetcher
        self._largest_batch = largest_batch
        self._fetch = self._fetcher._proc_fetch_request
        self._fetcher._proc_fetch_request = self._fetch_unwrapped
        self._room = PollRoom()

    def begin_poll(self) -> None:
        """To be called before a poll: it may take BATCHES_PER_POLL batches."""
        self._room.batches = BATCHES_PER_POLL

    async def _fetch_unwrapped(self, *request: Any) -> Any:
        try:
            return await self._fetch(*request)
        finally:
            for tp, result in self._fetcher._records.items():
                largest = self._largest_batch(tp.topic)
                if largest and type(result) is fetcher.FetchResult and "getall" not in vars(result):
                    unwrap(result, self._room, largest)


def unwrap(result: fetcher.FetchResult, room: PollRoom, largest_batch: int) -> None:
    """Make one result of aiokafka's give Runs of at most `largest_batch` records while a poll has room."""
    # aiokafka looks at the exact type of the result, hence no subclass.
    result.getall = MethodType(_UnwrappedResult(room, largest_batch).next_runs, result)


class _UnwrappedResult:
    """What one fetch brought for one partition, given out as Runs."""

    def __init__(self, room: PollRoom, largest_batch: int) -> None:
        self._room = room
        self._largest_batch = largest_batch
        self._decoded = RecordColumns()
        self._after_decoded = 0
        self._is_corrupt = False

    def next_runs(self, result: Any, max_records: int | None = None) -> list[Run]:
        """In place of FetchResult.getall: at most one Run, none when the poll has enough."""
        if not result.check_assignment(result._topic_partition) or not self._room.batches:
            return []
        if self._is_corrupt:  # what follows is fetched again
            result._partition_records = None
            return []
        partition = result._partition_records
        while len(self._decoded) < self._largest_batch and partition._records.has_next():
            self._decode(partition)
        records = self._decoded.take(self._largest_batch)
        left = self._decoded.offsets
        partition.next_fetch_offset = left[0] if left else self._after_decoded
        result._update_position()
        if not left and not partition._records.has_next():
            result._partition_records = None
        if not records:
            return []
        self._room.batches -= 1
        return [Run(records, partition.next_fetch_offset)]

    def _decode(self, partition: Any) -> None:
        """Decode the next record batch, as PartitionRecords._unpack_records does."""
        batch = partition._records.next_batch()
        if partition._check_crcs and not batch.validate_crc():
            self._is_corrupt = True
            raise CorruptRecordException(f"Invalid CRC - {partition._tp}")
        if not batch.is_control_batch:
            self._decoded.append(batch)
            # Kafka sends whole record batches: the first may begin before the offset that was asked for.
            if self._decoded.offsets and self._decoded.offsets[0] < partition.next_fetch_offset:
                self._decoded.take(bisect_left(self._decoded.offsets, partition.next_fetch_offset))
        self._after_decoded = batch.next_offset
