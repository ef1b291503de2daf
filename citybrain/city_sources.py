"""Making a City from sources: which importer, and free-flow speeds from a recording."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from config.importing.csv_city import import_csv
from config.importing.oracle import import_oracle
from config.importing.table_mapping import ImportMapping
from config.importing.tables import default_mapping
from config.mapping import load_mapping
from config.strict_yaml import load_yaml
from models.city import City
from models.errors import ConfigurationError, InputError
from models.free_flow import free_flow_of_recording
from models.observation import decode
from streams.feeds.recordings import read_recording
from streams.feeds.records import only_records

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CHUNK = 20_000


def import_city(
    kind: str, sources: list[Path], name: str, timezone: str | None = None, mapping: Path | None = None
) -> City:
    """The city of the sources. `name` names it where nothing else does; UTC is its time by default.

    Raises ConfigurationError and InputError naming file, row and field.
    """
    if timezone is not None:
        try:
            zoneinfo.ZoneInfo(timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            problem = f"{timezone!r} is no time zone of the IANA database such as Asia/Shanghai"
            raise ConfigurationError("--timezone", "", problem) from None
    if kind == "oracle":
        if len(sources) != 1 or mapping is not None:
            raise InputError("oracle", "takes exactly one topology.json and no mapping")
        return import_oracle(sources[0], timezone or "UTC")
    tables = default_mapping(sources) if mapping is None else load_yaml(mapping, ImportMapping)
    stated = None if tables.city is None else tables.city.timezone
    return import_csv(tables, sources, timezone or stated or "UTC", name)


def with_free_flow_from(city: City, recordings: list[Path], mapping: Path | None) -> City:
    """The city with free-flow speeds measured by recordings, where those say enough; the method of such
    a segment becomes `recording`."""
    columns = None if mapping is None else load_mapping(mapping)
    zone = zoneinfo.ZoneInfo(city.timezone)
    parts: list[tuple[Ints, Ints, Floats]] = []
    for path in recordings:
        payloads: list[bytes] = []
        for record in only_records(read_recording(path, city, columns), Counter()):
            payloads.append(record.payload)
            if len(payloads) == CHUNK:
                parts.append(_measured(payloads, city, zone))
                payloads = []
        parts.append(_measured(payloads, city, zone))
    segment = np.concatenate([part[0] for part in parts])
    second = np.concatenate([part[1] for part in parts])
    speed = np.concatenate([part[2] for part in parts])
    limits = np.array([s.speed_limit_kmh or np.nan for s in city.segments])
    measured = free_flow_of_recording(segment, second, speed, limits)
    segments = tuple(
        s
        if np.isnan(kmh)
        else msgspec.structs.replace(s, free_flow_kmh=round(float(kmh), 2), free_flow_method="recording")
        for s, kmh in zip(city.segments, measured, strict=True)
    )
    return msgspec.structs.replace(city, segments=segments)


def _measured(payloads: list[bytes], city: City, zone: zoneinfo.ZoneInfo) -> tuple[Ints, Ints, Floats]:
    """Segment, local second of the day, speed of the observations that the stream would accept."""
    columns, _ = decode(payloads, range(len(payloads)), city)
    hours, back = np.unique(columns.start_ms // 3_600_000, return_inverse=True)
    # offsets from UTC change on whole hours; one lookup an hour
    offset_s = np.array([_utc_offset_s(int(hour) * 3600, zone) for hour in hours], dtype=np.int64)
    local_s = columns.start_ms // 1000 + (offset_s[back] if len(hours) else 0)
    return columns.segment, local_s % 86400, columns.speed_kmh


def _utc_offset_s(epoch_s: int, zone: zoneinfo.ZoneInfo) -> int:
    offset = datetime.fromtimestamp(epoch_s, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
