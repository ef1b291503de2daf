"""The chapter about blocks says what the code reads."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np

from config.city_folder import SHIPPED_CITIES, load_city
from models.observation import decode
from models.observation_batch import decode_batch
from models.observation_block import MAXIMUM_BLOCK_BYTES, MAXIMUM_BLOCK_ROWS, BlockRecord
from tests.docs.pages import fenced, text_of
from tests.models.test_observation_json import assert_same

CHAPTER = text_of("docs/feeds.md").split("\n## Blocks\n")[1].split("\n## ")[0]


def test_the_example_is_a_block_of_three_observations_as_their_json_is() -> None:
    city = load_city(SHIPPED_CITIES / "demo")
    names: dict[str, Any] = {}
    exec(fenced(CHAPTER, "python")[0], names)
    block: bytes = names["block"]
    columns, refusals = decode_batch(block, lambda: [block], np.zeros(1, dtype=np.int64), city)
    assert refusals == []
    lines = [
        b'{"sensor_id":"inner-ring-a01-s1","event_time":"2026-03-02T00:01:00Z","interval_s":60,"speed_kmh":61.4,"flow_veh":38}',
        b'{"sensor_id":"inner-ring-a02-s1","event_time":"2026-03-02T00:01:00Z","interval_s":60,"speed_kmh":58.0,"flow_veh":41}',
        b'{"sensor_id":"inner-ring-a01-s1","event_time":"2026-03-02T00:02:00Z","interval_s":60,"speed_kmh":60.2}',
    ]
    expected, _ = decode(lines, [0, 0, 0], city)
    assert columns.row.tolist() == [0, 1, 2]
    columns.row[:] = 0
    assert_same(columns, expected)


def test_every_key_of_a_block_is_described_and_nothing_else() -> None:
    rows = [line.split("|")[1] for line in CHAPTER.splitlines() if line.startswith("| `")]
    described = [name for cell in rows for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(described) == sorted(field.name for field in msgspec.structs.fields(BlockRecord))


def test_the_limits_are_the_real_ones() -> None:
    assert f"at most {MAXIMUM_BLOCK_ROWS}" in CHAPTER
    assert f"at most {MAXIMUM_BLOCK_BYTES // 1024} KiB" in CHAPTER
