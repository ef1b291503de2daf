"""Bad records on the topic: each is a dead letter with its reason, is counted, and stops nothing."""

from __future__ import annotations

import asyncio
import base64
import time
from pathlib import Path

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from config.settings import load_settings
from store.dead_letters import recent_dead_letters
from store.history import open_history
from store.migrate import migrate
from streams.broker import BrokerAddress
from streams.topics import OBSERVATIONS, partition_counts
from tests.end_to_end.running import running_stages
from tests.models.builders import a_city, a_clock, an_observation
from tests.waiting import until

TEN_MB = 10_000_000
EMBEDDED_MB = 2_000_000
"""The embedded broker keeps about 5 MB of a partition: a larger record is gone before anybody reads it."""


def bad_records(now_ms: int, largest_bytes: int) -> list[tuple[bytes, str]]:
    """A record of each kind and the reason it is refused for."""
    good = an_observation("s1-0", now_ms, speed_kmh=31.5)
    return [
        (good[:-15], "malformed_json"),
        (good.replace(b"31.5", b'"fast"'), "wrong_type"),
        (good.replace(b"31.5", b"NaN"), "not_finite"),
        (good.replace(b"31.5", b"1e999"), "not_finite"),
        (good.replace(b"31.5", b"-3"), "out_of_range"),
        (good.replace(b"31.5", b"900"), "out_of_range"),
        (good.replace(b"s1-0", b"nobody"), "unknown_sensor"),
        (an_observation("s1-0", now_ms + 86_400_000), "ahead_of_clock"),
        (good.replace(b"s1-0", b"s1-\xff\xfe"), "invalid_utf8"),
        (b'{"sensor_id": "' + b"x" * largest_bytes + b'"}', "too_large"),
        (b"", "malformed_json"),
        (b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "malformed_json"),
    ]


async def test_every_kind_of_bad_record_is_a_dead_letter_and_good_ones_go_on(
    broker: BrokerAddress, tmp_path: Path
) -> None:
    city, settings = a_city(), load_settings()
    history = open_history(f"chdb:///{tmp_path}/history")
    migrate(history)
    broker.create_topics(partition_counts(settings.partitions))
    if not broker.embedded:
        _allow_large_records(broker)
    now_ms = time.time_ns() // 1_000_000
    bad = bad_records(now_ms, EMBEDDED_MB if broker.embedded else TEN_MB)
    try:
        async with running_stages(settings, broker, city, history) as stages:
            await asyncio.to_thread(
                _produce, broker, settings.partitions, now_ms, [payload for payload, _ in bad]
            )

            def counted(name: str) -> int:
                return sum(state.counts[name] for state in stages.index.partitions.values())

            await until(lambda: counted("accepted") == 2, "both good observations", 150)
            await until(
                lambda: stages.archive.stored_rows.get("dead_letters") == len(bad), "every dead letter", 150
            )
            for reason in {reason for _, reason in bad}:
                assert counted(reason) == sum(other == reason for _, other in bad), reason
        letters = recent_dead_letters(history, 0)
        assert sorted(letters["reason"]) == sorted(reason for _, reason in bad)
        assert all(letters["detail"]), "each says what is wrong with it"
        kept = {base64.b64decode(payload) for payload in letters["payload"]}
        assert all(payload[: 64 * 1024] in kept for payload, _ in bad), "what was refused can be looked at"
    finally:
        history.close()


def _produce(broker: BrokerAddress, partitions: int, now_ms: int, bad: list[bytes]) -> None:
    """A clock, a good observation, every bad record in the middle, another good one; all in one partition."""
    producer = KafkaProducer(**broker.kafka_arguments, max_request_size=2 * TEN_MB, acks="all")
    first, second = (an_observation("s1-0", now_ms - 30_000 * k) for k in (1, 2))
    for partition in range(partitions):
        producer.send(OBSERVATIONS.name, value=a_clock(now_ms), partition=partition)
    for payload in (first, *bad, second):
        producer.send(OBSERVATIONS.name, value=payload, partition=0).get(timeout=30)
    producer.close()


def _allow_large_records(broker: BrokerAddress) -> None:
    """As a city would configure its topic that lets such records through."""
    admin = KafkaAdminClient(**broker.kafka_arguments)
    try:
        limit = {"max.message.bytes": str(2 * TEN_MB)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, OBSERVATIONS.name, limit)])
    finally:
        admin.close()
