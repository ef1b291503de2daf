"""`citybrain feed`: a recording onto the observation topic, or as text onto standard output."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from models.city import City
    from streams.feeds.ordering import LogEntry
    from streams.feeds.records import FeedRecord, FeedRefusal

LONGEST_WINDOW_S = 300
IDLE_AND_MERGE_S = 60
"""A silent partition follows the clock at a distance, and the merger waits for slow ones."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = "Replay a recording into Kafka, or print it as canonical observations."
    parser.add_argument(
        "kind",
        choices=("csv", "ndjson", "demo"),
        help="what the files are, .gz is read as it is; demo: the demo city's invented traffic, no file",
    )
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a recording, `-` for standard input; several are merged by the time they were known",
    )
    parser.add_argument("--mapping", type=Path, help="csv: what the columns, units and times mean (YAML)")
    parser.add_argument("--city", help="city folder: gives the key of a sensor, puts probes on roads")
    parser.add_argument(
        "--speed",
        type=float,
        metavar="N",
        help="seconds of recording per second; 0 is as fast as possible; default CITYBRAIN_SPEED",
    )
    parser.add_argument(
        "--restamp-to-now",
        "--restamp",
        dest="restamp",
        action="store_true",
        help="as if the recording began now, by the clock of the running system",
    )
    parser.add_argument(
        "--print", dest="print_only", action="store_true", help="no broker: observations to stdout"
    )
    parser.add_argument("--broker", help="host:port[,host:port]; default CITYBRAIN_BROKER")


def run(arguments: argparse.Namespace) -> int:
    """Play or print; refusals go to standard error as file:line: reason, and a JSON summary follows them.

    Raises ConfigurationError and InputError for wrong arguments, Unavailable where the broker is.
    """
    from config.city_folder import city_folder_of, load_city
    from config.settings import load_settings
    from models.errors import ConfigurationError, InputError

    if arguments.kind == "demo":
        return _demo(arguments)
    if not arguments.file:
        raise InputError(f"feed {arguments.kind}", "needs --file FILE", "`-` is standard input")
    if arguments.kind == "csv" and arguments.mapping is None:
        raise InputError("feed csv", "needs --mapping FILE", "see docs/feeds.md")
    if arguments.kind == "ndjson" and arguments.mapping is not None:
        raise InputError("feed ndjson", "takes no mapping: these records are canonical already")
    settings = load_settings(city=arguments.city, speed=arguments.speed, broker=arguments.broker)
    if arguments.print_only:
        city = None if arguments.city is None else load_city(city_folder_of(arguments.city))
        return _print(arguments, city)
    if settings.broker == "embedded":
        problem = "the embedded broker lives inside `citybrain up` and is closed to other processes"
        raise ConfigurationError("--broker", "", problem, "give host:port, or use --print")
    if arguments.restamp and settings.speed != 1:
        problem = "what is re-stamped to now happens at the speed of the clock"
        raise ConfigurationError("--speed", "", problem, "leave --speed at 1, or --restamp-to-now out")
    return _replay(arguments, settings, load_city(city_folder_of(settings.city)))


def _demo(arguments: argparse.Namespace) -> int:
    from citybrain.feed_demo import run_demo
    from models.errors import InputError

    given = {"--file": arguments.file, "--mapping": arguments.mapping, "--restamp-to-now": arguments.restamp}
    for flag in [flag for flag, value in {**given, "--print": arguments.print_only}.items() if value]:
        raise InputError("feed demo", f"takes no {flag}: it invents what happens now")
    return run_demo(arguments)


def _print(arguments: argparse.Namespace, city: City | None) -> int:
    from streams.feeds.printing import print_recording

    counts: Counter[str] = Counter()
    for path in arguments.file:
        counts += print_recording(_recording(arguments, path, city), city, sys.stdout.buffer, sys.stderr)
    accepted = counts.pop("accepted", 0)
    return _summary({"accepted": accepted}, counts)


def _replay(arguments: argparse.Namespace, settings: Settings, city: City) -> int:
    from streams.broker import open_broker
    from streams.feeds.ordering import log_order
    from streams.feeds.pacing import paced, restamped
    from streams.feeds.records import only_records
    from streams.feeds.replay import replay
    from streams.topics import partition_counts

    refused: Counter[str] = Counter()

    def tell(refusal: FeedRefusal) -> None:
        sys.stderr.write(f"{refusal}\n")

    recordings = [only_records(_recording(arguments, path, city), refused, tell) for path in arguments.file]
    trailing_s = 0
    if not arguments.restamp:  # time goes on until every window of the recording is final
        trailing_s = round(settings.settle_s + settings.lateness_s) + LONGEST_WINDOW_S + IDLE_AND_MERGE_S
    entries: Iterator[LogEntry] = log_order(*recordings, trailing_s=trailing_s)
    if arguments.restamp:
        entries = restamped(entries, int(time.time() * 1000))
    stop = threading.Event()
    with stopped_by_signals(stop), open_broker(settings.broker) as address:
        address.create_topics(partition_counts(settings.partitions))
        done = replay(
            paced(entries, settings.speed, stop), address.kafka_arguments, with_clock=not arguments.restamp
        )
    counts = {"accepted": done.observations, "clock_records": done.clock_records}
    return max(_summary({**counts, "unconfirmed": done.unconfirmed}, refused), int(done.unconfirmed > 0))


@contextlib.contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and a supervisor's SIGTERM set `stop` until the end of the block."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _recording(
    arguments: argparse.Namespace, path: Path, city: City | None
) -> Iterator[FeedRecord | FeedRefusal]:
    from config.mapping import load_mapping
    from streams.feeds.recordings import read_recording

    mapping = None if arguments.mapping is None else load_mapping(arguments.mapping)
    return read_recording(path, city, mapping)


def _summary(counts: dict[str, int], refused: Counter[str]) -> int:
    """One JSON line on standard error; 1 where nothing at all could be used."""
    sys.stderr.write(json.dumps({**counts, "refused": dict(sorted(refused.items()))}) + "\n")
    return int(counts["accepted"] == 0 and refused.total() > 0)
