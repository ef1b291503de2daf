"""`/livez`, `/readyz` and `/metrics` of a worker: for supervisors and Prometheus, not for people."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as NoAnswer
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from models.errors import ConfigurationError
from streams.metrics import Stage, StageCollector, assigned

ANSWER_S = 3.0
"""An event loop that does not answer for so long is stuck."""

log = structlog.get_logger(__name__)


class Answer(NamedTuple):
    """Status, body and its type."""

    status: int
    body: bytes
    content_type: str = "application/json"


def readiness(stage: Stage) -> list[str]:
    """Why this worker does not work on anything; empty when it does."""
    if not stage.app.started:
        return ["the stage is starting"]
    if not assigned(stage):
        return ["Kafka has given it no partition: it has just begun, or others have them all"]
    return []


@contextlib.contextmanager
def serving_health(name: str, stage: Stage, host: str, port: int) -> Iterator[str]:
    """Serve until the end of the block; the address. Every answer comes from the stage's event loop, so that
    a worker whose loop is stuck does not look alive.

    Raises ConfigurationError where the port cannot be had.
    """
    registry = CollectorRegistry()
    registry.register(StageCollector(name, stage))
    routes: dict[str, Callable[[], Answer]] = {
        "/livez": lambda: _json({"alive": True, "stage": name}, 200),
        "/readyz": lambda: _ready(stage),
        "/metrics": lambda: Answer(200, generate_latest(registry), CONTENT_TYPE_LATEST),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one of the routes."""
            answer = _in_loop(stage, routes[self.path]) if self.path in routes else _json({}, 404)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a supervisor asks every few seconds."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        problem = f"{host}:{port} cannot be listened on: {error.strerror or error}"
        raise ConfigurationError("CITYBRAIN_WORKER_PORT", "", problem) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    address = f"http://{host}:{server.server_address[1]}"
    log.info("health is served", address=address)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join(ANSWER_S)


def _in_loop(stage: Stage, make: Callable[[], Answer]) -> Answer:
    """What `make` says in the stage's loop; before that runs there is nothing that it could disturb."""
    if not stage.app.started:
        return make()

    async def answer() -> Answer:
        return make()

    coming = asyncio.run_coroutine_threadsafe(answer(), stage.app.loop)
    try:
        return coming.result(ANSWER_S)
    except NoAnswer:
        coming.cancel()
        return _json({"alive": False, "reasons": [f"the event loop did not answer for {ANSWER_S:g} s"]}, 503)


def _ready(stage: Stage) -> Answer:
    reasons = readiness(stage)
    return _json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


def _json(body: dict[str, object], status: int) -> Answer:
    return Answer(status, msgspec.json.encode(body))
