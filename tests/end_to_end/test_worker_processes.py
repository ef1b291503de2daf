"""Workers as processes of their own: their health while they work, and their end."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from config.city_writing import write_city
from streams.broker import BrokerAddress
from streams.topics import partition_counts
from tests.end_to_end.processes import running_command
from tests.models.builders import a_city
from tests.services.ports import free_ports
from tests.waiting import wait_until


def answer(port: int, path: str) -> tuple[int, bytes]:
    """Status and body; (0, b"") where nobody listens yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except urllib.error.URLError:
        return 0, b""


@pytest.mark.kafka
def test_an_alert_worker_becomes_ready_and_ends_cleanly_without_any_history(
    kafka_broker: BrokerAddress, tmp_path: Path
) -> None:
    write_city(a_city(), tmp_path / "city")
    settings = {
        "CITYBRAIN_CITY": str(tmp_path / "city"),
        "CITYBRAIN_BROKER": kafka_broker.bootstrap,
        "CITYBRAIN_HISTORY": "clickhouse://127.0.0.1:1/citybrain",  # nothing listens on port 1
    }
    kafka_broker.create_topics(partition_counts(4))
    (port,) = free_ports(1)
    with running_command(tmp_path, "worker", "alerts", "--port", str(port), **settings) as worker:
        wait_until(lambda: worker.alive() and answer(port, "/readyz")[0] == 200, "partitions", 150)
        assert json.loads(answer(port, "/livez")[1]) == {"alive": True, "stage": "alerts"}
        metrics = answer(port, "/metrics")[1].decode()
        assert 'citybrain_worker_partitions{stage="alerts",topic="indices"} 4.0' in metrics
        assert 'citybrain_worker_alerts_recalled{stage="alerts"} 0.0' in metrics
        assert worker.interrupt() == 0
