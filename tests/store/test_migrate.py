"""Migrations: once, in order, and never changed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from models.errors import ConfigurationError, StoreRejected
from store.history import History
from store.migrate import CHECKSUMS, MIGRATIONS, State, migrate, plan, read_migrations
from store.retention import RETAINED_TABLES


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may spoil."""
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


def add(directory: Path, name: str, sql: str) -> None:
    (directory / name).write_text(sql)
    with (directory / CHECKSUMS).open("a") as listed:
        listed.write(f"{hashlib.sha256(sql.encode()).hexdigest()}  {name}\n")


def states(history: History, directory: Path = MIGRATIONS) -> set[State]:
    return {step.state for step in plan(history, directory)}


def test_the_released_migrations_are_as_they_were_released() -> None:
    assert [migration.number for migration in read_migrations()] == list(range(1, 9))


def test_an_edited_migration_is_refused_by_name(directory: Path) -> None:
    edited = directory / "0003_indices.sql"
    edited.write_text(edited.read_text() + "\n-- an afterthought\n")
    with pytest.raises(ConfigurationError, match=f"{edited}: was edited after its release"):
        read_migrations(directory)


def test_a_migration_must_be_listed_present_numbered_and_named(directory: Path) -> None:
    (directory / "0009_more.sql").write_text("select 1;")
    with pytest.raises(ConfigurationError, match=r"0009_more.sql: not listed in checksums.txt"):
        read_migrations(directory)
    (directory / "0009_more.sql").unlink()
    add(directory, "0010_later.sql", "select 1;")
    with pytest.raises(ConfigurationError, match=r"0010_later.sql: number 0010 where 0009 follows"):
        read_migrations(directory)
    (directory / "0010_later.sql").rename(directory / "later.sql")
    with pytest.raises(ConfigurationError, match=r"later.sql: is not named NNNN_name.sql"):
        read_migrations(directory)
    (directory / "later.sql").unlink()
    with pytest.raises(ConfigurationError, match=r"0010_later.sql: listed in checksums.txt but missing"):
        read_migrations(directory)


def test_the_second_time_there_is_nothing_to_do(empty_history: History) -> None:
    first = [step.state for step in migrate(empty_history)]
    again = [step.state for step in migrate(empty_history)]

    assert State.NEW in first
    assert State.NEW not in again
    assert State.PENDING not in states(empty_history)
    rows = empty_history.query("select number from schema_migrations")["number"]
    assert len(rows) == again.count(State.APPLIED)


def test_a_plan_changes_nothing(empty_history: History) -> None:
    assert State.PENDING in states(empty_history)
    tables = empty_history.query(
        "select name from system.tables where database = {database:String}",
        {"database": empty_history.database},
    )
    assert tables["name"].size == 0


def test_every_table_that_can_grow_old_is_there(history: History) -> None:
    tables = history.query(
        "select name from system.tables where database = {database:String}", {"database": history.database}
    )
    assert set(tables["name"]) == {*RETAINED_TABLES, "schema_migrations", "cities"}


def test_a_migration_that_changed_since_this_database_had_it_is_refused_by_name(
    history: History, directory: Path
) -> None:
    edited = directory / "0002_observations.sql"
    edited.write_text(edited.read_text().replace("Float64", "Float32"))
    listed = (directory / CHECKSUMS).read_text().splitlines()
    checksum = hashlib.sha256(edited.read_bytes()).hexdigest()
    listed[1] = f"{checksum}  {edited.name}"
    (directory / CHECKSUMS).write_text("\n".join(listed))

    with pytest.raises(ConfigurationError, match=f"{edited}: differs from the migration 0002"):
        migrate(history, directory)


def test_a_database_from_a_newer_program_is_refused(history: History, directory: Path) -> None:
    add(
        directory,
        "0009_more.sql",
        "create table if not exists more (a UInt8) engine = MergeTree() order by a;",
    )
    migrate(history, directory)
    with pytest.raises(ConfigurationError, match="has migration 0009, which this program does not know"):
        migrate(history)


def test_an_extra_for_newer_servers_is_left_out_with_the_reason(history: History, directory: Path) -> None:
    add(directory, "0009_future.sql", "-- requires: 99.1\nalter table observations modify nothing;")
    step = migrate(history, directory)[-1]
    assert step.state is State.LEFT_OUT
    assert "needs ClickHouse 99.1" in step.reason
    assert history.query("select count() as n from schema_migrations where number = 9")["n"][0] == 0


def test_an_extra_that_the_server_does_not_understand_is_left_out(history: History, directory: Path) -> None:
    add(
        directory,
        "0009_odd.sql",
        "-- requires: 1.1\nalter table observations modify column speed_kmh NoSuchType;",
    )
    step = migrate(history, directory)[-1]
    assert step.state is State.LEFT_OUT
    assert step.reason.startswith("this server answers: ")


def test_a_wrong_statement_of_an_ordinary_migration_stops_it(history: History, directory: Path) -> None:
    add(directory, "0009_wrong.sql", "alter table observations modify column speed_kmh NoSuchType;")
    with pytest.raises(StoreRejected):
        migrate(history, directory)
    assert states(history, directory) >= {State.PENDING}
