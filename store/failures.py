"""What an engine's error number means for the caller: wait and try again, or give up."""

from __future__ import annotations

import re

from models.errors import StoreRejected, StoreUnavailable

# The engine or its disk is in a state that passes; the same request may succeed later.
PASSING_CODES = frozenset(
    {
        198,  # DNS_ERROR
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        236,  # ABORTED: shutting down
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS: merges are behind
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED: the history is being closed
        999,  # KEEPER_EXCEPTION
    }
)
# For an insert these too are a matter of load; for a question they mean that it asks too much.
PASSING_CODES_OF_INSERTS = PASSING_CODES | {159, 241}  # TIMEOUT_EXCEEDED, MEMORY_LIMIT_EXCEEDED

UNKNOWN_TABLE = 60
UNKNOWN_DATABASE = 81
NO_SUCH_COLUMN = 16
SIZES_DIFFER = 9
TYPE_MISMATCH = 53

_CODE = re.compile(r"^Code: (\d+)\.\s*(?:DB::Exception: )?")
_LONGEST_MESSAGE = 500


def failure(place: str, code: int, text: str, *, inserting: bool) -> StoreUnavailable | StoreRejected:
    """The error to raise for an engine's answer `code`; the message is cut before the stack trace."""
    problem = first_sentences(text)
    passing = PASSING_CODES_OF_INSERTS if inserting else PASSING_CODES
    if code in passing:
        return StoreUnavailable(place, f"code {code}: {problem}")
    if code in (UNKNOWN_TABLE, UNKNOWN_DATABASE):
        problem += " (`citybrain migrate` makes the tables)"
    return StoreRejected(place, code, problem)


def code_of(text: str) -> int | None:
    """The error number in an engine's message, None where it has none."""
    found = _CODE.search(text)
    return int(found.group(1)) if found else None


def first_sentences(text: str) -> str:
    """An engine's message without its number, its stack trace and its length."""
    text = text.split("Stack trace:")[0].strip()
    text = _CODE.sub("", text).removeprefix("DB::Exception: ").strip()
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "..."
