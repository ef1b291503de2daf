"""Which page an address shows, and the callbacks of the pages."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, State, dcc, html

from dashboard.colour import known_theme
from dashboard.fanout import Fanout
from dashboard.hub import Hub
from dashboard.pages.analyst import analyst_page
from dashboard.pages.analyst_callbacks import register_analyst
from dashboard.pages.health import health_page, live_sections, store_problem, store_section
from dashboard.pages.start import not_found_page, start_page
from dashboard.pages.wall import wall_page
from dashboard.questions import History
from dashboard.readers import Operation
from dashboard.texts import known_language
from models.city import City
from models.errors import CitybrainError

PAGE_PATHS = ("/", "/wall", "/analyst", "/health")
STORE_PATIENCE_S = 10.0


def register_pages(
    app: Dash, city: City, hub: Hub, fanout: Fanout, history: History, operation: Operation, language: str
) -> None:
    """Give `app` its layout and callbacks. `language` is the one of an address that names none."""
    app.layout = html.Div([dcc.Location(id="address", refresh="callback-nav"), html.Div(id="page")])

    @app.callback(Output("page", "children"), Input("address", "pathname"), State("address", "search"))
    async def show_page(path: str | None, search: str | None) -> Any:
        query = {name: values[-1] for name, values in parse_qs((search or "").lstrip("?")).items()}
        wanted = known_language(query.get("lang"), language)
        alone = "zh" if wanted == "both" else wanted
        path = (path or "/").rstrip("/") or "/"
        if path == "/wall":
            return wall_page(city, wanted, known_theme(query.get("theme")))
        if path == "/analyst":
            return analyst_page(city, alone)
        if path == "/health":
            return health_page(city, alone, operation)
        return start_page(city, alone) if path == "/" else not_found_page(city, alone)

    register_analyst(app, city, hub, history)

    @app.callback(
        Output("health-live", "children"), Input("health-clock", "n_intervals"), State("address", "search")
    )
    async def show_live(_beats: int | None, search: str | None) -> Any:
        return live_sections(hub.snapshot, fanout.readers, _alone(search), city.timezone)

    @app.callback(
        Output("health-store", "children"), Input("store-clock", "n_intervals"), State("address", "search")
    )
    async def show_store(_beats: int | None, search: str | None) -> Any:
        try:
            health = await asyncio.wait_for(history.store_health(), STORE_PATIENCE_S)
        except (CitybrainError, TimeoutError):
            return store_problem(_alone(search), hub.snapshot)
        return store_section(health, hub.snapshot, _alone(search))

    def _alone(search: str | None) -> str:
        wanted = parse_qs((search or "").lstrip("?")).get("lang", [language])[-1]
        known = known_language(wanted, language)
        return "zh" if known == "both" else known
