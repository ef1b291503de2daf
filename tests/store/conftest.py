"""Histories for the tests: chDB in a directory per module, and a real server; a new database per test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from store.history import History, open_history
from store.migrate import migrate
from tests.services.installed import ServiceMissing, skip_or_fail
from tests.store.restartable_clickhouse import RestartableClickHouse

_numbers = itertools.count(1)

ENGINES = ["chdb", pytest.param("clickhouse", marks=pytest.mark.clickhouse)]


@pytest.fixture(scope="module")
def chdb_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory whose engine runs until the module ends: each start of chDB leaves threads behind."""
    directory = tmp_path_factory.mktemp("chdb")
    engine = open_history(f"chdb://{directory}")
    yield directory
    engine.close()


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[RestartableClickHouse]:
    """A running server of this test's own."""
    server = RestartableClickHouse(tmp_path / "clickhouse")
    try:
        server.start()
    except ServiceMissing as missing:
        skip_or_fail(missing)
    yield server
    server.kill()


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a database that nobody has used yet."""
    database = f"store_{next(_numbers)}"
    if request.param == "chdb":
        return f"chdb://{request.getfixturevalue('chdb_directory')}?database={database}"
    server = str(request.getfixturevalue("clickhouse_url"))
    return urlsplit(server)._replace(path=f"/{database}").geturl()


@pytest.fixture
def empty_history(url: str) -> Iterator[History]:
    """An open history without tables."""
    history = open_history(url)
    history.ensure_database()
    yield history
    history.execute(f"drop database {history.database}")
    history.close()


@pytest.fixture
def history(empty_history: History) -> History:
    """An open history with every table."""
    migrate(empty_history)
    return empty_history
