"""The demo city's present and past, as threads of `citybrain up`."""

from __future__ import annotations

import threading
import time

from kafka import KafkaProducer

from citybrain.demo_history import DemoHistoryProgress, live_begins_s, make_demo_history
from citybrain.stopping import Stopping, run_thread
from config.settings import Settings
from dashboard.hub import Hub
from models.city import City
from store.history import History
from streams.broker import BrokerAddress
from streams.feeds.demo import run_demo_feed
from streams.topics import OBSERVATIONS

PROGRESS_S = 0.5
FIRST_COLOURS_S = 20.0


def demo_threads(
    settings: Settings,
    broker: BrokerAddress,
    city: City,
    history: History,
    hub: Hub,
    stopping: Stopping,
) -> list[threading.Thread]:
    """The feed, which begins some minutes ago at the first start, and then what lies before that."""
    now_s = time.time()
    begins_s = live_begins_s(city, history, now_s)
    first_start = begins_s < int(now_s)
    hub.set_history(*(("building", 0.0) if first_start else ("ready", 1.0)))

    def feed() -> None:
        producer = KafkaProducer(**broker.kafka_arguments, linger_ms=5)
        try:
            run_demo_feed(
                city,
                producer,
                OBSERVATIONS.name,
                stop=stopping,
                speed=settings.speed,
                since_s=begins_s,
                whole_from_start=first_start,
            )
        finally:
            producer.close(timeout=1)

    def make_history() -> None:
        _wait_for_colours(hub, stopping)
        progress = DemoHistoryProgress()
        run_thread("demo-progress", lambda: _show(progress, hub, stopping), stopping)
        make_demo_history(city, history, begins_s, stop=stopping, progress=progress)

    return [run_thread("demo-feed", feed, stopping), run_thread("demo-history", make_history, stopping)]


def _wait_for_colours(hub: Hub, stopping: Stopping) -> None:
    """The past comes after the present: the wall shows colours before eight weeks are computed."""
    deadline_s = time.monotonic() + FIRST_COLOURS_S
    while time.monotonic() < deadline_s and not stopping.is_set():
        if hub.snapshot is not None and hub.snapshot.state in ("live", "late"):
            return
        stopping.wait(PROGRESS_S)


def _show(progress: DemoHistoryProgress, hub: Hub, stopping: Stopping) -> None:
    while not stopping.is_set():
        if progress.share or progress.state != "building":
            hub.set_history(progress.state, progress.share)
        if progress.state == "ready":
            return
        stopping.wait(PROGRESS_S)
