"""Probe samples to matched observations: a position becomes a speed on a segment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import numpy as np

from models.city import City
from models.map_matching import DISTANCE_LIMIT_M, HEADING_LIMIT_DEG, RoadGrid, match_positions, road_grid
from streams.feeds.records import FeedRecord, FeedRefusal, ProbeSample, utc_text

CHUNK = 4096
"""Items matched together; the result does not depend on it."""

_NO_ROAD = f"no road within {DISTANCE_LIMIT_M:g} m runs within {HEADING_LIMIT_DEG:g} degrees of its heading"


def matched(
    items: Iterable[FeedRecord | ProbeSample | FeedRefusal], city: City | None
) -> Iterator[FeedRecord | FeedRefusal]:
    """`items` in their order, each probe sample put on its segment or refused as unknown_segment.

    Without a city every sample is refused.
    """
    grid = None if city is None else road_grid(city)
    chunk: list[FeedRecord | ProbeSample | FeedRefusal] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield from _matched(chunk, city, grid)
            chunk = []
    yield from _matched(chunk, city, grid)


def _matched(
    chunk: list[FeedRecord | ProbeSample | FeedRefusal], city: City | None, grid: RoadGrid | None
) -> Iterator[FeedRecord | FeedRefusal]:
    samples = [item for item in chunk if isinstance(item, ProbeSample)]
    positions = iter(_positions(samples, grid))
    for item in chunk:
        if not isinstance(item, ProbeSample):
            yield item
            continue
        position = next(positions)
        if city is None:
            detail = "a probe sample needs a city folder to be put on a road"
            yield FeedRefusal(item.source, item.line, "unknown_segment", detail)
        elif position < 0:
            yield FeedRefusal(item.source, item.line, "unknown_segment", _NO_ROAD)
        else:
            yield _observation(item, city.segments[position].segment_id)


def _positions(samples: list[ProbeSample], grid: RoadGrid | None) -> list[int]:
    if grid is None or not samples:
        return [-1] * len(samples)
    columns = np.array([(s.lon, s.lat, s.heading_deg) for s in samples], dtype=np.float64)
    segment, _ = match_positions(grid, columns[:, 0], columns[:, 1], columns[:, 2])
    return [int(position) for position in segment]


def _observation(sample: ProbeSample, segment_id: str) -> FeedRecord:
    content = {
        "vehicle_id": sample.vehicle_id,
        "segment_id": segment_id,
        "event_time": utc_text(sample.event_ms),
        "speed_kmh": sample.speed_kmh,
    }
    available_ms = sample.event_ms
    if sample.sent_ms is not None:
        content["sent_time"] = utc_text(sample.sent_ms)
        available_ms = sample.sent_ms
    payload = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return FeedRecord(segment_id, available_ms, payload, sample.source, sample.line)
