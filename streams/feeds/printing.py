"""A recording as text: canonical observations to one stream, refusals to another, without a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO

from models.city import City
from models.observation import decode
from streams.feeds.records import FeedRecord, FeedRefusal

CHUNK = 1000


def print_recording(
    items: Iterable[FeedRecord | FeedRefusal], city: City | None, out: BinaryIO, err: TextIO
) -> Counter[str]:
    """Write each accepted observation as a line to `out`, each refusal as a line to `err`.

    With a city the content is judged as the stream will judge it. Returns counts: `accepted`, and each
    reason of refusal.
    """
    counts: Counter[str] = Counter()
    for item in items if city is None else judged(items, city):
        if isinstance(item, FeedRecord):
            out.write(item.payload + b"\n")
            counts["accepted"] += 1
        else:
            err.write(f"{item}\n")
            counts[item.reason] += 1
    out.flush()
    return counts


def judged(items: Iterable[FeedRecord | FeedRefusal], city: City) -> Iterator[FeedRecord | FeedRefusal]:
    """`items` in their order, with the refusals that the stream would make of their content."""
    chunk: list[FeedRecord | FeedRefusal] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield from _judged(chunk, city)
            chunk = []
    yield from _judged(chunk, city)


def _judged(chunk: list[FeedRecord | FeedRefusal], city: City) -> Iterator[FeedRecord | FeedRefusal]:
    at = [i for i, item in enumerate(chunk) if isinstance(item, FeedRecord)]
    payloads = [item.payload for item in chunk if isinstance(item, FeedRecord)]
    refused = {at[r.position]: r for r in decode(payloads, range(len(payloads)), city)[1]}
    for i, item in enumerate(chunk):
        refusal = refused.get(i)
        if refusal is None:
            yield item
        else:
            yield FeedRefusal(item.source, item.line, refusal.reason, refusal.detail)
