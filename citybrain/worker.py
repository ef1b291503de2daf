"""`citybrain worker`: one stage of the grown deployment, as a process of its own."""

from __future__ import annotations

import argparse
import threading

from citybrain.process import prepare_process, refuse_embedded
from citybrain.stages import alert_stage, archive_stage, index_stage, merge_stage, run_stages
from citybrain.stopping import run_thread
from config.city_folder import city_folder_of, load_city
from config.settings import Settings, load_settings
from models.city import City
from store.history import open_history
from store.migrate import migrate
from streams.broker import BrokerAddress, open_broker
from streams.ticker import run_ticker
from streams.topics import partition_counts


def run(arguments: argparse.Namespace) -> int:
    """Run the stage until a signal; 1 when it crashed."""
    settings = load_settings()
    prepare_process(settings)
    refuse_embedded(settings)
    city = load_city(city_folder_of(settings.city))
    stopping = threading.Event()
    with open_broker(settings.broker) as broker:
        broker.create_topics(partition_counts(settings.partitions))
        return 0 if _run_stage(arguments, settings, broker, city, stopping) else 1


def _run_stage(
    arguments: argparse.Namespace,
    settings: Settings,
    broker: BrokerAddress,
    city: City,
    stopping: threading.Event,
) -> bool:
    if arguments.stage == "merge":
        return run_stages([merge_stage(settings, broker, city)], stopping)
    if arguments.stage == "alerts":
        history = open_history(settings.history_url)
        try:
            return run_stages([alert_stage(settings, broker, city, history)], stopping)
        finally:
            history.close()
    if arguments.stage == "archive":
        history = open_history(settings.history_url)
        try:
            migrate(history)
            return run_stages([archive_stage(settings, broker, city, history)], stopping)
        finally:
            history.close()
    if not arguments.no_ticker:
        run_thread("ticker", lambda: run_ticker(broker, settings.partitions, stopping), stopping)
    return run_stages([index_stage(settings, broker, city, None)], stopping)
