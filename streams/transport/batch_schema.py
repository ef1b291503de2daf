"""How a topic says that it wants batches."""

from __future__ import annotations

from typing import Any

from faust import Schema
from faust.exceptions import ImproperlyConfigured
from faust.types import AppT, EventT, Message

from streams.transport.fetched_batch import FetchedBatch

LARGEST_BATCH = 10_000
"""Records. What the agent does with a batch blocks its event loop: about 10 ms at 1 us a record."""


class BatchSchema(Schema[Any, Any]):
    """`app.topic(name, schema=BatchSchema())`: the topic's events carry one FetchedBatch each.

    Keys and values stay bytes; `event.key` is None and headers are not told.

    Arguments:
        largest_batch: how many records an event carries at most.
    """

    def __init__(self, *, largest_batch: int = LARGEST_BATCH, **kwargs: Any) -> None:
        if largest_batch < 1:
            raise ValueError(f"largest_batch must be at least 1, not {largest_batch}")
        self.largest_batch = largest_batch
        super().__init__(**kwargs)

    def compile(self, app: AppT, **_: Any) -> Any:
        """The function that makes an event of a message: nothing is decoded, the batch is the value."""
        create_event = app.create_event

        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:
            if not isinstance(message.value, FetchedBatch):
                raise ImproperlyConfigured(
                    f"topic {message.topic} has a BatchSchema: the app's broker must be batch+kafka://..."
                )
            return create_event(None, message.value, None, message)

        return decode
