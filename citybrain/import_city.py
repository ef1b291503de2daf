"""`citybrain import-city`: a city folder from a simulator's topology or from tables."""

from __future__ import annotations

import argparse
import sys
import zoneinfo
from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from config.city_folder import inspect_city, write_city
from config.importing.csv_city import import_csv
from config.importing.oracle import import_oracle
from config.importing.table_mapping import ImportMapping
from config.importing.tables import default_mapping
from config.mapping import load_mapping
from config.strict_yaml import first, load_yaml
from models.city import City
from models.errors import ConfigurationError, InputError
from models.free_flow import free_flow_of_recording
from models.observation import decode
from streams.feeds.recordings import read_recording
from streams.feeds.records import only_records

CHUNK = 20_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = "Make a city folder from what a city already has."
    parser.add_argument("kind", choices=("oracle", "csv"), help="what the sources are")
    parser.add_argument("source", nargs="+", type=Path, help="topology.json; or tables, or their folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the city folder to write")
    parser.add_argument("--timezone", metavar="TZ", help="local time of the city, such as Asia/Shanghai")
    parser.add_argument("--mapping", type=Path, help="csv: which file and column is what (YAML)")
    parser.add_argument(
        "--free-flow-from",
        type=Path,
        action="append",
        default=[],
        metavar="OBSERVATIONS",
        help="take free-flow speeds from this recording; may be given several times",
    )
    parser.add_argument(
        "--observations-mapping",
        type=Path,
        metavar="FILE",
        help="mapping of the recording's columns, as `feed csv --mapping`",
    )
    parser.add_argument("--force", action="store_true", help="replace a city folder that is there already")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder and say in one line what is in it; raises ConfigurationError and InputError."""
    out: Path = arguments.out
    if (out / "city.yaml").exists() and not arguments.force:
        raise InputError(str(out), "there is a city folder already", "--force replaces it")
    city = import_city(arguments.kind, arguments.source, out.name, arguments.timezone, arguments.mapping)
    if arguments.free_flow_from:
        city = with_free_flow_from(city, arguments.free_flow_from, arguments.observations_mapping)
    write_city(city, out)
    first(inspect_city(out)[1])
    methods = Counter(segment.free_flow_method for segment in city.segments)
    sys.stdout.write(
        f"{out}: {len(city.segments)} segments, {len(city.sensors)} sensors, "
        f"{len(city.districts)} districts, {len(city.corridors)} corridors; time zone {city.timezone}; "
        f"free flow {', '.join(f'{method} {n}' for method, n in sorted(methods.items()))}"
        f"{'; schematic layout' if city.schematic else ''}\n"
    )
    return 0


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
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for path in recordings:
        payloads: list[bytes] = []
        for record in only_records(read_recording(path, city, columns), Counter()):
            payloads.append(record.payload)
            if len(payloads) == CHUNK:
                parts.append(_measured(payloads, city, zone))
                payloads = []
        parts.append(_measured(payloads, city, zone))
    segment, second, speed = (np.concatenate(column) for column in zip(*parts, strict=True))
    limits = np.array([s.speed_limit_kmh or np.nan for s in city.segments])
    measured = free_flow_of_recording(segment, second, speed, limits)
    segments = tuple(
        s
        if np.isnan(kmh)
        else msgspec.structs.replace(s, free_flow_kmh=round(float(kmh), 2), free_flow_method="recording")
        for s, kmh in zip(city.segments, measured, strict=True)
    )
    return msgspec.structs.replace(city, segments=segments)


def _measured(
    payloads: list[bytes], city: City, zone: zoneinfo.ZoneInfo
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
