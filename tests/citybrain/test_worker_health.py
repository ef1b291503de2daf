"""What a worker says of itself over HTTP while its stage runs."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from kafka import KafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from citybrain.stages import alert_stage, archive_stage, index_stage, merge_stage
from citybrain.worker_health import serving_health
from config.settings import load_settings
from models.errors import ConfigurationError
from store.history import open_history
from store.migrate import migrate
from streams.broker import BrokerAddress
from streams.metrics import WORKER_METRICS, Stage
from streams.topics import OBSERVATIONS, partition_counts
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation
from tests.waiting import until

CITY = a_city()


def asked(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


async def test_all_stages_tell_all_documented_metrics_and_become_ready(
    embedded_broker: BrokerAddress, tmp_path: Path
) -> None:
    settings = load_settings()
    embedded_broker.create_topics(partition_counts(settings.partitions))
    history = open_history(f"chdb:///{tmp_path}/history")
    migrate(history)
    stages: dict[str, Stage] = {
        "index": index_stage(settings, embedded_broker, CITY, None),
        "merge": merge_stage(settings, embedded_broker, CITY),
        "alerts": alert_stage(settings, embedded_broker, CITY, history),
        "archive": archive_stage(settings, embedded_broker, CITY, history),
    }
    producer = KafkaProducer(**embedded_broker.kafka_arguments)
    for payload in (a_clock(NOON_MS), an_observation(), b"{", a_clock(NOON_MS + 30_000)):
        producer.send(OBSERVATIONS.name, value=payload, partition=0)
    producer.flush(10)
    producer.close()
    archive = stages["archive"]
    try:
        for name, stage in stages.items():
            with serving_health(name, stage, "127.0.0.1", 0) as address:
                assert (await asyncio.to_thread(asked, address, "/livez"))[0] == 200
                assert (await asyncio.to_thread(asked, address, "/readyz"))[0] == 503, "nothing runs yet"
        await asyncio.gather(*(stage.app.start() for stage in stages.values()))
        await until(lambda: archive.stored_rows.get("accounting"), "an archived record")  # type: ignore[union-attr]
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for name, stage in stages.items():
            with serving_health(name, stage, "127.0.0.1", 0) as address:
                status, body = await asyncio.to_thread(asked, address, "/readyz")
                assert (status, json.loads(body)) == (200, {"ready": True, "reasons": []}), name
                assert (await asyncio.to_thread(asked, address, "/elsewhere"))[0] == 404
                text = (await asyncio.to_thread(asked, address, "/metrics"))[1]
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    described = WORKER_METRICS[sample.name]
                    assert described.kind == family.type, sample.name
                    assert set(sample.labels) == {"stage", *described.labels}, sample.name
                    assert sample.labels["stage"] == name
                    key = (name, *(sample.labels[label] for label in described.labels))
                    found.setdefault(sample.name, {})[key] = sample.value
        assert set(found) == set(WORKER_METRICS)
        place = ("index", OBSERVATIONS.name, "0")
        assert found["citybrain_worker_clock_timestamp_seconds"][place] == NOON_MS / 1000 + 30
        assert found["citybrain_worker_held_records"][place] > 0
        records = found["citybrain_worker_records_total"]
        assert records["index", "0", "accepted"] == 1
        assert records["index", "0", "malformed_json"] == 1
        assert found["citybrain_worker_stored_rows_total"]["archive", "observations"] == 1
        assert found["citybrain_worker_partitions"]["merge", "area-partials"] == 1
    finally:
        await asyncio.gather(*(stage.app.stop() for stage in stages.values()))
        history.close()


async def test_a_loop_that_is_stuck_does_not_look_alive(
    embedded_broker: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citybrain.worker_health.ANSWER_S", 0.2)
    settings = load_settings()
    embedded_broker.create_topics(partition_counts(settings.partitions))
    stage = merge_stage(settings, embedded_broker, CITY)
    await stage.app.start()
    try:
        with serving_health("merge", stage, "127.0.0.1", 0) as address:
            assert (await asyncio.to_thread(asked, address, "/livez"))[0] == 200
            # Asked from here, the loop can answer nobody.
            assert asked(address, "/livez")[0] == 503
            assert (await asyncio.to_thread(asked, address, "/livez"))[0] == 200
    finally:
        await stage.app.stop()


def test_a_port_that_somebody_has_is_named(embedded_broker: BrokerAddress) -> None:
    stage = merge_stage(load_settings(), embedded_broker, CITY)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with (
            pytest.raises(ConfigurationError, match=f"CITYBRAIN_WORKER_PORT.*{port}"),
            serving_health("merge", stage, "127.0.0.1", port),
        ):
            pass
