"""How every Faust app of citybrain is made: embedded in our own loop, raw bytes, no web server, no tables."""

from __future__ import annotations

import faust
from faust.types import TopicT

from streams.broker import BrokerAddress
from streams.topics import Topic

COMMIT_INTERVAL_S = 1.0
LONGEST_HOLD_S = 6 * 3600.0
"""Records wait for their windows before they are acknowledged: that is no livelock."""


def new_app(group: str, broker: BrokerAddress, partitions: int) -> faust.App:
    """An app to be started with `await app.start()` in a running loop."""
    app = faust.App(
        group,
        broker=broker.faust_url,
        store="memory://",
        topic_partitions=partitions,
        web_enabled=False,
        value_serializer="raw",
        key_serializer="raw",
        set_as_current=False,
        broker_commit_interval=COMMIT_INTERVAL_S,
        broker_commit_livelock_soft_timeout=LONGEST_HOLD_S,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        stream_wait_empty=False,  # records that wait for their windows are read again after a restart
        **broker.faust_arguments,
    )
    app.finalize()
    return app


def raw_topic(app: faust.App, topic: Topic, partitions: int) -> TopicT:
    """A topic of bytes; topics are created by us, before the app starts."""
    return app.topic(
        topic.name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        partitions=partitions if topic.partitioned else 1,
        internal=False,
    )
