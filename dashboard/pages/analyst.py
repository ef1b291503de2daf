"""The analyst page: from the city down to a segment, now and before; its state is its address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.asking import WINDOWS_S, BadParameter, Question, place_name
from dashboard.pages.frame import framed
from dashboard.pages.place import PRESETS_S, PlaceState, path_to, utc_now
from dashboard.pages.words import with_attributes
from dashboard.texts import named, text
from models.city import City

GRAPH_CONFIG: Any = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d"],
}


def analyst_page(city: City, language: str) -> Component:
    """The fixed parts; callbacks fill them from the address."""
    content = [
        html.Div(id="analyst-head"),
        html.Div(
            dcc.DatePickerRange(
                id="days",
                display_format="YYYY-MM-DD",
                minimum_nights=0,
                clearable=False,
                start_date_placeholder_text="",
                end_date_placeholder_text="",
            ),
            className="days",
        ),
        html.Div(
            [
                html.Section(
                    [
                        html.Div(id="trend-head", className="section-head"),
                        html.Div(
                            dcc.Graph(id="trend-figure", config=GRAPH_CONFIG, figure=empty_figure()),
                            className="figure-box",
                        ),
                    ],
                    className="card-panel trend-card",
                ),
                html.Section(id="analyst-place", className="card-panel place-card"),
            ],
            className="analyst-top",
        ),
        html.Section(id="analyst-children", className="card-panel"),
        dcc.Interval(id="children-clock", interval=5000),
    ]
    return framed(city, language, "analyst_title", content, "analyst", "/analyst")


def analyst_head(city: City, state: PlaceState, problems: Sequence[str] = ()) -> list[Component]:
    """Breadcrumb, range and window, whatever is wrong; and once, what is wrong."""
    language = state.language
    now = utc_now()
    return [
        with_attributes(html.Nav(_crumbs(city, state), className="crumbs"), aria_label="breadcrumb"),
        html.Div(
            [
                _pills(
                    "range",
                    language,
                    [
                        (
                            f"preset_{name}",
                            state.with_preset(name),
                            not state.start and name == state.preset,
                        )
                        for name in PRESETS_S
                    ],
                ),
                _pills(
                    "window",
                    language,
                    [
                        (
                            f"window_{s}",
                            state.address(window_s=s) if state.fits(s, now) else "",
                            s == state.window_s,
                        )
                        for s in WINDOWS_S
                    ],
                ),
            ],
            className="controls",
        ),
        *(problem_notice(problem) for problem in (*state.wrong, *problems)),
    ]


def place_facts(city: City, state: PlaceState) -> list[Component]:
    """A small live map of the place and what is fixed about it."""
    language = state.language
    facts: list[tuple[str, str]] = []
    if state.kind == "segment":
        segment = city.segments[city.segment_position[state.place_id]]
        facts = [
            (text("road_class", language), text(segment.road_class, language)),
            (text("length_m", language), f"{segment.length_m:,.0f}"),
            (text("lanes", language), str(segment.lanes)),
            (text("speed_limit", language), f"{segment.speed_limit_kmh:.0f} km/h"),
            (text("free_flow", language), f"{segment.free_flow_kmh:.1f} km/h · {segment.free_flow_method}"),
        ]
    mini = with_attributes(
        html.Div(className="city-map mini", key=f"{state.kind}/{state.place_id}"),
        data_kind=state.kind,
        data_id=state.place_id,
    )
    heading: list[Any] = [text("location", language), html.Span(text("now", language), className="small")]
    if city.schematic:
        heading.append(html.Span(text("schematic", language), className="small"))
    parts: list[Component] = [html.H2(heading), html.Div(mini, className="mini-box")]
    if facts:
        parts.append(html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))]))
    return parts


def trend_heading(city: City, state: PlaceState, question: Question | None, found: str) -> list[Component]:
    """What the figure shows, how complete it is (`found`), and its export; None: nothing can be asked."""
    language = state.language
    measure = "trend_tti" if state.kind == "segment" else "trend_tpi"
    export: Component = html.Span(text("export_csv", language), className="export off", id="export")
    parts: list[Component] = [html.H2(text(measure, language))]
    if question is not None:
        zone = ZoneInfo(city.timezone)
        start, end = question.start, question.end
        first, last = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (start, end))
        parts.append(html.Span(f"{first} – {last} {text('local_time', language)}", className="small"))
        query = {"kind": state.kind, "id": state.place_id, "window_s": state.window_s}
        query |= {"start": _utc(start), "end": _utc(end), "format": "csv"}
        address = f"/api/v1/history?{urlencode(query)}"
        export = html.A(text("export_csv", language), href=address, className="export", id="export")
    if found:
        parts.append(html.Span(found, className="small", id="trend-count"))
    return [*parts, export]


def windows_found(windows: int, missing: int, took_s: float, language: str) -> str:
    """How many windows there are, how many should be and are not, and how long the answer took."""
    found = f"{windows:,} {text('windows_found', language)}"
    return f"{found} · {missing:,} {text('holes', language)} · {took_s:.2f} s"


def problem_notice(problem: str) -> Component:
    """A grey card in the place of what could not be shown."""
    return html.Div(problem, className="problem", role="alert")


def _crumbs(city: City, state: PlaceState) -> list[Component]:
    crumbs: list[Component] = []
    try:
        place_name(city, state.kind, state.place_id)
        path = path_to(city, state)
    except BadParameter:
        path = [("city", city.city_id)]
    for kind, place_id in path:
        name = named(place_name(city, kind, place_id), state.language)
        caption = html.Span(text(kind, state.language), className="small")
        if crumbs:
            crumbs.append(html.Span("›", className="step"))
        if (kind, place_id) == (state.kind, state.place_id):
            crumbs.append(html.Strong([name, caption], id="here"))
        else:
            target = state.address(kind=kind, place_id=place_id, sort="")
            crumbs.append(dcc.Link([name, caption], href=target, refresh=False))
    return crumbs


def _pills(key: str, language: str, choices: list[tuple[str, str, bool]]) -> Component:
    """Links to choose by; a choice without an address cannot be made now."""
    links: list[Component] = [
        dcc.Link(text(name, language), href=href, refresh=False, className="pill on" if on else "pill")
        if href
        else html.Span(text(name, language), className="pill off", title=text("window_too_short", language))
        for name, href, on in choices
    ]
    return html.Div([html.Span(text(key, language), className="small"), *links], className="pills")


def empty_figure() -> dict[str, object]:
    """No curve: before the first answer, and where there is none."""
    axis = {"visible": False}
    return {
        "data": [],
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": axis,
        },
    }


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
