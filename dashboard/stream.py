"""`/stream`: server-sent events, about one `snapshot` a second, a `heartbeat` after five silent seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from dashboard.fanout import MAXIMUM_READERS, Fanout

RETRY_MS = 2000


def stream_routes(fanout: Fanout) -> APIRouter:
    """The route, on the event loop that `fanout` is attached to."""
    routes = APIRouter()

    @routes.get("/stream", include_in_schema=False)
    async def stream(request: Request) -> Response:
        if fanout.readers >= MAXIMUM_READERS:
            return Response("too many open streams\n", 503, {"Retry-After": "10"})
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        events = _events(fanout, _last_id(request.headers.get("last-event-id")))
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    return routes


async def _events(fanout: Fanout, last_id: int | None) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RETRY_MS
    async for tick in fanout.ticks(last_id):
        if tick is None:
            yield b"event: heartbeat\ndata: {}\n\n"
        else:
            yield b"id: %d\nevent: snapshot\ndata: %b\n\n" % (tick.id, tick.payload)


def _last_id(header: str | None) -> int | None:
    return int(header) if header is not None and header.isascii() and header.isdigit() else None
