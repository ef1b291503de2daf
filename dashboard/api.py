"""`/api/v1`: the same figures as on the pages, for programs. Wrong questions answer 400 and say why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from dashboard.asking import BadParameter, Question, checked_question, checked_time, place_name
from dashboard.geometry import city_geometry
from dashboard.hub import Hub
from dashboard.latest import segment_order
from dashboard.questions import History
from dashboard.series import csv_of, epoch_seconds, missing_windows, published_series
from models.city import City

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
MAXIMUM_ALERT_DAYS = 92
MAXIMUM_ALERTS = 10_000

_Kind = Annotated[str, Query(description="city, district, corridor or segment")]
_Id = Annotated[str, Query(alias="id", description="id of the place, as in /api/v1/city")]
_Window = Annotated[int, Query(description="length of a window in seconds: 60 or 300")]
_Time = Annotated[str | None, Query(description="ISO 8601 with zone, e.g. 2026-03-01T00:00:00Z")]


def api_routes(city: City, hub: Hub, history: History) -> APIRouter:
    """The routes; queries go through `history` and never run on the event loop.

    They answer HEAD too, and refuse parameters that they do not know.
    """
    routes = APIRouter(prefix="/api/v1", dependencies=[Depends(_only_known_parameters)])
    geometry, geometry_tag = msgspec.json.encode(city_geometry(city)), f'"{segment_order(city)}"'

    @routes.get("/city", summary="Places of the city: names, lines, order of the segments")
    async def places(request: Request) -> Response:
        headers = {"ETag": geometry_tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == geometry_tag:
            return Response(status_code=304, headers=headers)
        return Response(geometry, 200, headers, "application/json")

    @routes.get("/latest", summary="The newest snapshot, exactly as /stream pushes it")
    async def latest() -> Response:
        if hub.newest is None:
            return json_error("no snapshot was built yet", 503)
        return Response(hub.newest.payload, 200, {"Cache-Control": "no-store"}, "application/json")

    @routes.get("/history", summary="Windows of one place, as JSON or CSV")
    async def windows(
        kind: _Kind = "city",
        place_id: _Id = city.city_id,
        window_s: _Window = 300,
        start: _Time = None,
        end: _Time = None,
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Response:
        now = datetime.now(UTC)
        question = checked_question(city, kind, place_id, window_s, start, end, now)
        columns = await history.windows(question)
        series, start_s = published_series(kind, columns), epoch_seconds(columns)
        since_s, until_s = question.start.timestamp(), question.end.timestamp()
        missing = missing_windows(start_s, window_s, since_s, until_s, now.timestamp())
        if form == "csv":
            name = f"{kind}_{place_id}_{question.start:%Y%m%dT%H%M}.csv"
            headers = {
                "Content-Disposition": f'attachment; filename="{_file_name(name)}"',
                "X-Found-Windows": str(len(start_s)),
                "X-Missing-Windows": str(missing),
            }
            return Response(csv_of(series, place_id), 200, headers, "text/csv; charset=utf-8")
        counts = {"found": len(start_s), "missing": missing}
        return json_answer({**_asked(question), "synthetic": city.synthetic, **counts, "windows": series})

    @routes.get("/typical", summary="The typical day of one place: P10, P50 and P90 per 5 minutes")
    async def typical(
        kind: _Kind = "city",
        place_id: _Id = city.city_id,
        date: Annotated[str | None, Query(description="local date, e.g. 2026-03-01; without: today")] = None,
    ) -> Response:
        place_name(city, kind, place_id)
        day = datetime.now(ZoneInfo(city.timezone)).date()
        if date:
            try:
                day = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).date()
            except ValueError:
                raise BadParameter("date", f"{date!r} is no date such as 2026-03-01") from None
        day_type, profile = await history.profile(kind, place_id, day)
        return json_answer({"kind": kind, "id": place_id, "day_type": day_type, **profile})

    @routes.get("/alerts", summary="Alert events of a range of time, newest first")
    async def alerts(start: _Time = None, end: _Time = None) -> Response:
        until = checked_time("end", end) if end else datetime.now(UTC)
        since = checked_time("start", start) if start else until - timedelta(days=1)
        if since >= until:
            raise BadParameter("start", "is not before end")
        if until - since > timedelta(days=MAXIMUM_ALERT_DAYS):
            raise BadParameter("start", f"asks for more than {MAXIMUM_ALERT_DAYS} days")
        events, truncated = await history.alerts(since, until, MAXIMUM_ALERTS)
        return json_answer({"alerts": events, "truncated": truncated})

    @routes.get("/openapi.json", include_in_schema=False)
    async def description() -> Response:
        return json_answer(
            get_openapi(
                title="citybrain",
                version="1",
                summary="Congestion of a city: now and before.",
                routes=[route for route in routes.routes if getattr(route, "include_in_schema", False)],
            )
        )

    for route in [route for route in routes.routes if isinstance(route, APIRoute)]:
        # apart from GET, so that the description has each address once
        path = route.path.removeprefix(routes.prefix)
        routes.add_api_route(path, route.endpoint, methods=["HEAD"], include_in_schema=False)
    return routes


def refusals(api: APIRouter) -> APIRouter:
    """The documented error for whatever else is under `/api`: another address, another method."""
    paths = {route.path for route in api.routes if isinstance(route, APIRoute)}

    async def refuse(request: Request) -> Response:
        path = request.url.path
        if path in paths:
            error = json_error(f"{request.method} is not answered here; use GET", 405)
            error.headers["Allow"] = "GET, HEAD"
            return error
        return json_error(f"there is no {path}", 404)

    routes = APIRouter()
    for path in ("/api", "/api/{path:path}"):
        routes.add_api_route(path, refuse, methods=METHODS, include_in_schema=False)
    return routes


def _only_known_parameters(request: Request) -> None:
    """BadParameter for one that the route does not have, or that is there twice."""
    known = [parameter.alias for parameter in request.scope["route"].dependant.query_params]
    seen = [name for name, _value in request.query_params.multi_items()]
    for name in seen:
        if name not in known:
            raise BadParameter(name, f"is not known here; known are: {', '.join(known) or 'none'}")
        if seen.count(name) > 1:
            raise BadParameter(name, "is there more than once")


def json_error(problem: str, status: int) -> Response:
    """The documented form of an error that no single parameter is to blame for."""
    return json_answer({"error": {"parameter": "", "problem": problem}}, status)


def json_answer(body: Any, status: int = 200) -> Response:
    """JSON that no cache keeps."""
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, "application/json")


def _asked(question: Question) -> dict[str, Any]:
    return {
        "kind": question.kind,
        "id": question.place_id,
        "window_s": question.window_s,
        "start": question.start,
        "end": question.end,
    }


def _file_name(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
