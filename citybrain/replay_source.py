"""A recording of one's own city as the present, as a thread of `citybrain up`: each observation happens now
as long after the start as it happened after the recording's beginning."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import structlog

from citybrain.stopping import Stopping, run_thread
from config.mapping import load_mapping
from models.city import City
from models.errors import InputError
from streams.broker import BrokerAddress
from streams.feeds.ordering import log_order
from streams.feeds.pacing import paced, restamped
from streams.feeds.recordings import read_recording
from streams.feeds.records import only_records
from streams.feeds.replay import replay

log = structlog.get_logger(__name__)


def replay_thread(
    broker: BrokerAddress, city: City, file: Path, mapping_file: Path | None, stopping: Stopping
) -> threading.Thread:
    """Play `file` once, at the speed of the clock. InputError where it is not there, ConfigurationError where
    the mapping is wrong: both before anything runs."""
    if not file.is_file():
        raise InputError(str(file), "no such recording")
    mapping = None if mapping_file is None else load_mapping(mapping_file)

    def play() -> None:
        refused: Counter[str] = Counter()
        records = only_records(read_recording(file, city, mapping), refused)
        entries = restamped(log_order(records), time.time_ns() // 1_000_000)
        done = replay(paced(entries, 1.0, stopping), broker.kafka_arguments, with_clock=False)
        log.info("recording ended", observations=done.observations, refused=dict(refused))

    return run_thread("replay", play, stopping)
