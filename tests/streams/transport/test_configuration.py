"""How the transport is registered, and what its URL may say."""

from __future__ import annotations

from importlib.metadata import entry_points, requires
from typing import Any

import faust
import numpy as np
import pytest
from aiokafka import ConsumerRecord
from faust.exceptions import ImproperlyConfigured
from faust.transport.drivers import by_url
from faust.types import ConsumerMessage
from yarl import URL

from streams.transport import BatchSchema, FetchedBatch, PayloadsReleased, Transport
from streams.transport.consumer import Consumer
from streams.transport.record_columns import RecordColumns
from streams.transport.unwrapped_records import WRITTEN_FOR
from streams.transport.url_options import Options, read_options


def an_app(broker: str) -> faust.App:
    return faust.App("group", broker=broker, set_as_current=False, autodiscover=False, web_enabled=False)


def test_the_scheme_of_the_brokers_url_chooses_the_transport() -> None:
    assert by_url(URL("batch+kafka://localhost:9092")) is Transport
    (entry,) = entry_points(group="faust.transports", name="batch+kafka")
    assert entry.load() is Transport


def test_the_fast_path_is_written_for_the_pinned_aiokafka() -> None:
    assert f"aiokafka=={WRITTEN_FOR}" in (requires("citybrain") or [])


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (["batch+kafka://a:9092"], Options()),
        (["batch+kafka://a:9092?fast_path=off&fetch_max_wait_ms=100"], Options(False, 100)),
        (["batch+kafka://a", "batch+kafka://b?stall_timeout_s=0"], Options(stall_timeout_s=0.0)),
    ],
)
def test_options_are_in_the_query_of_the_url(urls: list[str], expected: Options) -> None:
    assert read_options(map(URL, urls)) == expected


@pytest.mark.parametrize("query", ["fast=off", "fast_path=no", "fetch_max_bytes=1e6"])
def test_an_unknown_option_or_value_is_refused(query: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=query.partition("=")[0]):
        read_options([URL(f"batch+kafka://a:9092?{query}")])


async def test_a_batch_topic_on_another_transport_is_an_error() -> None:
    topic: Any = an_app("kafka://localhost").topic("topic", schema=BatchSchema())
    message = ConsumerMessage("topic", 0, 0, 0.0, 0, None, None, b"{}", None)
    with pytest.raises(ImproperlyConfigured, match=r"batch\+kafka"):
        await topic.decode(message)


async def test_a_topic_read_with_the_schema_and_without_is_an_error() -> None:
    app = an_app("batch+kafka://localhost")
    app.finalize()
    for topic in (app.topic("both", schema=BatchSchema()), app.topic("both")):
        app.topics.add(topic)
    consumer = app.consumer
    assert isinstance(consumer, Consumer)
    with pytest.raises(ImproperlyConfigured, match="both"):
        consumer._find_largest_batches()


def test_a_batch_holds_at_least_one_record() -> None:
    with pytest.raises(ValueError, match="largest_batch"):
        BatchSchema(largest_batch=0)


def a_batch() -> FetchedBatch:
    return FetchedBatch(
        "topic", 1, np.array([4, 5, 9]), np.array([70, 71, 72]), [b"a", b"", b"c"], [b"k", None, None], 12
    )


def test_a_batch_tells_its_records_as_columns() -> None:
    batch = a_batch()
    assert (len(batch), batch.first_offset, batch.next_offset) == (3, 4, 12)
    assert batch.joined() == b"a\n\nc"
    assert batch.joined(b",") == b",".join(batch.values)
    assert repr(batch) == "<FetchedBatch topic-1 4..11: 3 records>"


def test_a_released_batch_keeps_its_length_and_its_place() -> None:
    batch = a_batch()
    batch.release()
    batch.release()
    assert (len(batch), batch.first_offset, batch.next_offset) == (3, 4, 12)
    for column in ("offsets", "timestamps_ms", "values", "keys"):
        with pytest.raises(PayloadsReleased, match="topic-1 4"):
            getattr(batch, column)


def test_records_without_a_time_have_minus_one() -> None:
    columns = RecordColumns()
    for offset, time_ms in ((7, 1_772_000_000_000), (8, None)):
        record: ConsumerRecord[bytes, bytes]
        record = ConsumerRecord("topic", 0, offset, time_ms, 0, None, None, None, -1, -1, ())
        columns.append([record])
    assert columns.time_column().tolist() == [1_772_000_000_000, -1]
    assert columns.values == [b"", b""]
