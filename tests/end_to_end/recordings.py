"""Recordings to run end to end."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from config.city_folder import load_city
from models.city import City
from streams.feeds.records import FeedRecord
from tests.models.builders import NOON_MS, an_observation, iso


def a_recording(city: City, minutes: int = 12, seed: int = 7) -> list[FeedRecord]:
    """Half-minute observations of every sensor: some late, some repeated, some bad, one a day ahead."""
    random = Random(seed)
    records: list[FeedRecord] = []
    for half_minute in range(1, 2 * minutes + 1):
        end_ms = NOON_MS + half_minute * 30_000
        for sensor in city.sensors:
            delay_ms = random.choice([200, 400, 900, 20_000 if random.random() < 0.1 else 300])
            changes = {
                "speed_kmh": round(random.uniform(3, 80), 2) if random.random() < 0.95 else None,
                "flow_veh": random.randint(0, 25),
                "sent_time": iso(end_ms + delay_ms),
            }
            payload = an_observation(sensor.sensor_id, end_ms, **changes)
            record = FeedRecord(sensor.segment_id, end_ms + delay_ms, payload, "made", len(records) + 1)
            records.append(record)
            if random.random() < 0.03:
                records.append(record._replace(available_ms=end_ms + delay_ms + 1500))
    tomorrow = an_observation(city.sensors[0].sensor_id, NOON_MS + 86_400_000)
    records.append(FeedRecord(city.sensors[0].segment_id, NOON_MS + 60_000, tomorrow, "made", 0))
    records.append(FeedRecord(city.sensors[1].segment_id, NOON_MS + 61_000, b'{"sensor_id":', "made", 0))
    racing = an_observation(city.sensors[2].sensor_id, NOON_MS + 90_000, speed_kmh=900)
    records.append(FeedRecord(city.sensors[2].segment_id, NOON_MS + 91_000, racing, "made", 0))
    return sorted(records, key=lambda record: record.available_ms)


def sumo_open_city(shared_data: Path) -> City:
    """The simulated city, imported as a user would."""
    from citybrain.command import main

    topology = shared_data / "sumo_open" / "public" / "topology.json"
    json.loads(topology.read_text())
    with TemporaryDirectory() as folder:
        out = Path(folder) / "city"
        assert main(["import-city", "oracle", str(topology), "--out", str(out)]) == 0
        return load_city(out)
