"""`citybrain up` as a newcomer runs it: one command, a live city, Ctrl-C, and again."""

from __future__ import annotations

import base64
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.city_folder import write_city
from tests.end_to_end.processes import fetched, running_command, wait_ready
from tests.models.builders import NOON_MS, a_city, an_observation
from tests.waiting import wait_until


def snapshot_of(address: str) -> dict[str, Any]:
    return dict(fetched(f"{address}/api/v1/latest")[1])


def coloured(address: str) -> int:
    """Segments with a level."""
    snapshot = snapshot_of(address)
    return sum(level > 0 for level in base64.b64decode(snapshot["segments"]["levels"])) if snapshot else 0


def history_of(address: str, window_s: int, start_s: float, end_s: float) -> list[float | None]:
    """The city's index per window of a range, as charts draw it: None where there is a hole."""
    query = f"kind=city&window_s={window_s}&start={_iso(start_s)}&end={_iso(end_s)}"
    status, answer = fetched(f"{address}/api/v1/history?{query}")
    assert status == 200, answer
    return list(answer["windows"]["traffic_performance_index"])


def _iso(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_one_command_shows_a_live_city_and_stops_at_once(tmp_path: Path) -> None:
    with running_command(tmp_path, "up", "--port", "0", "--data-dir", "data") as up:
        address = up.address()
        wait_ready(address, up)
        wait_until(lambda: up.alive() and coloured(address) >= 350, "coloured segments", 60)
        snapshot = snapshot_of(address)
        assert snapshot["synthetic"] is True
        assert snapshot["state"] in ("live", "late")
        for page in ("/wall", "/analyst", "/health", "/metrics", "/livez"):
            assert _status(address + page) == 200, page
        assert _status(address + "/nowhere") == 404
        assert up.interrupt() == 0
        assert "Traceback" not in up.said


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)


def test_a_second_process_on_the_same_data_is_told_so_in_one_line(tmp_path: Path) -> None:
    with running_command(tmp_path, "up", "--port", "0", "--data-dir", "data") as first:
        first.address()
        with running_command(tmp_path, "up", "--port", "0", "--data-dir", "data") as second:
            assert second.process.wait(60) == 1
            assert "data" in second.said
            assert "Traceback" not in second.said


@pytest.mark.slow
def test_a_second_start_keeps_the_history_and_shows_the_time_between_as_a_hole(tmp_path: Path) -> None:
    with running_command(tmp_path, "up", "--port", "0", "--data-dir", "data") as first:
        address = first.address()
        wait_until(lambda: snapshot_of(address).get("history", {}).get("state") == "ready", "history", 180)
        wait_until(lambda: coloured(address) >= 350, "coloured segments", 60)
        assert first.interrupt() == 0
    stopped_s = time.time()
    silence_until_s = stopped_s // 60 * 60 + 240
    wait_until(lambda: time.time() >= silence_until_s, "three minutes without the system", 300)
    with running_command(tmp_path, "up", "--port", "0", "--data-dir", "data") as second:
        address = second.address()
        wait_until(lambda: coloured(address) >= 350, "coloured segments", 120)
        wait_until(lambda: snapshot_of(address)["history"]["state"] == "ready", "history, already made", 30)
        before = history_of(address, 300, stopped_s - 7 * 86_400, stopped_s - 86_400)
        assert len(before) >= 6 * 288
        assert all(index is not None for index in before), "the week before is there"
        hole_start_s = stopped_s // 60 * 60 + 60
        hole = history_of(address, 60, hole_start_s, hole_start_s + 120)
        assert not [index for index in hole if index is not None], "no minute between is filled"

        def window_of_the_stop() -> list[float | None]:
            start_s = stopped_s // 60 * 60 - 60
            return history_of(address, 60, start_s, start_s + 60)

        wait_until(lambda: any(v is not None for v in window_of_the_stop()), "the last minute rebuilt", 120)
        assert second.interrupt() == 0


def test_a_recording_of_ones_own_city_is_played_as_if_it_began_now(tmp_path: Path) -> None:
    city = a_city()
    write_city(city, tmp_path / "city")
    records = [
        an_observation(sensor.sensor_id, NOON_MS + 30_000 * k, speed_kmh=8.0)
        for k in range(1, 240)
        for sensor in city.sensors
    ]
    (tmp_path / "recording.ndjson").write_bytes(b"\n".join(records))
    words = ["--city", "city", "--replay", "recording.ndjson", "--port", "0", "--data-dir", "data"]
    with running_command(tmp_path, "up", *words) as up:
        address = up.address()
        wait_until(lambda: up.alive() and coloured(address) == len(city.segments), "all segments", 90)
        assert up.interrupt() == 0
    with running_command(tmp_path, "up", "--port", "0", "--data-dir", "data") as other:
        assert other.process.wait(60) == 2
        assert "testville" in other.said
        assert other.said.count("\n") == 1
