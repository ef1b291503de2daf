"""Every topic: name, partitions, key and what it carries. The documentation is tested against this table."""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """`partitioned`: as many partitions as the deployment chose, else exactly one."""

    name: str
    partitioned: bool
    key: str
    sentence: str


OBSERVATIONS = Topic(
    "observations.traffic",
    True,
    "segment_id",
    "Traffic observations and matched probe samples, as JSON or in blocks; one clock record per second.",
)
INDICES = Topic(
    "indices",
    True,
    "none; the partition is the source partition",
    "Segment indices that changed, one columnar msgpack record per tick and partition.",
)
AREA_PARTIALS = Topic(
    "area-partials",
    False,
    "source partition",
    "What one partition knows of every area: integer sums per window, replacing what it said before.",
)
AREA_INDICES = Topic(
    "area-indices",
    False,
    "none",
    "Indices of city, districts and corridors merged over all partitions, columnar msgpack.",
)
ALERTS = Topic(
    "alerts",
    False,
    "alert_id:event",
    "What happens to alerts and sick sensors: raised, changed, cleared, each with its reason, as JSON.",
)
DEAD_LETTERS = Topic(
    "dead-letters",
    False,
    "topic-partition-offset",
    "Records that were refused, with reason, detail, place and payload, as JSON.",
)

TOPICS = (OBSERVATIONS, INDICES, AREA_PARTIALS, AREA_INDICES, ALERTS, DEAD_LETTERS)


def partition_counts(partitions: int) -> dict[str, int]:
    """Topic name -> number of partitions for a deployment with `partitions` of observations."""
    return {topic.name: partitions if topic.partitioned else 1 for topic in TOPICS}
