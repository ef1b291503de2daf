"""`citybrain migrate`: bring the history's tables up to date, or say what would be done."""

from __future__ import annotations

import argparse
from pathlib import Path

from config.settings import load_settings
from store.address import EmbeddedAddress, parse_address
from store.history import open_history
from store.migrate import State, Step, migrate, plan, read_migrations


def run(arguments: argparse.Namespace) -> int:
    """One line per migration."""
    settings = load_settings(history=arguments.history)
    steps = _steps(settings.history_url, arguments.dry_run)
    for step in steps:
        why = f" ({step.reason})" if step.reason else ""
        print(f"{step.migration.number:04d} {step.migration.name}: {step.state.value}{why}")
    return 0


def is_made(url: str) -> bool:
    """Whether opening the history finds one: an embedded one would be created by looking at it."""
    address = parse_address(url)
    if not isinstance(address, EmbeddedAddress):
        return True
    folder = Path(address.path)
    return folder.is_dir() and any(folder.iterdir())


def _steps(url: str, dry_run: bool) -> list[Step]:
    if dry_run and not is_made(url):
        return [Step(migration, State.PENDING) for migration in read_migrations()]
    history = open_history(url)
    try:
        return plan(history) if dry_run else migrate(history)
    finally:
        history.close()
