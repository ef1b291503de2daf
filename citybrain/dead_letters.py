"""`citybrain dead-letters`: what was refused, why, and what it was."""

from __future__ import annotations

import argparse
import base64
import re
import sys
import time
from datetime import UTC, datetime

from config.settings import load_settings
from models.errors import InputError
from store.dead_letters import dead_letter_counts, dead_letters_at, recent_dead_letters
from store.history import History, Result, open_history

DAY_S = 86_400
LISTED_LOG_ID = 8
"""So many characters of a log's id tell the logs of one history apart; more are taken too."""
FORM = "TOPIC-PARTITION-OFFSET@LOG"
PLACE = re.compile(r"(.+)-(\d{1,5})-(\d{1,19})(?:@(\S+))?")


def run(arguments: argparse.Namespace) -> int:
    """Print to standard output; 1 when nothing was refused at that place."""
    history = open_history(load_settings(history=arguments.history).history_url)
    try:
        if arguments.action == "show":
            return _show(history, arguments.place)
        since_s = int(time.time() - arguments.days * DAY_S)
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


def _show(history: History, place: str | None) -> int:
    match = PLACE.fullmatch(place or "")
    if match is None:
        raise InputError(
            "dead-letters show", f"{place or 'nothing'} is no place", f"{FORM} as `list` prints it"
        )
    topic, partition, offset, log = match.groups()
    letters = dead_letters_at(history, topic, int(partition), int(offset), log or "")
    found = len(letters["offset"])
    if not found:
        print(f"nothing was refused at {place}", file=sys.stderr)
        return 1
    if found > 1:
        places = " or ".join(_place(letters, i, log_id_characters=None) for i in range(found))
        raise InputError("dead-letters show", f"{place} is a place of {found} logs", f"say {places}")
    sys.stdout.buffer.write(base64.b64decode(letters["payload"][0]) + b"\n")
    return 0


def _place(letters: Result, i: int, log_id_characters: int | None = LISTED_LOG_ID) -> str:
    """Offsets begin again with every start of the embedded broker, so that the log is part of the place."""
    place = "-".join(str(letters[name][i]) for name in ("topic", "partition_id", "offset"))
    return f"{place}@{str(letters['log_id'][i])[:log_id_characters]}"
