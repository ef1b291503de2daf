"""`citybrain dead-letters`: what was refused, why, and what it was."""

from __future__ import annotations

import argparse
import base64
import sys
import time
from datetime import UTC, datetime

from config.settings import load_settings
from models.errors import InputError
from store.dead_letters import dead_letter_counts, recent_dead_letters
from store.history import History, Result, open_history

DAY_S = 86_400


def run(arguments: argparse.Namespace) -> int:
    """Print to standard output; 1 when nothing was refused at that place."""
    history = open_history(load_settings(history=arguments.history).history_url)
    try:
        since_s = int(time.time() - arguments.days * DAY_S)
        if arguments.action == "show":
            return _show(history, arguments.place, since_s)
        return _list(history, since_s, arguments.limit)
    finally:
        history.close()


def _list(history: History, since_s: int, limit: int) -> int:
    counts = dead_letter_counts(history, since_s)
    letters = recent_dead_letters(history, since_s, limit)
    for i in range(len(letters["offset"])):
        at = datetime.fromtimestamp(int(letters["received_at"][i]), UTC).isoformat()
        print(f"{at}  {_place(letters, i)}  {letters['reason'][i]}: {letters['detail'][i]}")
    by_reason = [f"{r} {int(n)}" for r, n in zip(counts["reason"], counts["letters"], strict=True)]
    print(f"{int(counts['letters'].sum())} refused: {', '.join(by_reason) or 'none'}")
    return 0


def _show(history: History, place: str | None, since_s: int) -> int:
    if place is None:
        raise InputError("dead-letters show", "needs a place", "TOPIC-PARTITION-OFFSET as `list` prints it")
    letters = recent_dead_letters(history, since_s, 1_000_000)
    for i in range(len(letters["offset"])):
        if _place(letters, i) == place:
            sys.stdout.buffer.write(base64.b64decode(letters["payload"][i]) + b"\n")
            return 0
    print(f"nothing was refused at {place} in that time", file=sys.stderr)
    return 1


def _place(letters: Result, i: int) -> str:
    return "-".join(str(letters[name][i]) for name in ("topic", "partition_id", "offset"))
