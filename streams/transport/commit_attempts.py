"""Commits that may fail: one at a time, for a limited time, without ending the worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from time import monotonic

import aiokafka
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

PATIENCE_S = 3.0

log = logging.getLogger(__name__)


class CommitAttempts:
    """The commits of one consumer; to be used in its thread.

    Faust takes most errors of a commit for the end of the worker, and aiokafka tries until there is a broker,
    so that a worker cannot even be stopped without one. Here a commit that is late (the group has
    rebalanced) or impossible just now (the broker is away) has failed: the offsets are offered again.
    """

    def __init__(self) -> None:
        self._unfinished: asyncio.Future[None] | None = None
        self.fail_since_s: float | None = None
        """Monotonic time of the first of the failures in a row; None when the last attempt succeeded."""

    async def attempt(self, consumer: aiokafka.AIOKafkaConsumer, offsets: Mapping[TP, int]) -> bool:
        """Whether Kafka has the offsets now. Raises KafkaError for what cannot get better by itself."""
        if self._unfinished is not None:
            # Never two at a time: the older might arrive last.
            await asyncio.wait({self._unfinished}, timeout=PATIENCE_S)
            if not self._unfinished.done():
                return self._failed("the broker does not answer")
        assigned = consumer.assignment()
        commit = asyncio.ensure_future(
            consumer.commit(
                {
                    TopicPartition(*tp): OffsetAndMetadata(offset, "")
                    for tp, offset in offsets.items()
                    if tp in assigned
                }
            )
        )
        commit.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # it is seen to, here
        self._unfinished = commit
        await asyncio.wait({commit}, timeout=PATIENCE_S)
        if not commit.done():
            return self._failed("the broker does not answer")
        self._unfinished = None
        try:
            commit.result()
        except (CommitFailedError, IllegalStateError, asyncio.CancelledError) as late:
            return self._failed(late)
        except KafkaError as error:
            if not error.retriable:
                raise
            return self._failed(error)
        self.fail_since_s = None
        return True

    def abandon(self) -> None:
        """Give up what is under way: its generation of the group ends."""
        if self._unfinished is not None:
            self._unfinished.cancel()
            self._unfinished = None

    def _failed(self, why: object) -> bool:
        if self.fail_since_s is None:
            self.fail_since_s = monotonic()
            log.warning("Not committed, to be tried again: %s", why)
        return False
