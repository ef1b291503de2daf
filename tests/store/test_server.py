"""What only a server can do: go away and come back."""

from __future__ import annotations

import threading
import time

import pytest

from models.errors import StoreRejected, StoreUnavailable
from store.history import History, Limits, open_history
from store.migrate import migrate
from tests.services.ports import free_ports
from tests.store.restartable_clickhouse import RestartableClickHouse
from tests.store.rows import MONDAY, segment_rows

COUNT_SQL = "select count() as n from segment_indices final"


def count(history: History) -> int:
    return int(history.query(COUNT_SQL)["n"][0])


@pytest.mark.clickhouse
def test_a_killed_server_is_unavailable_and_the_same_history_goes_on_when_it_is_back(
    restartable: RestartableClickHouse,
) -> None:
    history = open_history(restartable.url)
    migrate(history)
    history.insert("segment_indices", segment_rows(["s1"], [MONDAY]))
    assert count(history) == 1

    restartable.kill()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{restartable.port}"):
            count(history)
        with pytest.raises(StoreUnavailable):
            history.insert("segment_indices", segment_rows(["s2"], [MONDAY]))

    restartable.start()
    assert count(history) == 1
    assert history.insert("segment_indices", segment_rows(["s2"], [MONDAY])) == 1
    assert count(history) == 2
    history.close()


@pytest.mark.clickhouse
def test_a_server_killed_in_the_middle_of_a_question_is_unavailable(
    restartable: RestartableClickHouse,
) -> None:
    history = open_history(restartable.url)
    history.ensure_database()
    endings: list[BaseException] = []

    def ask() -> None:
        try:
            history.query(
                "select sum(s) as n from (select sleepEachRow(1) as s from system.numbers limit 20)"
            )
        except StoreUnavailable as ending:
            endings.append(ending)

    thread = threading.Thread(target=ask)
    thread.start()
    deadline = time.monotonic() + 10
    while not history.query("select query from system.processes where query like '%sleepEachRow(1)%'")[
        "query"
    ][1:].size:
        assert time.monotonic() < deadline
    restartable.kill()
    thread.join(10)

    assert len(endings) == 1
    history.close()


@pytest.mark.clickhouse
def test_rows_of_a_killed_server_are_all_there_once(restartable: RestartableClickHouse) -> None:
    history = open_history(restartable.url)
    migrate(history)
    stored = 0
    for kill in (False, True, False):
        for block in range(5):
            rows = segment_rows([f"s{block}"], [MONDAY + 300 * stored])
            if kill and block == 2:
                restartable.kill()
                with pytest.raises(StoreUnavailable):
                    history.insert("segment_indices", rows)
                restartable.start()
            history.insert("segment_indices", rows)
            history.insert("segment_indices", rows)  # as a repeated batch does
            stored += 1

    assert count(history) == stored
    history.close()


def test_a_history_may_be_opened_before_its_server_is_there() -> None:
    (port,) = free_ports(1)
    history = open_history(f"clickhouse://127.0.0.1:{port}/citybrain?password=secret", Limits(connect_s=1))
    started = time.monotonic()
    with pytest.raises(StoreUnavailable) as unavailable:
        history.query("select 1 as n")
    assert time.monotonic() - started < 5
    assert f"127.0.0.1:{port}" in str(unavailable.value)
    assert "secret" not in str(unavailable.value)
    history.close()


@pytest.mark.clickhouse
def test_a_wrong_password_is_refused_without_showing_it(clickhouse_url: str) -> None:
    history = open_history(clickhouse_url + "?user=nobody&password=secret")
    with pytest.raises(StoreRejected) as refused:
        history.query("select 1 as n")
    assert refused.value.code == 192
    assert "secret" not in str(refused.value)
    history.close()


def test_values_inside_a_statement_are_refused_because_the_driver_would_wait_for_data() -> None:
    history = open_history("clickhouse://127.0.0.1:1/citybrain")
    with pytest.raises(ValueError, match="use insert"):
        history.execute("insert into runs values (1)")
    history.close()
