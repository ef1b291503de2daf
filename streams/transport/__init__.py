"""A Faust transport that hands one whole fetch of a partition to an agent as one event.

    app = faust.App("group", broker="batch+kafka://localhost:9092")
    lines = app.topic("lines", schema=BatchSchema())

    @app.agent(lines)
    async def count(stream):
        async for event in batches(stream):
            print(len(event.value), "records up to offset", event.value.next_offset)
            event.ack()

Faust spends some 60 us on every event, whatever the agent does; here an event is thousands of records.
It needs Faust and aiokafka and nothing of this project: docs/transport.md.
"""

from faust.transport.drivers import TRANSPORTS

from streams.transport.agent_streams import batches, gathered, is_current, limit_buffer
from streams.transport.batch_schema import BatchSchema
from streams.transport.consumer import Consumer, Transport
from streams.transport.fetched_batch import FetchedBatch, PayloadsReleased

__all__ = [
    "BatchSchema",
    "Consumer",
    "FetchedBatch",
    "PayloadsReleased",
    "Transport",
    "batches",
    "gathered",
    "is_current",
    "limit_buffer",
]

# The entry point says the same; this holds where the package is imported but its metadata is older.
TRANSPORTS.aliases.setdefault("batch+kafka", f"{__name__}:Transport")
