"""`citybrain up`: the whole city brain in one process, on this machine only."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator

import structlog

from citybrain.demo_source import demo_threads
from citybrain.ownership import claim_history
from citybrain.process import prepare_process
from citybrain.replay_source import replay_thread
from citybrain.stages import (
    Stage,
    alert_stage,
    archive_stage,
    index_stage,
    merge_stage,
    run_stages,
)
from citybrain.stopping import Stopping, run_thread
from citybrain.upkeep import run_upkeep
from citybrain.web import running_web
from config.calendar import DayCalendar, city_calendar
from config.city_folder import city_folder_of, load_city
from config.settings import Settings, load_settings
from dashboard.hub import Hub
from models.city import City
from store.history import History, open_history
from store.migrate import migrate
from streams.broker import BrokerAddress, open_broker
from streams.ticker import run_ticker
from streams.topics import partition_counts

JOIN_S = 1.0
DEMO = "demo"

log = structlog.get_logger(__name__)


def run(arguments: argparse.Namespace) -> int:
    """Run until Ctrl-C; 1 when a part failed."""
    started = time.monotonic()
    settings = load_settings(
        port=arguments.port,
        host=arguments.host,
        data_dir=arguments.data_dir,
        city=arguments.city,
        speed=arguments.speed,
        demo=False if arguments.no_demo else None,
    )
    prepare_process(settings)
    folder = city_folder_of(settings.city)
    city = load_city(folder)
    calendar = city_calendar(folder)
    stopping = Stopping()
    with open_broker(settings.broker) as broker, _open(settings, city) as history:
        broker.create_topics(partition_counts(settings.partitions))
        with running_web(settings, calendar, city, broker, history, stopping.fail) as (server, hub):
            print(f"citybrain is at {server.address}/wall  (Ctrl-C stops it)", flush=True)
            log.info("started", city=city.city_id, seconds=round(time.monotonic() - started, 1))
            index = index_stage(settings, broker, city, history if broker.embedded else None)
            stages: list[Stage] = [
                index,
                merge_stage(settings, broker, city),
                alert_stage(settings, broker, city, history),
                archive_stage(settings, broker, city, history),
            ]
            ticked = _every(settings.partitions) if broker.embedded else index.owned
            with _sources(arguments, settings, broker, city, history, calendar, hub, ticked, stopping):
                healthy = run_stages(stages, stopping)
    return 0 if healthy and not stopping.failed else 1


@contextlib.contextmanager
def _open(settings: Settings, city: City) -> Iterator[History]:
    history = open_history(settings.history_url)
    try:
        migrate(history)
        claim_history(history, city)
        yield history
    finally:
        history.close()


@contextlib.contextmanager
def _sources(
    arguments: argparse.Namespace,
    settings: Settings,
    broker: BrokerAddress,
    city: City,
    history: History,
    calendar: DayCalendar,
    hub: Hub,
    ticked: Callable[[], Iterable[int]],
    stopping: Stopping,
) -> Iterator[None]:
    """Time, upkeep and, for the demo city, its traffic and its past; ended before the history closes."""
    threads = [
        run_thread("ticker", lambda: run_ticker(broker, ticked, stopping), stopping),
        run_thread(
            "upkeep",
            lambda: run_upkeep(settings, city.timezone, calendar.day_type, history, stopping),
            stopping,
        ),
    ]
    if arguments.replay is not None:
        hub.set_history("ready", 1.0)
        threads.append(replay_thread(broker, city, arguments.replay, arguments.mapping, stopping))
    elif settings.demo and city_folder_of(settings.city).resolve() == city_folder_of(DEMO).resolve():
        threads += demo_threads(settings, broker, city, history, hub, stopping)
    else:
        hub.set_history("ready", 1.0)
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(JOIN_S)


def _every(partitions: int) -> Callable[[], Iterable[int]]:
    """Nobody else reads the embedded broker: time can begin before the index worker has its partitions."""
    return lambda: range(partitions)
