"""What every page for one reader (not the wall) has around it: title, links, language."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.pages.words import place_label
from dashboard.texts import TEXTS, text
from models.city import City

PAGES = (("page_wall", "/wall"), ("page_analyst", "/analyst"), ("page_health", "/health"))


def framed(
    city: City, language: str, title_key: str, content: list[Component], page_id: str, path: str
) -> Component:
    """A page with its head; `path` is its own address, for the language switch."""
    return html.Div(
        [
            html.Header(
                [
                    html.H1(
                        [
                            *place_label(city.name, language),
                            html.Span(text(title_key, language), className="what"),
                        ]
                    ),
                    html.Nav(
                        [
                            html.A(
                                text(key, language),
                                href=f"{href}?lang={language}",
                                className="here" if href == path else "",
                            )
                            for key, href in PAGES
                        ]
                        + [_language_switch(language, path, page_id)]
                    ),
                ],
                className="page-header",
            ),
            html.Div(text("synthetic", language), className="note") if city.synthetic else None,
            html.Main(content),
        ],
        className="page theme-night",
        id=page_id,
        lang="en" if language == "en" else "zh-CN",
    )


def _language_switch(language: str, path: str, page_id: str) -> Component:
    other = "zh" if language == "en" else "en"
    return html.A(
        TEXTS["language"].en if language == "en" else TEXTS["language"].zh,
        href=f"{path}?lang={other}",
        className="language",
        id=f"{page_id}-language",
        lang=other,
    )
