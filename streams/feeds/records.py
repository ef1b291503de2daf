"""What a reader yields: records ready for the topic, probe samples still to be matched, and refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FeedRecord(NamedTuple):
    """One canonical observation as it goes onto the topic.

    `available_ms`: when the city could know it, UTC epoch ms: `sent_time` where given, else `event_time`.
    """

    key: str
    available_ms: int
    payload: bytes
    source: str
    line: int


class ProbeSample(NamedTuple):
    """One position of one vehicle, not yet on a segment. `heading_deg` is NaN where not given."""

    vehicle_id: str
    event_ms: int
    sent_ms: int | None
    lon: float
    lat: float
    speed_kmh: float | None
    heading_deg: float
    source: str
    line: int


class FeedRefusal(NamedTuple):
    """One line that does not become an observation. `reason` is a word of `models.observation.REASONS`."""

    source: str
    line: int
    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.reason}: {self.detail}"


def only_records(
    items: Iterable[FeedRecord | FeedRefusal],
    refused: Counter[str],
    tell: Callable[[FeedRefusal], None] | None = None,
) -> Iterator[FeedRecord]:
    """The records among `items`; refusals are counted by reason in `refused` and handed to `tell`."""
    for item in items:
        if isinstance(item, FeedRecord):
            yield item
        else:
            refused[item.reason] += 1
            if tell is not None:
                tell(item)


def epoch_ms(moment: datetime) -> int:
    """UTC epoch milliseconds of a time with zone, exact."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def utc_text(time_ms: int) -> str:
    """2026-03-01T00:00:00.000Z for epoch milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
