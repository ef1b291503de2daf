"""The wall: a fixed picture for a large screen that nobody touches; `assets/wall.js` keeps it live."""

from __future__ import annotations

import json

from dash import html
from dash.development.base_component import Component

from dashboard.pages.words import label, place_label, script_glosses, script_texts, with_attributes
from dashboard.snapshot import SURE_COVERAGE
from dashboard.texts import text
from models.city import City

CORRIDOR_ROWS = 5
DISTRICT_CELLS = 8


def wall_page(city: City, language: str, theme: str) -> Component:
    """The skeleton with every element the script fills, in one language (or both) and theme."""
    setup = {
        "language": language,
        "texts": script_texts(language),
        "glosses": script_glosses(language),
        "city_id": city.city_id,
        "has_corridors": bool(city.corridors),
        "sure_coverage": SURE_COVERAGE,
    }
    wall = html.Div(
        [
            _header(city, language),
            html.Section([_map(city, language), _side(language)], className="wall-body"),
            _footer(city, language),
            html.Div(id="frame", className="frame"),
            html.Div(id="banner", className="banner", role="alert"),
        ],
        id="wall",
        className=f"wall theme-{theme}",
        lang="en" if language == "en" else "zh-CN",
    )
    return with_attributes(wall, data_setup=json.dumps(setup, ensure_ascii=False))


def _header(city: City, language: str) -> Component:
    return html.Header(
        [
            html.H1(place_label(city.name, language)),
            html.Span(label("wall_title", language), className="wall-what"),
            html.Span(id="day", className="wall-day"),
            html.Span("--:--:--", id="clock", className="wall-clock"),
        ],
        className="wall-header",
    )


def _map(city: City, language: str) -> Component:
    legend = [
        html.Span([html.I(className=f"swatch swatch-{level}"), html.Span(text(f"legend_{level}", language))])
        for level in (1, 2, 3, 4, 5, 0)
    ]
    return html.Div(
        [
            with_attributes(html.Div(id="map", className="city-map"), data_labels="all"),
            html.Div(
                [html.Span(text("map", language)), html.Span(id="map-age", className="age")],
                className="map-caption",
            ),
            html.Div(text("schematic", language), className="map-note") if city.schematic else None,
            html.Div(legend, className="legend"),
        ],
        className="panel map-panel",
        id="map-panel",
    )


def _side(language: str) -> Component:
    return html.Div(
        [
            html.Div(
                [
                    _kpi("index", language, "index", "big"),
                    _kpi("speed", language, "mean_speed", "mid", "km/h"),
                    _kpi("congested", language, "congested_length", "mid", "km"),
                ],
                className="kpis",
            ),
            _panel(
                "trend-panel", "today_curve", language, html.Div(id="trend", className="trend"), "trend-age"
            ),
            _panel(
                "corridors-panel",
                "worst_corridors",
                language,
                html.Div(
                    [_corridor_row(i) for i in range(CORRIDOR_ROWS)], id="corridors", className="corridors"
                ),
                "corridors-age",
            ),
            _panel(
                "districts-panel",
                "districts",
                language,
                html.Div(
                    [_district_cell(i) for i in range(DISTRICT_CELLS)], id="districts", className="districts"
                ),
                "districts-age",
            ),
        ],
        className="side",
    )


def _kpi(name: str, language: str, key: str, size: str, unit: str = "") -> Component:
    caption = [html.Span(text(key, language))]
    if unit:
        caption.append(html.Span(unit, className="gloss"))
    return html.Div(
        [
            html.H2(caption),
            html.Div(
                [
                    html.Span("–", id=f"{name}-value", className=size),
                    html.Span(id=f"{name}-word", className="word"),
                ],
                className="value",
            ),
            html.Div(
                [html.Span(id=f"{name}-typical"), html.Span(id=f"{name}-age", className="age")],
                className="delta",
            ),
        ],
        className=f"panel kpi kpi-{name}",
        id=f"{name}-panel",
    )


def _panel(panel_id: str, key: str, language: str, content: Component, age_id: str) -> Component:
    return html.Div(
        [html.H2([*label(key, language), html.Span(id=age_id, className="age")]), content],
        className="panel",
        id=panel_id,
    )


def _corridor_row(i: int) -> Component:
    return html.Div(
        [
            html.Span(className="row-name"),
            html.Span(html.I(className="bar-fill"), className="bar"),
            html.Span(className="row-index"),
            html.Span(className="row-delta"),
        ],
        className="corridor-row",
        id=f"corridor-{i}",
    )


def _district_cell(i: int) -> Component:
    return html.Div(
        [html.I(className="dot"), html.Span(className="row-name"), html.Span(className="row-index")],
        className="district-cell",
        id=f"district-{i}",
    )


def _footer(city: City, language: str) -> Component:
    return html.Footer(
        [
            html.Span(
                [
                    html.I(id="state-dot", className="state-dot"),
                    html.Span(text("state_starting", language), id="state-word"),
                    html.Span(id="data-age"),
                ],
                id="state",
                className="state",
            ),
            html.Span(id="foot-rate"),
            html.Span(id="foot-coverage"),
            html.Span(id="foot-refused"),
            html.Span(id="foot-lag"),
            html.Span(id="foot-history"),
            html.Span(label("synthetic", language), className="synthetic") if city.synthetic else None,
        ],
        className="wall-footer",
    )
