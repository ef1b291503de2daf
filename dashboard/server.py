"""The web server: our routes, then Dash's pages, on one FastAPI application in its own thread and loop."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
from dash import Dash
from dash.backends import _fastapi
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.types import ASGIApp

from dashboard.api import api_routes, refusals
from dashboard.asking import BadParameter, problem_json
from dashboard.fanout import Fanout
from dashboard.hub import Hub
from dashboard.metrics import WebMetrics
from dashboard.probes import probe_routes
from dashboard.queries import Queries
from dashboard.questions import History
from dashboard.readers import DayTypeOf, Operation, Readers
from dashboard.routing import PAGE_PATHS, register_pages
from dashboard.security import SecurityHeaders, content_policy
from dashboard.stream import stream_routes
from dashboard.threads import nobody_to_tell, telling_thread
from models.city import City
from models.errors import CitybrainError, ConfigurationError

NOT_NOW = "the history cannot answer now; try again later"
"""All that a client learns: the error itself has addresses and directories, and goes to the log."""

STOP_S = 3.0
GRACE_S = 1
_BACKEND: Any = _fastapi  # untyped; the request that `Dash.index` asks for lives there

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WebApp:
    """The application and what must be closed with it."""

    asgi: ASGIApp
    fanout: Fanout
    queries: Queries


def create_app(
    city: City,
    hub: Hub,
    readers: Readers,
    *,
    day_type_of: DayTypeOf,
    metrics: WebMetrics,
    operation: Operation | None = None,
    language: str = "both",
    query_threads: int = 4,
) -> WebApp:
    """The whole web surface of one city. `hub` need not be started; `readers` may be slow or away."""
    fanout, queries = Fanout(), Queries(query_threads)
    history = History(readers, queries, day_type_of, metrics)
    hub.listen(fanout.publish)
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    server.include_router(stream_routes(fanout))
    api = api_routes(city, hub, history)
    server.include_router(api)
    server.include_router(refusals(api))
    server.include_router(probe_routes(hub, fanout, metrics))
    _answer_errors(server)
    dash = _dash_on(server, city.name.zh or city.name.en)
    register_pages(dash, city, hub, fanout, history, operation or Operation(), language)
    _serve_pages(server, dash)
    return WebApp(SecurityHeaders(server, content_policy(dash.csp_hashes())), fanout, queries)


def _dash_on(server: FastAPI, title: str) -> Any:
    """Any, because Dash types neither its FastAPI backend nor what `_serve_pages` needs of it."""
    make: Any = Dash
    return make(
        __name__,
        server=server,
        backend="fastapi",
        title=title,
        update_title="",
        suppress_callback_exceptions=True,
        assets_folder="assets",
        serve_locally=True,
    )


def _serve_pages(server: FastAPI, dash: Any) -> None:
    """Our own addresses for the pages, and 404 for the rest: Dash would answer any address with 200.

    Dash learns its assets at the first request that passes its own routes; a wall that asks for `/wall`
    first would get a page without scripts, so that is done now.
    """
    dash._setup_server()

    async def page(request: Request) -> Response:
        token = _BACKEND.set_current_request(request)
        try:
            return Response(dash.index(), media_type="text/html", headers={"Cache-Control": "no-cache"})
        finally:
            _BACKEND.reset_current_request(token)

    async def unknown(request: Request) -> Response:
        return Response(f"there is no {request.url.path}\n", 404, media_type="text/plain")

    for path in PAGE_PATHS[1:]:
        server.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)
    server.add_api_route("/{path:path}", unknown, methods=["GET", "HEAD"], include_in_schema=False)


def _answer_errors(server: FastAPI) -> None:
    """Wrong questions answer 400 and name the parameter; an absent history answers 503."""

    @server.exception_handler(BadParameter)
    async def bad_parameter(_request: Request, error: Exception) -> Response:
        assert isinstance(error, BadParameter)
        return Response(problem_json(error.parameter, error.problem), 400, media_type="application/json")

    @server.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        return Response(problem_json(str(first["loc"][-1]), first["msg"]), 400, media_type="application/json")

    @server.exception_handler(CitybrainError)
    async def unavailable(_request: Request, error: Exception) -> Response:
        headers = {"Retry-After": str(int(getattr(error, "retry_after_s", 5)) or 1)}
        log.warning("history_not_available", problem=str(error))
        return Response(problem_json("", NOT_NOW), 503, headers, "application/json")


class WebServer:
    """uvicorn in a thread of its own; `start` returns when connections are accepted.

    `on_failure` is called when it ends without having been asked to.
    """

    def __init__(
        self, web: WebApp, host: str, port: int, *, on_failure: Callable[[], None] = nobody_to_tell
    ) -> None:
        self._web, self.host = web, host
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            web.asgi,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=5,
        )
        self._server = uvicorn.Server(config)
        self._thread = telling_thread("web", self._run, on_failure)
        self._stopping = threading.Event()
        self._ready = threading.Event()

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        """Serve. The socket is bound already, so no connection is refused from here on."""
        self._thread.start()
        self._ready.wait(STOP_S)

    def stop(self) -> None:
        """End open streams, then the server; about a second at most."""
        self._stopping.set()
        self._web.fanout.close()
        self._server.should_exit = True
        self._thread.join(STOP_S)
        self._web.queries.close()
        with suppress(OSError):
            self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())
        if not self._stopping.is_set():
            raise RuntimeError("the web server has ended by itself")

    async def _serve(self) -> None:
        self._web.fanout.attach(asyncio.get_running_loop())
        self._ready.set()
        await self._server.serve(sockets=[self._socket])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(256)
    except OSError as error:
        bound.close()
        problem = f"cannot listen on {host}:{port}: {error.strerror}"
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            remedy = "no such address on this machine, choose another with --host"
            raise ConfigurationError("web server", "host", problem, remedy) from error
        raise ConfigurationError("web server", "port", problem, "choose another with --port") from error
    bound.set_inheritable(True)
    return bound
