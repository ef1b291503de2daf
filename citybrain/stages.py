"""The stages of the stream, and how they run together in one event loop."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Sequence
from typing import Protocol

import faust
import structlog

from citybrain.memory import remember_alerts, remember_fates, start_from_archive
from config.settings import Settings
from models.area import areas_of
from models.city import City
from models.diagnostics import DiagnosticRules
from models.partition_index import PartitionIndex
from models.window import TimeRules
from store.history import History
from streams.alert_app import AlertWorker, create_alert_app
from streams.archive_app import ArchiveWorker, create_archive_app
from streams.broker import BrokerAddress
from streams.index_app import IndexWorker, create_index_app
from streams.merge_app import MergeWorker, create_merge_app
from streams.topics import OBSERVATIONS

STOP_TIMEOUT_S = 2.0
WATCH_S = 1.0

log = structlog.get_logger(__name__)


class Stage(Protocol):
    """A worker with its Faust app."""

    app: faust.App


def time_rules(settings: Settings) -> TimeRules:
    """The time rules that the settings give."""
    return TimeRules(round(settings.settle_s), round(settings.lateness_s), round(settings.ahead_s))


def index_stage(
    settings: Settings, broker: BrokerAddress, city: City, history: History | None
) -> IndexWorker:
    """The index worker. With `history` (embedded) open windows are rebuilt from the archive first; a real
    Kafka replays them from the last commit."""
    areas, rules = areas_of(city), time_rules(settings)
    if history is not None:
        start = start_from_archive(history, city, areas, settings.partitions, rules)
    else:

        def start(_: int) -> PartitionIndex:
            return PartitionIndex(city, areas, rules)

    return create_index_app(broker, settings.partitions, start)


def merge_stage(settings: Settings, broker: BrokerAddress, city: City) -> MergeWorker:
    """The merge worker."""
    return create_merge_app(broker, city, settings.partitions, time_rules(settings).lateness_s)


def alert_stage(settings: Settings, broker: BrokerAddress, city: City, history: History) -> AlertWorker:
    """The alert worker. It asks the history which alerts are open beside its work, and never waits for it."""
    rules = DiagnosticRules(ahead_s=time_rules(settings).ahead_s)
    return create_alert_app(broker, city, settings.partitions, remember_alerts(history), rules)


def archive_stage(settings: Settings, broker: BrokerAddress, city: City, history: History) -> ArchiveWorker:
    """The archive worker."""
    start = remember_fates(history, city, OBSERVATIONS.name, broker.log_id, time_rules(settings))
    return create_archive_app(broker, history, city, settings.partitions, start)


def run_stages(stages: Sequence[Stage], stopping: threading.Event) -> bool:
    """Run the stages' apps until a signal comes or `stopping` is set; blocks, in the main thread.

    False when a stage crashed: then the process must end, so that whoever supervises it starts it anew.
    """
    return asyncio.run(_run(stages, stopping))


async def _run(stages: Sequence[Stage], stopping: threading.Event) -> bool:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    apps = [stage.app for stage in stages]
    healthy = True
    try:
        await asyncio.gather(*(app.start() for app in apps))
        while not await asyncio.to_thread(stopping.wait, WATCH_S):
            crashed = [app for app in apps if app.crashed]
            if crashed:
                log.error("stage crashed", stages=[app.conf.id for app in crashed])
                healthy = False
                break
    finally:
        stopping.set()
        await asyncio.wait([asyncio.ensure_future(app.stop()) for app in apps], timeout=STOP_TIMEOUT_S)
    return healthy
