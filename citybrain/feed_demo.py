"""`citybrain feed demo`: the demo city's invented traffic onto a Kafka, as `citybrain up` has it inside."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import threading

from kafka import KafkaProducer

from citybrain.process import prepare_process, refuse_embedded
from config.city_folder import city_folder_of, load_city
from config.settings import load_settings
from models.errors import InputError
from streams.broker import open_broker
from streams.feeds.demo import run_demo_feed
from streams.topics import OBSERVATIONS, partition_counts


def run_demo(arguments: argparse.Namespace) -> int:
    """Produce until a signal, then print a JSON summary to standard error; 0.

    Raises InputError for a city that is not invented: real and invented traffic never mix.
    """
    settings = load_settings(city=arguments.city, speed=arguments.speed, broker=arguments.broker)
    prepare_process(settings)
    refuse_embedded(settings)
    folder = city_folder_of(settings.city)
    city = load_city(folder)
    if not city.synthetic:
        raise InputError(
            str(folder), "is a real city: its traffic is never invented", "use feed csv or ndjson"
        )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_broker(settings.broker) as broker:
        broker.create_topics(partition_counts(settings.partitions))
        producer = KafkaProducer(**broker.kafka_arguments, linger_ms=5)
        try:
            counts = run_demo_feed(city, producer, OBSERVATIONS.name, stop=stop, speed=settings.speed)
        finally:
            producer.close(timeout=1)
    sys.stderr.write(json.dumps(dataclasses.asdict(counts)) + "\n")
    return 0
