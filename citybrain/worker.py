"""`citybrain worker`: one stage of the grown deployment, as a process of its own."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, closing

from citybrain.ownership import claim_history
from citybrain.process import prepare_process, refuse_embedded
from citybrain.stages import (
    alert_stage,
    archive_stage,
    index_stage,
    merge_stage,
    run_stages,
)
from citybrain.stopping import Stopping, run_thread
from citybrain.upkeep import run_upkeep
from citybrain.worker_health import serving_health
from config.calendar import city_calendar
from config.city_folder import city_folder_of, load_city
from config.settings import load_settings
from store.history import open_history
from store.migrate import migrate
from streams.broker import open_broker
from streams.metrics import Stage
from streams.ticker import run_ticker
from streams.topics import partition_counts


def run(arguments: argparse.Namespace) -> int:
    """Run the stage until a signal; 1 when it crashed."""
    settings = load_settings(worker_port=arguments.port)
    prepare_process(settings)
    refuse_embedded(settings)
    folder = city_folder_of(settings.city)
    city, calendar = load_city(folder, drawn=False), city_calendar(folder)
    stopping = Stopping()
    with ExitStack() as stack:
        broker = stack.enter_context(open_broker(settings.broker))
        broker.create_topics(partition_counts(settings.partitions))
        if arguments.stage == "index":
            index = index_stage(settings, broker, city, None)
            if not arguments.no_ticker:
                run_thread("ticker", lambda: run_ticker(broker, index.owned, stopping), stopping)
            stage: Stage = index
        elif arguments.stage == "merge":
            stage = merge_stage(settings, broker, city)
        else:
            history = stack.enter_context(closing(open_history(settings.history_url)))
            if arguments.stage == "alerts":
                stage = alert_stage(settings, broker, city, history)  # never waits for the history
            else:
                migrate(history)
                claim_history(history, city)
                run_thread(
                    "upkeep",
                    lambda: run_upkeep(settings, city.timezone, calendar.day_type, history, stopping),
                    stopping,
                )
                stage = archive_stage(settings, broker, city, history)
        if settings.worker_port:
            stack.enter_context(serving_health(arguments.stage, stage, settings.host, settings.worker_port))
        return 0 if run_stages([stage], stopping) and not stopping.failed else 1
