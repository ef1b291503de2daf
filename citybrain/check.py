"""`citybrain check`: every mistake in what an operator wrote, one line each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from models.errors import ConfigurationError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = "Check city folder, mappings, calendars and settings; nothing is changed."
    parser.add_argument("--city", help="city folder; default CITYBRAIN_CITY")
    parser.add_argument(
        "--mapping",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="mapping of observations (may repeat)",
    )
    parser.add_argument(
        "--import-mapping",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="mapping of import-city (may repeat)",
    )
    parser.add_argument(
        "--calendar", type=Path, action="append", default=[], metavar="FILE", help="calendar (may repeat)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what is right and what is wrong; 2 where anything is wrong."""
    mistakes = 0
    for line, mistake in _findings(arguments):
        if mistake is None:
            sys.stdout.write(f"ok    {line}\n")
        else:
            mistakes += 1
            sys.stdout.write(f"wrong {mistake}\n")
    if mistakes:
        sys.stderr.write(f"citybrain check: {mistakes} {'mistake' if mistakes == 1 else 'mistakes'}\n")
    return 2 if mistakes else 0


def _findings(arguments: argparse.Namespace) -> Iterator[tuple[str, ConfigurationError | None]]:
    from config.calendar import CalendarFile
    from config.importing.table_mapping import ImportMapping
    from config.mapping import Mapping
    from config.settings import inspect_settings
    from config.strict_yaml import read_yaml

    settings, mistakes = inspect_settings()
    yield from _told("settings", mistakes)
    name = arguments.city or (settings.city if settings is not None else None)
    if name is not None:
        yield from _city_findings(name)
    for paths, model in (
        (arguments.mapping, Mapping),
        (arguments.import_mapping, ImportMapping),
        (arguments.calendar, CalendarFile),
    ):
        for path in paths:
            yield from _told(str(path), read_yaml(path, model)[1])


def _city_findings(name: str) -> Iterator[tuple[str, ConfigurationError | None]]:
    from config.calendar import CalendarFile, calendar_path
    from config.city_folder import city_folder_of, inspect_city
    from config.strict_yaml import read_yaml

    try:
        folder = city_folder_of(name)
    except ConfigurationError as mistake:
        yield "", mistake
        return
    city, mistakes = inspect_city(folder)
    size = "" if city is None else f": {len(city.segments)} segments, {len(city.sensors)} sensors"
    yield from _told(f"{folder}{size}", mistakes)
    if city is None:
        return
    try:
        path = calendar_path(folder)
    except ConfigurationError as mistake:
        yield "", mistake
        return
    if path is not None:
        yield from _told(str(path), read_yaml(path, CalendarFile)[1])


def _told(what: str, mistakes: list[ConfigurationError]) -> Iterator[tuple[str, ConfigurationError | None]]:
    if not mistakes:
        yield what, None
    for mistake in mistakes:
        yield what, mistake
