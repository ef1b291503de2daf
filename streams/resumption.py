"""Where a worker that takes over a partition learns what time it was in the log before its first record."""

from __future__ import annotations

import msgspec
from kafka import KafkaConsumer, TopicPartition

from models.index_columns import LogTime, decode_record
from streams.broker import BrokerAddress
from streams.topics import INDICES

LOOK_BACK_RECORDS = 300
"""A record a second tells where to resume; a commit is some seconds old at most."""
POLL_MS = 200


def log_time_before(broker: BrokerAddress, partition: int, offset: int) -> LogTime | None:
    """The clock and the watermark's basis that the index of `partition` had before the record at `offset`,
    as the newest index records tell; None where nobody read that far before. Blocks while it reads."""
    known = [
        point for point in _resume_points(broker, partition) if point.offset <= offset and point.clock_ms > 0
    ]
    return max(known, key=lambda point: (point.offset, point.clock_ms), default=None)


def _resume_points(broker: BrokerAddress, partition: int) -> list[LogTime]:
    place = TopicPartition(INDICES.name, partition)
    consumer = KafkaConsumer(**broker.consumer_arguments, group_id=None, enable_auto_commit=False)
    try:
        consumer.assign([place])
        end = consumer.end_offsets([place])[place]
        begin = max(consumer.beginning_offsets([place])[place], end - LOOK_BACK_RECORDS)
        consumer.seek(place, begin)
        points: list[LogTime] = []
        while consumer.position(place) < end:
            for record in consumer.poll(timeout_ms=POLL_MS).get(place, ()):
                try:
                    told = decode_record(record.value)
                except msgspec.MsgspecError:
                    continue  # somebody else's record; the hub counts it
                if told.log_id == broker.log_id and told.resume is not None:
                    points.append(told.resume)
        return points
    finally:
        consumer.close()
