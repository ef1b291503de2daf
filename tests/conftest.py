"""Services for the tests that ask for them by marker; nobody else can reach them.

Each service starts once per session, on a free port of 127.0.0.1, in a directory of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.installed import ServiceMissing, skip_or_fail
from tests.services.kafka_server import kafka_version, running_kafka

# Which marker a test must carry to use a service.
_MARKER_OF_FIXTURE = {"kafka_bootstrap": "kafka"}


def pytest_report_header() -> str:
    return f"services: Kafka {kafka_version()} (tests/services)"


@pytest.fixture(autouse=True)
def _a_test_asks_for_its_services(request: pytest.FixtureRequest) -> None:
    """Fail a test that uses a service without carrying the service's marker."""
    for fixture, marker in _MARKER_OF_FIXTURE.items():
        if fixture in request.fixturenames and request.node.get_closest_marker(marker) is None:
            pytest.fail(f"uses {fixture} but is not marked @pytest.mark.{marker}", pytrace=False)


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Kafka server."""
    started = time.monotonic()
    try:
        with running_kafka(_fresh(tmp_path_factory, "kafka")) as bootstrap:
            print(f"Kafka {kafka_version()} ready in {time.monotonic() - started:.1f} s")  # noqa: T201
            yield bootstrap
    except ServiceMissing as missing:
        skip_or_fail(missing)


def _fresh(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp(name) / "data"
