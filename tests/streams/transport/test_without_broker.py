"""A worker whose broker has gone: it can still be stopped. On the broker inside this process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from kafka import KafkaProducer

from streams.broker import embedded_address
from streams.embedded_broker import EmbeddedBroker
from streams.transport import commit_attempts
from tests.streams.transport.a_worker import AWorker
from tests.waiting import until


async def test_a_worker_without_a_broker_keeps_what_it_could_not_commit_and_stops_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_attempts, "PATIENCE_S", 0.3)
    broker = EmbeddedBroker()
    broker.create_topic("topic", 1)
    address = embedded_address(broker)
    producer = KafkaProducer(**address.kafka_arguments)
    producer.send("topic", b"{}").get()
    producer.close()
    worker = AWorker(broker.bootstrap, "group", "topic", tmp_path, options="?fetch_max_wait_ms=100")
    await worker.app.start()
    try:
        await until(lambda: worker.events)
        await asyncio.to_thread(broker.close)
        worker.events[0].ack()
        await until(lambda: worker.consumer._thread.commits.fail_since_s, "a failed commit")
        assert not worker.app.crashed
        assert worker.consumer._committed_offset[worker.events[0].message.tp] is None
    finally:
        began_s = asyncio.get_running_loop().time()
        await asyncio.wait_for(worker.app.stop(), 20)
    assert asyncio.get_running_loop().time() - began_s < 10
