"""What the analyst page does when its address changes. Every callback is async; queries run in the pool."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dash import Dash, Input, Output, State, ctx, html, no_update

from dashboard.asking import BadParameter, Question, place_name
from dashboard.figures import trend_figure
from dashboard.hub import Hub
from dashboard.pages.analyst import (
    analyst_head,
    empty_figure,
    place_facts,
    problem_notice,
    trend_heading,
    windows_found,
)
from dashboard.pages.place import PlaceState, in_language, path_to, read_state, utc_now
from dashboard.pages.ranking import area_rows, ranking_table, segment_rows
from dashboard.questions import History
from dashboard.series import epoch_seconds, missing_windows
from dashboard.snapshot import TypicalPlace
from dashboard.texts import text
from dashboard.typical import slot_of
from models.city import City
from models.errors import CitybrainError


def register_analyst(app: Dash, city: City, hub: Hub, history: History) -> None:
    """Wire the page's callbacks."""
    zone = ZoneInfo(city.timezone)

    @app.callback(
        Output("analyst-head", "children"),
        Output("analyst-place", "children"),
        Output("days", "start_date"),
        Output("days", "end_date"),
        Input("address", "search"),
    )
    async def show_place(search: str | None) -> tuple[Any, ...]:
        state = read_state(city, search or "")
        try:
            place_name(city, state.kind, state.place_id)
        except BadParameter as error:
            return analyst_head(city, state, [_spelled(error, state)]), None, no_update, no_update
        try:
            question = state.question(city, utc_now())
        except BadParameter as error:
            head = analyst_head(city, state, [_spelled(error, state)])
            return head, place_facts(city, state), no_update, no_update
        days = [
            moment.astimezone(zone).date().isoformat() for moment in (question.start, _inside(question.end))
        ]
        return analyst_head(city, state), place_facts(city, state), *days

    @app.callback(
        Output("analyst-language", "href"), Input("address", "search"), State("analyst-language", "lang")
    )
    async def keep_place_in_other_language(search: str | None, other: str) -> str:
        return f"/analyst?{in_language(search or '', other)}"

    @app.callback(
        Output("trend-figure", "figure"),
        Output("trend-head", "children"),
        Input("address", "search"),
    )
    async def show_trend(search: str | None) -> tuple[Any, ...]:
        now = utc_now()
        state = read_state(city, search or "", now)
        started = time.perf_counter()
        question = None
        try:
            question = state.question(city, now)
            windows, profiles = await _trend_data(history, question, zone)
        except BadParameter:  # the head says what is wrong
            return empty_figure(), trend_heading(city, state, None, "")
        except CitybrainError:
            problem = problem_notice(text("store_unavailable", state.language))
            return empty_figure(), [*trend_heading(city, state, question, ""), problem]
        since_s, until_s = question.start.timestamp(), question.end.timestamp()
        figure = trend_figure(
            windows,
            profiles,
            history.day_type_of,
            measure="tti" if state.kind == "segment" else "tpi",
            window_s=state.window_s,
            timezone=city.timezone,
            start_s=int(since_s),
            end_s=int(until_s),
            language=state.language,
        )
        start_s = epoch_seconds(windows)
        missing = missing_windows(start_s, state.window_s, since_s, until_s, now.timestamp())
        found = windows_found(len(start_s), missing, time.perf_counter() - started, state.language)
        heading = trend_heading(city, state, question, found)
        if not len(start_s):
            heading.append(html.Span(text("no_history", state.language), className="small warning"))
        return figure, heading

    @app.callback(
        Output("analyst-children", "children"),
        Input("address", "search"),
        Input("children-clock", "n_intervals"),
    )
    async def show_children(search: str | None, _beats: int | None) -> Any:
        state = read_state(city, search or "")
        try:
            place_name(city, state.kind, state.place_id)
            return await _children(city, hub, history, state)
        except BadParameter:
            return None
        except CitybrainError:
            return problem_notice(text("store_unavailable", state.language))

    @app.callback(
        Output("address", "search", allow_duplicate=True),
        Input("days", "start_date"),
        Input("days", "end_date"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def choose_days(first: str | None, last: str | None, search: str | None) -> Any:
        state = read_state(city, search or "")
        try:
            question = state.question(city, utc_now())
        except BadParameter:
            return no_update
        shown = [
            moment.astimezone(zone).date().isoformat() for moment in (question.start, _inside(question.end))
        ]
        if not first or not last or not ctx.triggered or [first[:10], last[:10]] == shown:
            return no_update
        start = datetime.combine(date.fromisoformat(first[:10]), datetime.min.time(), zone)
        end = datetime.combine(date.fromisoformat(last[:10]), datetime.min.time(), zone) + timedelta(days=1)
        spelled = [moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (start, end)]
        return "?" + state.address(start=spelled[0], end=spelled[1]).partition("?")[2]


async def _trend_data(history: History, question: Question, zone: ZoneInfo) -> tuple[Any, dict[str, Any]]:
    first, last = question.start.astimezone(zone).date(), question.end.astimezone(zone).date()
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    types = sorted({history.day_type_of(day) for day in days})
    windows, *profiles = await asyncio.gather(
        history.windows(question),
        *(history.profile_columns(question.kind, question.place_id, day_type) for day_type in types),
    )
    return windows, dict(zip(types, profiles, strict=True))


async def _children(city: City, hub: Hub, history: History, state: PlaceState) -> list[Any]:
    language, snapshot = state.language, hub.snapshot
    hint = html.Span(text("sort_hint", language), className="small")
    if state.kind == "segment":
        kind, district_id = path_to(city, state)[1]
        state_of_parent = read_state(city, state.address(kind=kind, place_id=district_id).partition("?")[2])
        return await _children(city, hub, history, state_of_parent)
    if state.kind == "city":
        parts = []
        for kind, key in (("district", "children_districts"), ("corridor", "children_corridors")):
            rows = area_rows(city, hub.areas(kind), kind)
            if rows:
                head = html.Div([html.H2(text(key, language)), hint], className="section-head")
                parts.append(html.Div([head, ranking_table(rows, state, "tpi")]))
        return [html.Div(parts, className="side-by-side")]
    corridor = next((c for c in city.corridors if c.corridor_id == state.place_id), None)
    segment_ids = (
        list(corridor.segment_ids)
        if state.kind == "corridor" and corridor
        else [s.segment_id for s in city.segments if s.district_id == state.place_id]
    )
    typical = await _segment_typical(history, city)
    rows = segment_rows(city, snapshot, segment_ids, typical, language)
    head = html.Div([html.H2(text("children_segments", language)), hint], className="section-head")
    return [head, ranking_table(rows, state, "tti")]


async def _segment_typical(history: History, city: City) -> dict[str, TypicalPlace]:
    local = utc_now().astimezone(ZoneInfo(city.timezone))
    columns = await history.typical_at("segment", history.day_type_of(local.date()), slot_of(local))
    values = zip(columns["area_id"], columns["tti_p10"], columns["tti_p50"], columns["tti_p90"], strict=True)
    return {str(place): TypicalPlace(float(p10), float(p50), float(p90)) for place, p10, p50, p90 in values}


def _inside(end: datetime) -> datetime:
    """A moment of the last day of a half-open range."""
    return end - timedelta(seconds=1)


def _spelled(error: BadParameter, state: PlaceState) -> str:
    lead = text("unknown_place", state.language) + ": " if error.parameter in ("id", "kind") else ""
    return f"{lead}{error}"
