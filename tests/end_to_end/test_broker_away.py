"""A Kafka that is killed or hangs for a while: every worker goes on by itself, or ends as failed."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.city_writing import write_city
from streams.broker import BrokerAddress, kafka_address
from streams.topics import partition_counts
from tests.end_to_end.processes import Running, running_command
from tests.end_to_end.trial import PARTITIONS, a_trial
from tests.models.builders import a_city
from tests.services.kafka_server import RestartableKafka
from tests.services.ports import free_ports
from tests.waiting import wait_until

STAGES = ("index", "merge", "alerts", "archive")
AGAIN_S = 60.0
NO_ZOMBIE_S = 90.0
"""A worker that gets nothing notices it after 45 s, and stops then."""
_CLOCK = re.compile(r"^citybrain_worker_clock_timestamp_seconds\{.*\} (\S+)$", re.MULTILINE)


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[RestartableKafka]:
    """A Kafka of this test's own."""
    kafka = RestartableKafka(tmp_path / "kafka")
    kafka.start()
    try:
        yield kafka
    finally:
        kafka.kill()


def _be_away(kafka: RestartableKafka, how: str, for_s: float) -> None:
    if how == "killed":
        kafka.kill()
    else:
        kafka.hang()
    time.sleep(for_s)
    if how == "killed":
        kafka.start()
    else:
        kafka.go_on()


def _clock_s(port: int) -> float:
    """The oldest clock among a worker's partitions; 0 where it knows none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            found = [float(each) for each in _CLOCK.findall(answer.read().decode())]
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0.0
    return min(found, default=0.0)


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.parametrize(
    ("how", "for_s", "stages"),
    [
        ("killed", 3, ("index", "merge")),
        pytest.param("killed", 30, STAGES, marks=pytest.mark.slow),
        pytest.param("hung", 30, STAGES, marks=pytest.mark.slow),
    ],
)
def test_every_worker_goes_on_by_itself_after_the_broker_was_away(
    own_kafka: RestartableKafka,
    fresh_clickhouse_url: str,
    tmp_path: Path,
    how: str,
    for_s: float,
    stages: tuple[str, ...],
) -> None:
    write_city(a_city(), tmp_path / "city")
    broker = kafka_address(own_kafka.bootstrap)
    broker.create_topics(partition_counts(PARTITIONS))
    settings = {
        "CITYBRAIN_CITY": str(tmp_path / "city"),
        "CITYBRAIN_BROKER": broker.bootstrap,
        "CITYBRAIN_HISTORY": fresh_clickhouse_url,
        "CITYBRAIN_PARTITIONS": str(PARTITIONS),
    }
    ports = dict(zip(stages, free_ports(len(stages)), strict=True))
    with ExitStack() as stack:
        workers = {
            stage: stack.enter_context(
                running_command(tmp_path, "worker", stage, "--port", str(port), **settings)
            )
            for stage, port in ports.items()
        }
        # The index worker's ticker writes the time into the log; every stage follows it.
        _wait_for_clocks(workers, ports, time.time(), 60)
        _be_away(own_kafka, how, for_s)
        back_s = time.time()
        _wait_for_clocks(workers, ports, back_s, AGAIN_S)


def _wait_for_clocks(
    workers: dict[str, Running], ports: dict[str, int], after_s: float, deadline_s: float
) -> None:
    """Until every worker knows a time after `after_s`, or has ended as failed."""
    began = time.monotonic()
    missing = set(workers)

    def all_go_on() -> bool:
        for stage in sorted(missing):
            code = workers[stage].process.poll()
            assert code != 0, f"{stage} ended as if asked to:\n{workers[stage].said}"
            if code is not None or _clock_s(ports[stage]) > after_s:
                missing.discard(stage)
                ended = "" if code is None else f", ended with {code}"
                print(f"{stage} after {time.monotonic() - began:.1f} s{ended}")  # noqa: T201
        return not missing

    wait_until(all_go_on, "every worker", deadline_s)


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "hung"])
def test_a_broker_that_was_away_while_observations_flow_costs_none(
    own_kafka: RestartableKafka, tmp_path: Path, how: str
) -> None:
    broker: BrokerAddress = kafka_address(own_kafka.bootstrap)
    with a_trial(broker, tmp_path, 500, 100_000, 60) as trial:
        worker = trial.start()
        trial.wait_for_news(worker)
        _be_away(own_kafka, how, 30)
        trial.check_commits()
        trial.log.hurry()
        wait_until(
            lambda: worker.process.poll() is not None or trial.is_complete(),
            "every final window, or a worker that ends as failed",
            NO_ZOMBIE_S,
        )
        if worker.process.poll() is not None:
            assert worker.process.returncode != 0
            print(f"ended with {worker.process.returncode}:\n{worker.said}")  # noqa: T201
            trial.start()  # as whoever supervises it would
        trial.check_result()
