"""Who reads what."""

from __future__ import annotations

import pytest

from benchmarks.contest import TABLES, Table
from benchmarks.environments import PEERS, PROJECT, ROOT
from benchmarks.ratios import RATIOS
from streams.topics import OBSERVATIONS


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_index_job_finds_its_topic_on_every_kafka(table: Table) -> None:
    servers = {entry.log.server for entry in table.entries if entry.log.server}
    with_topic = {entry.log.server for entry in table.entries if entry.log.topic == OBSERVATIONS.name}
    assert servers <= with_topic


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_one_topic_of_one_kafka_holds_one_log(table: Table) -> None:
    logs = {(entry.log.server, entry.log.topic, entry.log) for entry in table.entries if entry.log.server}
    if not table.embedded:  # there every run has a broker of its own
        assert len(logs) == len({(server, topic) for server, topic, _ in logs})


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_all_contenders_of_a_table_read_observations_of_one_form(table: Table) -> None:
    assert len({entry.log.workload.form for entry in table.entries}) == 1


def test_every_ratio_is_of_contenders_of_the_kafka_table() -> None:
    names = {entry.contender.name for entry in TABLES[0].entries}
    assert {name for ratio in RATIOS for name in (ratio.dividend, ratio.divisor)} <= names


def test_every_contender_has_a_module_and_every_peer_a_lock() -> None:
    contenders = {entry.contender for table in TABLES for entry in table.entries}
    for contender in contenders:
        assert (ROOT / "benchmarks" / "contenders" / f"{contender.module}.py").exists()
    assert {contender.environment for contender in contenders} == {PROJECT, *PEERS}
    assert all((ROOT / "benchmarks" / "peers" / f"{peer}.lock").exists() for peer in PEERS)
