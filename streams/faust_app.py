"""How every Faust app of citybrain is made: embedded in our own loop, raw bytes, no web server, no tables."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

import faust
import structlog
from faust.exceptions import ConsumerNotStarted
from faust.types import TP, StreamT, TopicT

from streams.broker import BrokerAddress
from streams.topics import Topic
from streams.transport import BatchSchema, FetchedBatch, limit_buffer

log = structlog.get_logger(__name__)

COMMIT_INTERVAL_S = 1.0
PRODUCE_TIMEOUT_S = 60.0
"""A result that no broker takes for so long ends the worker; Faust's own 20 minutes look like a live one."""
BUFFERED_BATCHES = 16
"""Fetched and not yet looked at: what bounds a worker's memory when it is behind."""
LONGEST_HOLD_S = 6 * 3600.0
"""Records wait for their windows before they are acknowledged: that is no livelock."""


def new_app(group: str, broker: BrokerAddress, partitions: int) -> faust.App:
    """An app to be started with `await app.start()` in a running loop."""
    app = faust.App(
        group,
        broker=broker.faust_url,
        store="memory://",
        datadir=tempfile.gettempdir(),  # Faust makes its folder even where nothing is kept
        topic_partitions=partitions,
        web_enabled=False,
        value_serializer="raw",
        key_serializer="raw",
        set_as_current=False,
        broker_commit_interval=COMMIT_INTERVAL_S,
        broker_commit_livelock_soft_timeout=LONGEST_HOLD_S,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_request_timeout=PRODUCE_TIMEOUT_S,
        stream_wait_empty=False,  # records that wait for their windows are read again after a restart
        **broker.faust_arguments,
    )
    app.finalize()
    return app


def batch_topic(app: faust.App, topic: Topic, partitions: int) -> TopicT:
    """A topic to read in batches, with a bounded buffer of them."""
    found = raw_topic(app, topic, partitions, schema=BatchSchema())
    limit_buffer(found, BUFFERED_BATCHES)
    return found


def raw_topic(app: faust.App, topic: Topic, partitions: int, **arguments: Any) -> TopicT:
    """A topic of bytes; topics are created by us, before the app starts."""
    return app.topic(
        topic.name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=partitions if topic.partitioned else 1,
        internal=False,
        **arguments,
    )


def declare_agent(
    app: faust.App, topic: TopicT, name: str, body: Callable[[StreamT[FetchedBatch]], Awaitable[None]]
) -> None:
    """An agent that takes its process with it when it fails.

    Faust would start it again some seconds later, behind the records it had in hand: they would be lost
    until a restart. A crashed app ends the process (citybrain.stages), and what was not acknowledged is
    read again.
    """

    async def run(stream: StreamT[FetchedBatch]) -> None:
        try:
            await body(stream)
        except Exception as error:
            log.exception("agent failed", agent=name)
            await app.crash(error)
            raise

    app.agent(topic, name=name, concurrency=1)(run)


def assigned_partitions(app: faust.App) -> set[TP]:
    """What Kafka has given to the app to read; nothing while it starts. May be asked from any thread."""
    if not app.started:
        return set()
    try:
        return set(app.consumer.assignment())
    except ConsumerNotStarted:  # an app says it has started before its consumer's thread has
        return set()
