"""`citybrain migrate`: bring the history's tables up to date, or say what would be done."""

from __future__ import annotations

import argparse

from config.settings import load_settings
from store.history import open_history
from store.migrate import migrate, plan


def run(arguments: argparse.Namespace) -> int:
    """One line per migration."""
    settings = load_settings(history=arguments.history)
    history = open_history(settings.history_url)
    try:
        steps = plan(history) if arguments.dry_run else migrate(history)
    finally:
        history.close()
    for step in steps:
        why = f" ({step.reason})" if step.reason else ""
        print(f"{step.migration.number:04d} {step.migration.name}: {step.state.value}{why}")
    return 0
