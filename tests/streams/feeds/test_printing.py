"""A recording as text."""

from __future__ import annotations

import io
import json
from pathlib import Path

from streams.feeds.printing import print_recording
from streams.feeds.recordings import read_recording
from tests.config.a_city import a_city


def a_recording(folder: Path) -> Path:
    good = {"sensor_id": "S1", "event_time": "2026-03-01T00:00:30Z", "interval_s": 30, "speed_kmh": 40}
    lines = [good, {**good, "speed_kmh": 900}, {**good, "sensor_id": "S77"}, good]
    path = folder / "recording.ndjson"
    path.write_text("\n".join([*map(json.dumps, lines), "{broken"]))
    return path


def test_observations_and_refusals_go_to_different_streams(tmp_path: Path) -> None:
    path = a_recording(tmp_path)
    out, err = io.BytesIO(), io.StringIO()
    counts = print_recording(read_recording(path, None), None, out, err)
    assert counts == {"accepted": 4, "malformed_json": 1}
    assert [json.loads(line)["speed_kmh"] for line in out.getvalue().splitlines()] == [40, 900, 40, 40]
    assert err.getvalue().startswith(f"{path}:5: malformed_json: ")


def test_with_a_city_the_content_is_judged_as_the_stream_judges_it(tmp_path: Path) -> None:
    path = a_recording(tmp_path)
    out, err = io.BytesIO(), io.StringIO()
    counts = print_recording(read_recording(path, a_city()), a_city(), out, err)
    assert counts == {"accepted": 2, "out_of_range": 1, "unknown_sensor": 1, "malformed_json": 1}
    assert [line.split(": ")[:2] for line in err.getvalue().splitlines()] == [
        [f"{path}:2", "out_of_range"],
        [f"{path}:3", "unknown_sensor"],
        [f"{path}:5", "malformed_json"],
    ]
