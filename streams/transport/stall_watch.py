"""Notices a consumer that has stopped consuming: then the worker must end, not look alive.

What fetches runs in a thread of its own, in tasks of aiokafka's and behind rebalances. If one of them ends
or waits for ever, nothing else of the worker fails: it lives and reads no more. So from time to time a
client of its own asks the broker whether there is something to read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TypeAlias

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list
from faust.types import TP, AppT
from yarl import URL

Concern: TypeAlias = TP | str
PROBE_TIMEOUT_S = 5.0


class ConsumerStalled(RuntimeError):
    """The broker has records for this worker, and the worker does not get them."""


class StallWatch:
    """Since when something has not been well: a partition that gets nothing, a group that is not joined.

    Arguments:
        patience_s: how long that may last while the broker answers.
    """

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self._well_at_s: dict[Concern, float] = {}

    def note_well(self, concerns: Iterable[Concern], now_s: float) -> None:
        """What is as it should be."""
        self._well_at_s.update(dict.fromkeys(concerns, now_s))

    def questionable(self, concerns: Iterable[Concern], now_s: float) -> list[Concern]:
        """Of all that is watched now: what has not been well for a while, so that the broker is asked.

        What is not watched is forgotten: a partition that goes and comes back begins anew.
        """
        self._well_at_s = {concern: self._well_at_s.get(concern, now_s) for concern in concerns}
        return [
            concern for concern in self._well_at_s if self._waits_s(concern, now_s) >= self.patience_s / 3
        ]

    def stalled(self, now_s: float) -> list[Concern]:
        """What has not been well for longer than patience allows."""
        return [concern for concern in self._well_at_s if self._waits_s(concern, now_s) >= self.patience_s]

    def _waits_s(self, concern: Concern, now_s: float) -> float:
        return now_s - self._well_at_s[concern]


async def ask_ends(app: AppT, urls: list[URL], partitions: Iterable[TP]) -> dict[TP, int] | None:
    """The ends of partitions' logs, asked by a client of its own; None when the broker does not say."""
    arguments = dict(credentials_to_aiokafka_auth(app.conf.broker_credentials, app.conf.ssl_context))
    if app.in_transaction:
        arguments["isolation_level"] = "read_committed"
    client = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=server_list(urls, 9092),
        client_id=f"{app.conf.broker_client_id}-watch",
        request_timeout_ms=int(PROBE_TIMEOUT_S * 1000),
        **arguments,
    )
    try:
        async with asyncio.timeout(2 * PROBE_TIMEOUT_S):
            await client.start()
            ends = await client.end_offsets([TopicPartition(*tp) for tp in partitions])
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await client.stop()
    return {TP(*tp): offset for tp, offset in ends.items()}
