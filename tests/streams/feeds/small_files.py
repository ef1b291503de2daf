"""Small recordings to read."""

from __future__ import annotations

from pathlib import Path

from config.mapping import Mapping, load_mapping
from models.city import City
from streams.feeds.recordings import read_recording
from streams.feeds.records import FeedRecord, FeedRefusal

LONG = """\
layout: long
interval_s: 120
time: {column: time, format: iso, zone: Asia/Shanghai, marks: end}
sensor: {column: id}
values:
  speed: {column: v, unit: m/s}
  flow: {column: q, unit: veh/h}
  occupancy: {column: occ, unit: fraction}
missing: ["", "-1", "0"]
"""

WIDE = """\
layout: wide
interval_s: 300
time: {column: local_time, zone: America/Los_Angeles, marks: start}
values:
  speed: {unit: mph}
"""


def a_mapping(folder: Path, text: str) -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def read(
    folder: Path, content: str | bytes, mapping: str | None = None, city: City | None = None
) -> tuple[list[FeedRecord], list[FeedRefusal]]:
    """The records and refusals of a file with this content."""
    path = folder / "recording"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rules = None if mapping is None else a_mapping(folder, mapping)
    items = list(read_recording(path, city, rules))
    records = [item for item in items if isinstance(item, FeedRecord)]
    return records, [item for item in items if isinstance(item, FeedRefusal)]
