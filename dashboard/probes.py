"""`/livez`, `/readyz` and `/metrics`: for supervisors and Prometheus, not for people."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from dashboard.fanout import Fanout
from dashboard.hub import Hub
from dashboard.metrics import WebMetrics


def readiness(hub: Hub) -> list[str]:
    """Why this process is not ready to be looked at; empty when it is."""
    snapshot = hub.snapshot
    if snapshot is None:
        return ["no snapshot was built yet"]
    if snapshot.state == "starting":
        return ["no observation has arrived yet"]
    return []


def probe_routes(hub: Hub, fanout: Fanout, metrics: WebMetrics) -> APIRouter:
    """The three routes. Ready means that there is a picture, not that the picture is fresh."""
    routes = APIRouter()

    @routes.get("/livez", include_in_schema=False)
    async def livez() -> Response:
        return _json({"alive": True}, 200)

    @routes.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        reasons = readiness(hub)
        state = hub.snapshot.state if hub.snapshot else "starting"
        return _json({"ready": not reasons, "reasons": reasons, "state": state}, 503 if reasons else 200)

    @routes.get("/metrics", include_in_schema=False)
    async def exposition() -> Response:
        metrics.stream_readers.set(fanout.readers)
        return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return routes


def _json(body: dict[str, object], status: int) -> Response:
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, "application/json")
