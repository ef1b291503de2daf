"""A recording onto the observation topic, keyed by segment, in the order of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from models.errors import BrokerUnavailable
from models.partitioning import partition_of
from streams.feeds.ordering import LogEntry
from streams.feeds.records import utc_text
from streams.topics import OBSERVATIONS

FLUSH_TIMEOUT_S = 30.0


@dataclass(slots=True)
class Replayed:
    """What went onto the topic, and what the broker did not confirm."""

    observations: int = 0
    clock_records: int = 0
    unconfirmed: int = 0


def replay(
    entries: Iterable[LogEntry],
    producer_arguments: Mapping[str, Any],
    *,
    with_clock: bool,
    topic: str = OBSERVATIONS.name,
) -> Replayed:
    """Produce `entries` to `topic` and wait until the broker has confirmed them.

    `producer_arguments`: kafka-python's, with a list of `bootstrap_servers`. `with_clock`: each tick
    becomes a clock record in every partition; without it the running system's own clock is trusted.
    Raises BrokerUnavailable where the broker cannot be reached.
    """
    place = ",".join(producer_arguments["bootstrap_servers"])
    totals = Replayed()

    def count_unconfirmed(_: object) -> None:
        totals.unconfirmed += 1

    try:
        # one request in flight: a retry must not overtake, the order of the log is the meaning
        producer = KafkaProducer(
            **producer_arguments, acks="all", linger_ms=10, max_in_flight_requests_per_connection=1
        )
    except KafkaError as error:
        raise BrokerUnavailable(place, str(error) or type(error).__name__) from error
    try:
        partitions = len(producer.partitions_for(topic) or ())
        if not partitions:
            raise BrokerUnavailable(place, f"topic {topic} does not exist")
        for entry in entries:
            if entry[0] == "observation":
                record = entry[1]
                partition = partition_of(record.key, partitions)
                future = producer.send(
                    topic, key=record.key.encode(), value=record.payload, partition=partition
                )
                future.add_errback(count_unconfirmed)
                totals.observations += 1
            elif with_clock:
                value = clock_payload(entry[1])
                for partition in range(partitions):
                    producer.send(topic, value=value, partition=partition).add_errback(count_unconfirmed)
                totals.clock_records += partitions
        producer.flush(timeout=FLUSH_TIMEOUT_S)
    except KafkaError as error:
        raise BrokerUnavailable(place, str(error) or type(error).__name__) from error
    finally:
        producer.close(timeout=5)
    return totals


def clock_payload(time_ms: int) -> bytes:
    """The clock record of a time."""
    return f'{{"clock_time":"{utc_text(time_ms)}"}}'.encode()
