"""Services for the tests that ask for them by marker; a test without the marker cannot reach them.

A server starts once per session, when the first test needs it, on free ports of 127.0.0.1 and in a
directory of its own. Where it is missing the test skips and says what to install; with CI=true it fails.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
import structlog

from tests.services.clickhouse_server import running_clickhouse
from tests.services.installed import ServiceMissing, skip_or_fail
from tests.services.kafka_server import delete_all_topics, kafka_version, running_kafka

if TYPE_CHECKING:  # imported where used: a session that needs no service does not load its client
    from playwright.sync_api import Browser

    from streams.broker import BrokerAddress

_T = TypeVar("_T")
_MARKER_OF_FIXTURE = {
    "kafka_bootstrap": "kafka",
    "clickhouse_url": "clickhouse",
    "browser": "browser",
}
_databases = itertools.count(1)


def pytest_report_header() -> str:
    return f"services: Kafka {kafka_version()} (tests/services/pom.xml)"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that uses a service without carrying the service's marker."""
    for fixture in getattr(item, "fixturenames", ()):
        marker = _MARKER_OF_FIXTURE.get(fixture)
        if marker is not None and item.get_closest_marker(marker) is None:
            pytest.fail(f"uses the fixture {fixture} without @pytest.mark.{marker}", pytrace=False)


@pytest.fixture(autouse=True)
def _logging_ends_with_its_test() -> Iterator[None]:
    """A command sets up logging for its process: to a standard error that pytest closes after the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Kafka server, shared by the session."""
    yield from _service("Kafka", running_kafka(tmp_path_factory.mktemp("kafka") / "data"))


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real ClickHouse server, shared by the session, with a database nobody made yet."""
    for address in _service("ClickHouse", running_clickhouse(tmp_path_factory.mktemp("clickhouse") / "data")):
        yield f"clickhouse://{address}/citybrain"


@pytest.fixture
def fresh_clickhouse_url(clickhouse_url: str) -> str:
    """The same server with a database of this test's own; it is not made yet."""
    return f"{clickhouse_url}_{next(_databases)}"


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's Chromium, new for every test, so that asynchronous tests find no event loop in the way."""
    from tests.services.chromium import running_chromium

    yield from _service("Chromium", running_chromium())


@pytest.fixture
def embedded_broker() -> Iterator[BrokerAddress]:
    """The broker inside this process, empty."""
    from streams.broker import open_broker

    with open_broker("embedded") as broker:
        yield broker


@pytest.fixture
def kafka_broker(kafka_bootstrap: str) -> Iterator[BrokerAddress]:
    """A real Kafka without topics; those that the test makes are deleted after it."""
    from streams.broker import kafka_address

    yield kafka_address(kafka_bootstrap)
    delete_all_topics(kafka_bootstrap)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> BrokerAddress:
    """Both kinds of broker, one after the other: the test must pass on each."""
    address: BrokerAddress = request.getfixturevalue(f"{request.param}_broker")
    return address


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recordings beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"{folder}: the recordings are not here")
    return folder


def _service(name: str, running: AbstractContextManager[_T]) -> Iterator[_T]:
    started = time.monotonic()
    try:
        with running as service:
            print(f"{name} ready in {time.monotonic() - started:.1f} s")  # noqa: T201 (shown by pytest -s)
            yield service
    except ServiceMissing as missing:
        skip_or_fail(missing)
