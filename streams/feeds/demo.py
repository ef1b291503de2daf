"""The live demo feed: invented observations of the demo city, produced as their intervals end.

It can begin some minutes in the past and tells those at once, so that a new wall shows colours.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from kafka.errors import KafkaError

from models.city import City
from models.demo_city import DEMO_SEED, demo_traffic
from models.synthetic_sensors import observations_ending, plan_sensors
from streams.feeds.demo_deliveries import Delivery, deliveries

BACKFILL_S = 360
BACKFILL_STEP_S = 300
"""A backfill begins at a boundary of the five-minute windows: what is older is left to the history."""

TICK_S = 0.25
RETRY_S = 1.0
FORGET_AFTER_S = 720
"""While the broker cannot be reached nothing older than this is kept: it would be late everywhere. Longer
than the longest backfill."""

_log = structlog.get_logger(__name__)


class Producer(Protocol):
    """What of kafka-python's KafkaProducer the feed needs."""

    def send(self, topic: str, *, key: bytes, value: bytes) -> object:
        """Hand over one record; raises KafkaError where there is no room or no broker."""


@dataclass
class DemoFeedCounts:
    """What the feed has done since it began; written by its thread, read by anybody."""

    produced: int = 0
    failed_sends: int = 0
    forgotten: int = 0
    waiting: int = 0


def backfill_start_s(now_s: float) -> int:
    """Where a feed without a past begins: at least six minutes ago, UTC epoch seconds."""
    return int(now_s - BACKFILL_S) // BACKFILL_STEP_S * BACKFILL_STEP_S


def run_demo_feed(
    city: City,
    producer: Producer,
    topic: str,
    *,
    stop: threading.Event,
    seed: int = DEMO_SEED,
    now: Callable[[], float] = time.time,
    speed: float = 1.0,
    hour_shift_h: float = 0.0,
    since_s: float | None = None,
    whole_from_start: bool = True,
    counts: DemoFeedCounts | None = None,
) -> DemoFeedCounts:
    """Produce until `stop` is set; returns the counts (the same object as given, updated all the while).

    `since_s` (UTC epoch) is where the feed begins, by default `backfill_start_s`; after a stop now, so that
    the time in between stays a hole. With `whole_from_start` the first intervals begin there, without it they
    end after it: sensors go on measuring while nobody listens, and tell the interval that has just ended.
    `speed` makes the city's day pass so many times faster; the observations keep the clock's time, since
    nothing may be ahead of it. `hour_shift_h` turns the daily profile: with 6, noon has the traffic of 18:00;
    a history made with the same shift fits. `now` gives UTC epoch seconds. A record that the broker does not
    take is tried again every second, and forgotten after twelve minutes.
    """
    counts = counts if counts is not None else DemoFeedCounts()
    traffic = demo_traffic(city, seed, hour_shift_h)
    sensors = plan_sensors(city, seed)
    began_s = now()
    since_ms = int((backfill_start_s(began_s) if since_s is None else since_s) * 1000)
    made_until_ms = since_ms
    waiting: list[Delivery] = []
    while not stop.is_set():
        now_s = now()
        now_ms = int(now_s * 1000)
        if now_ms > made_until_ms:
            made_after_ms = max(made_until_ms, now_ms - FORGET_AFTER_S * 1000)
            ahead_s = round((now_s - began_s) * (speed - 1.0))
            observed = observations_ending(traffic, sensors, made_after_ms, now_ms, ahead_s)
            if whole_from_start:
                observed = observed.take(observed.start_ms >= since_ms)
            for delivery in deliveries(city, seed, observed):
                heapq.heappush(waiting, delivery)
            made_until_ms = now_ms
        taken = _send_due(producer, topic, waiting, now_ms, counts)
        counts.waiting = len(waiting)
        stop.wait(TICK_S if taken else RETRY_S)
    return counts


def _send_due(
    producer: Producer, topic: str, waiting: list[Delivery], now_ms: int, counts: DemoFeedCounts
) -> bool:
    """Send what is due; False when the broker did not take a record (it stays waiting)."""
    while waiting and waiting[0].at_ms <= now_ms:
        if waiting[0].at_ms < now_ms - FORGET_AFTER_S * 1000:
            heapq.heappop(waiting)
            counts.forgotten += 1
            continue
        delivery = waiting[0]
        try:
            producer.send(topic, key=delivery.key, value=delivery.value)
        except KafkaError as error:
            counts.failed_sends += 1
            _log.warning("demo feed waits for the broker", problem=str(error), retry_after_s=RETRY_S)
            return False
        heapq.heappop(waiting)
        counts.produced += 1
    return True
