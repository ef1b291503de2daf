"""One observation through every process of the grown deployment: a Kafka record becomes a red segment."""

from __future__ import annotations

import base64
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from kafka import KafkaProducer
from playwright.sync_api import Browser

from config.city_folder import write_city
from dashboard.colour import LEVEL_COLOURS
from store.history import open_history
from streams.broker import BrokerAddress
from streams.topics import OBSERVATIONS, partition_counts
from tests.dashboard.test_pages_in_a_browser import COLOUR_COUNT
from tests.end_to_end.processes import fetched, running_command, wait_ready
from tests.models.builders import a_city, an_observation
from tests.waiting import wait_until

LEVEL_5 = 5


@pytest.mark.kafka
@pytest.mark.clickhouse
@pytest.mark.browser
def test_one_slow_observation_colours_its_segment_in_a_real_browser(
    kafka_broker: BrokerAddress, fresh_clickhouse_url: str, browser: Browser, tmp_path: Path
) -> None:
    city = a_city()
    write_city(city, tmp_path / "city")
    settings = {
        "CITYBRAIN_CITY": str(tmp_path / "city"),
        "CITYBRAIN_BROKER": kafka_broker.bootstrap,
        "CITYBRAIN_HISTORY": fresh_clickhouse_url,
    }
    kafka_broker.create_topics(partition_counts(4))
    with ExitStack() as stack:
        workers = [
            stack.enter_context(running_command(tmp_path, "worker", stage, **settings))
            for stage in ("index", "merge", "archive")
        ]
        wall = stack.enter_context(running_command(tmp_path, "wall", "--port", "0", **settings))
        address = wall.address()
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{address}/wall")

        def red_pixels() -> int:
            return int(page.evaluate(COLOUR_COUNT, LEVEL_COLOURS["night"][LEVEL_5]))

        # 1. a record on the topic
        producer = KafkaProducer(**kafka_broker.kafka_arguments)
        end_ms = time.time_ns() // 1_000_000
        record = an_observation("s1-0", end_ms, speed_kmh=4.0, flow_veh=9)
        producer.send(OBSERVATIONS.name, key=b"s1", value=record).get(timeout=10)
        producer.close()

        # 2. the snapshot has its segment at level 5, and no other
        wait_ready(address, *workers, wall)
        wait_until(lambda: _levels(address) == [0, LEVEL_5, 0, 0], "level 5 in the snapshot", 150)

        # 3. the browser draws it red
        deadline = time.monotonic() + 30
        while red_pixels() == 0:
            assert time.monotonic() < deadline, "no red on the map"
            page.wait_for_timeout(100)
        page.screenshot(path=tmp_path / "wall.png")

        # 4. and the history keeps it
        history = open_history(fresh_clickhouse_url)
        stack.callback(history.close)
        count = "select count() as n from observations where segment_id = 's1' and speed_kmh = 4"
        wait_until(lambda: int(history.query(count)["n"][0]) == 1, "its row", 150)


def _levels(address: str) -> list[int]:
    _, snapshot = fetched(f"{address}/api/v1/latest")
    return list(base64.b64decode(snapshot["segments"]["levels"])) if snapshot else []
