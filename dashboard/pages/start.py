"""The start page: what there is to see."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.pages.frame import framed
from dashboard.texts import text
from models.city import City

ENTRIES = (
    ("page_wall", "start_wall", "/wall"),
    ("page_analyst", "start_analyst", "/analyst"),
    ("page_health", "start_health", "/health"),
)


def start_page(city: City, language: str) -> Component:
    """Links to the pages and to the description of the API."""
    cards: list[Component] = [
        html.A(
            [html.H2(text(title, language)), html.P(text(about, language))],
            href=f"{href}?lang={language}",
            className="card",
        )
        for title, about, href in ENTRIES
    ]
    cards.append(
        html.A(
            [html.H2("API"), html.P(text("start_api", language))],
            href="/api/v1/openapi.json",
            className="card",
        )
    )
    return framed(city, language, "home", [html.Div(cards, className="cards")], "start", "/")


def not_found_page(city: City, language: str) -> Component:
    """For an address that is no page."""
    return framed(city, language, "not_found", [html.P(text("not_found", language))], "not-found", "/")
