"""A record on which our own code fails costs that record, in a dead letter, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from kafka import KafkaProducer

from config.settings import load_settings
from models.observation import ObservationColumns
from models.window import PartitionWindows
from store.dead_letters import recent_dead_letters
from store.history import open_history
from store.migrate import migrate
from streams.broker import BrokerAddress
from streams.topics import OBSERVATIONS, partition_counts
from tests.end_to_end.running import running_stages
from tests.models.builders import a_city, a_clock, an_observation
from tests.waiting import until

POISON_KMH = 66.6
OBSERVATIONS_SENT = 300


async def test_a_record_on_which_our_code_fails_is_found_and_the_others_are_counted(
    broker: BrokerAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_fold = PartitionWindows.fold

    def fold(self: PartitionWindows, columns: ObservationColumns) -> npt.NDArray[np.uint8]:
        fates = whole_fold(self, columns)  # the failure leaves the windows changed
        if (columns.speed_kmh == POISON_KMH).any():
            raise ArithmeticError("a fault of the program")
        return fates

    monkeypatch.setattr(PartitionWindows, "fold", fold)
    city, settings = a_city(), load_settings()
    history = open_history(f"chdb:///{tmp_path}/history")
    migrate(history)
    broker.create_topics(partition_counts(settings.partitions))
    now_ms = time.time_ns() // 1_000_000
    poison = await asyncio.to_thread(_produce, broker, now_ms)
    good = OBSERVATIONS_SENT - 1
    try:
        async with running_stages(settings, broker, city, history) as stages:

            def counted(name: str) -> int:
                return sum(state.counts[name] for state in stages.index.partitions.values())

            await until(lambda: counted("accepted") == good, "every other observation", 150)
            assert counted("processing_failed") == 1
            await until(lambda: stages.archive.stored_rows.get("observations") == good, "their rows", 150)
            await until(
                lambda: stages.archive.stored_rows.get("dead_letters", 0) >= 1, "the dead letter", 150
            )
        letters = recent_dead_letters(history, 0)
        assert list(letters["reason"]) == ["processing_failed"]
        assert "a fault of the program" in letters["detail"][0]
        assert base64.b64decode(letters["payload"][0]) == poison
        books = history.query("select sum(counted) as c, sum(dead) as d from accounting final")
        assert (int(books["c"][0]), int(books["d"][0])) == (good, 1)
    finally:
        history.close()


def _produce(broker: BrokerAddress, now_ms: int) -> bytes:
    """A clock and many observations in one partition, one of them the poison; gives that one."""
    producer = KafkaProducer(**broker.kafka_arguments, acks="all")
    producer.send(OBSERVATIONS.name, value=a_clock(now_ms), partition=0)
    payloads = [
        an_observation("s1-0", now_ms - i * 100, speed_kmh=30.0 + i / 100) for i in range(OBSERVATIONS_SENT)
    ]
    payloads[111] = an_observation("s1-0", now_ms - 11_100, speed_kmh=POISON_KMH)
    for payload in payloads:
        producer.send(OBSERVATIONS.name, value=payload, partition=0)
    producer.flush(timeout=30)
    producer.close()
    return payloads[111]
