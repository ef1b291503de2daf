"""One recording of any kind as records and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.mapping import Mapping
from models.city import City
from streams.feeds.csv_records import read_csv
from streams.feeds.ndjson_records import read_ndjson
from streams.feeds.probe_records import matched
from streams.feeds.records import FeedRecord, FeedRefusal


def read_recording(
    path: Path, city: City | None, mapping: Mapping | None = None
) -> Iterator[FeedRecord | FeedRefusal]:
    """The observations of a file in file order: CSV with a mapping, JSON lines (also probes) without.

    Raises InputError where the file cannot be read as asked.
    """
    if mapping is not None:
        return read_csv(path, mapping, city)
    return matched(read_ndjson(path, city), city)
