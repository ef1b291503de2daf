"""`citybrain wall`: the pages and the API of the grown deployment, as a process of its own."""

from __future__ import annotations

import argparse
import signal

from citybrain.process import prepare_process, refuse_embedded
from citybrain.stopping import Stopping
from citybrain.web import running_web
from config.calendar import city_calendar
from config.city_folder import city_folder_of, load_city
from config.settings import load_settings
from store.history import open_history
from streams.broker import open_broker
from streams.topics import partition_counts


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal. Without the history the live part goes on and the pages say what is missing."""
    settings = load_settings(host=arguments.host, port=arguments.port)
    prepare_process(settings)
    refuse_embedded(settings)
    folder = city_folder_of(settings.city)
    city, calendar = load_city(folder), city_calendar(folder)
    stopping = Stopping()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    history = open_history(settings.history_url)
    try:
        with open_broker(settings.broker) as broker:
            broker.create_topics(partition_counts(settings.partitions))
            with running_web(settings, calendar, city, broker, history, stopping.fail) as (server, hub):
                hub.set_history("ready", 1.0)
                print(f"citybrain is at {server.address}/wall", flush=True)
                stopping.wait()
    finally:
        history.close()
    return 1 if stopping.failed else 0
