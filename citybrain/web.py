"""The web surface wired to broker and history: the same for `up` and for `wall`."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from config.calendar import DayCalendar
from config.settings import Settings
from dashboard.history_reader import HistoryReaders
from dashboard.hub import Hub
from dashboard.metrics import WebMetrics
from dashboard.readers import Operation
from dashboard.server import WebServer, create_app
from dashboard.threads import nobody_to_tell
from dashboard.typical import TypicalRefresher
from models.city import City
from store.history import History
from streams.broker import BrokerAddress

SHOWN_VERSIONS = ("citybrain", "faust-streaming", "dash", "plotly", "numpy")


@contextlib.contextmanager
def running_web(
    settings: Settings,
    calendar: DayCalendar,
    city: City,
    broker: BrokerAddress,
    history: History,
    on_failure: Callable[[], None] = nobody_to_tell,
) -> Iterator[tuple[WebServer, Hub]]:
    """Hub, typical values and pages, until the end of the block.

    `on_failure` is called, maybe from several threads, when one of them has ended by an unexpected error.
    """
    metrics = WebMetrics(CollectorRegistry())
    hub = Hub(
        city,
        broker.consumer_arguments,
        day_type_of=calendar.day_type,
        metrics=metrics,
        on_failure=on_failure,
    )
    readers = HistoryReaders(history, free_warning_ratio=1.0 - settings.disk_warn_ratio)
    typical = TypicalRefresher(
        city,
        readers,
        calendar.day_type,
        hub.set_typical,
        lambda: datetime.now(UTC),
        on_failure=on_failure,
    )
    web = create_app(
        city,
        hub,
        readers,
        day_type_of=calendar.day_type,
        metrics=metrics,
        language=settings.language,
        operation=Operation(
            mode="embedded" if broker.embedded else "grown",
            host=settings.host,
            versions={"python": platform.python_version()} | {n: version(n) for n in SHOWN_VERSIONS},
        ),
    )
    server = WebServer(web, settings.host, settings.port, on_failure=on_failure)
    hub.start()
    typical.start()
    server.start()
    try:
        yield server, hub
    finally:
        server.stop()
        hub.stop()
        typical.stop(0.5)
