"""Migrations: numbered SQL files that never change once released, applied in order and recorded.

`store/migrations/NNNN_name.sql` holds statements that end in `;`. A first line `-- requires: 20.1` marks an
extra: applied where the server is new enough and understands it, left out elsewhere, needed nowhere.
`checksums.txt` (as `sha256sum` writes it) fixes the files, the table schema_migrations what was applied.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from models.errors import ConfigurationError, StoreRejected
from store.history import History

MIGRATIONS = Path(__file__).parent / "migrations"
CHECKSUMS = "checksums.txt"

# What an engine answers that does not know a feature: syntax error, illegal argument, unknown type,
# unknown setting.
NOT_SUPPORTED_CODES = frozenset({62, 36, 50, 115})

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_REQUIRES = re.compile(r"^--\s*requires:\s*(\d+)\.(\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """One file. `requires` is the least version of an extra, None for what every engine has."""

    number: int
    name: str
    path: Path
    checksum: str
    requires: tuple[int, int] | None
    statements: tuple[str, ...]


class State(StrEnum):
    """Where a migration stands in one database."""

    APPLIED = "applied"  # before
    PENDING = "pending"  # would be applied now
    NEW = "new"  # was applied now
    LEFT_OUT = "left out"  # an extra that this engine does not know


@dataclass(frozen=True)
class Step:
    """One migration and what became of it; `reason` where it was left out."""

    migration: Migration
    state: State
    reason: str = ""


def read_migrations(directory: Path = MIGRATIONS) -> list[Migration]:
    """The files in order. ConfigurationError names one that was edited, is unlisted, missing or misnamed."""
    listed = _listed_checksums(directory / CHECKSUMS)
    migrations: list[Migration] = []
    for path in sorted(directory.glob("*.sql")):
        migration = _read(path)
        if path.name not in listed:
            raise ConfigurationError(str(path), "", f"not listed in {CHECKSUMS}", "add its sha256sum line")
        if listed.pop(path.name) != migration.checksum:
            raise ConfigurationError(
                str(path), "", "was edited after its release", "undo the edit and write a new migration"
            )
        if migration.number != len(migrations) + 1:
            raise ConfigurationError(
                str(path), "", f"number {migration.number:04} where {len(migrations) + 1:04} follows"
            )
        migrations.append(migration)
    if listed:
        raise ConfigurationError(str(directory / sorted(listed)[0]), "", f"listed in {CHECKSUMS} but missing")
    return migrations


def plan(history: History, directory: Path = MIGRATIONS) -> list[Step]:
    """What `migrate` would do; changes nothing. ConfigurationError as below."""
    version = history.version()
    applied = _applied_checksums(history)
    migrations = read_migrations(directory)
    unknown = sorted(set(applied) - {migration.number for migration in migrations})
    if unknown:
        raise ConfigurationError(
            history.place,
            "schema_migrations",
            f"has migration {unknown[0]:04}, which this program does not know",
            "use the newer program",
        )
    return [
        _step(migration, applied.get(migration.number), version, history.place) for migration in migrations
    ]


def migrate(history: History, directory: Path = MIGRATIONS) -> list[Step]:
    """Create database and tables as far as they are missing; the second time there is nothing to do.

    ConfigurationError names a file that differs from what this database was given. Every statement can be
    repeated, so that a run which was cut off is finished by the next.
    """
    read_migrations(directory)
    history.ensure_database()
    steps = [
        _apply(history, step.migration) if step.state is State.PENDING else step
        for step in plan(history, directory)
    ]
    history.forget_columns()
    return steps


def _apply(history: History, migration: Migration) -> Step:
    try:
        for statement in migration.statements:
            history.execute(statement)
    except StoreRejected as problem:
        if migration.requires is None or problem.code not in NOT_SUPPORTED_CODES:
            raise
        return Step(migration, State.LEFT_OUT, f"this server answers: {problem.problem}")
    history.insert(
        "schema_migrations",
        {"number": [migration.number], "name": [migration.name], "checksum": [migration.checksum]},
    )
    return Step(migration, State.NEW)


def _step(migration: Migration, applied: str | None, version: tuple[int, int], place: str) -> Step:
    if applied is not None:
        if applied != migration.checksum:
            raise ConfigurationError(
                str(migration.path),
                "",
                f"differs from the migration {migration.number:04} that {place} was given",
                "undo the edit and write a new migration",
            )
        return Step(migration, State.APPLIED)
    if migration.requires is not None and version < migration.requires:
        needed = ".".join(map(str, migration.requires))
        return Step(
            migration, State.LEFT_OUT, f"needs ClickHouse {needed}, this is {version[0]}.{version[1]}"
        )
    return Step(migration, State.PENDING)


def _applied_checksums(history: History) -> dict[int, str]:
    there = history.query(
        "select name from system.tables where database = {database:String} and name = 'schema_migrations'",
        {"database": history.database},
    )
    if len(there["name"]) == 0:
        return {}
    rows = history.query("select number, checksum from schema_migrations final order by number")
    return {int(number): str(checksum) for number, checksum in zip(*rows.values(), strict=True)}


def _read(path: Path) -> Migration:
    named = _FILE_NAME.fullmatch(path.name)
    if named is None:
        raise ConfigurationError(str(path), "", "is not named NNNN_name.sql")
    raw = path.read_bytes()
    text = raw.decode()
    required = _REQUIRES.search(text)
    sql = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return Migration(
        number=int(named[1]),
        name=named[2],
        path=path,
        checksum=hashlib.sha256(raw).hexdigest(),
        requires=(int(required[1]), int(required[2])) if required else None,
        statements=tuple(statement.strip() for statement in sql.split(";") if statement.strip()),
    )


def _listed_checksums(path: Path) -> dict[str, str]:
    if not path.exists():
        raise ConfigurationError(str(path), "", "is missing")
    lines = (line.split() for line in path.read_text().splitlines() if line.strip())
    return {name: checksum for checksum, name in lines}
