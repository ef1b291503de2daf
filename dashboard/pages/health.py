"""The health page: what comes in, how far behind, what is stored, and what this way of running promises."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Any
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.pages.frame import framed
from dashboard.readers import Operation, StoreHealth
from dashboard.snapshot_form import Snapshot
from dashboard.texts import TEXTS, text
from models.city import City

LIVE_EVERY_MS = 2000
STORE_EVERY_MS = 20_000
LAG_WARNING_S = 30.0

PROMISES = {
    "embedded": (
        "promise_embedded_crash",
        "promise_embedded_restart",
        "promise_embedded_retention",
    ),
    "grown": ("promise_grown_stored", "promise_grown_store_down"),
}


def health_page(city: City, language: str, operation: Operation) -> Component:
    """The fixed parts; two callbacks fill the live part and the store part."""
    promises = html.Section(
        [
            html.H2(text("promises", language)),
            html.P(html.Strong(text(f"mode_{operation.mode}", language))),
            html.Ul([html.Li(promise) for promise in _promises(operation, language)]),
        ],
        className="card-panel",
        id="promises",
    )
    versions = html.Section(
        [
            html.H2(text("versions", language)),
            _facts([(name, value, False) for name, value in operation.versions.items()]),
        ],
        className="card-panel",
        id="versions",
    )
    content = [
        html.Div(id="health-live", className="health-grid"),
        html.Div(
            [html.Section(id="health-store", className="card-panel"), promises, versions],
            className="health-grid",
        ),
        dcc.Interval(id="health-clock", interval=LIVE_EVERY_MS),
        dcc.Interval(id="store-clock", interval=STORE_EVERY_MS),
    ]
    return framed(city, language, "health_title", content, "health", "/health")


def live_sections(
    snapshot: Snapshot | None, readers: int, language: str, timezone: str = "UTC"
) -> list[Component]:
    """Stream, counters and partitions, from the newest snapshot; times are those of `timezone`."""
    if snapshot is None:
        return [html.Section(text("state_starting", language), className="card-panel")]
    zone = ZoneInfo(timezone)
    return [
        _stream(snapshot, readers, language, zone),
        _feeds(snapshot, language),
        _partitions(snapshot, language, zone),
    ]


def store_section(health: StoreHealth, snapshot: Snapshot | None, language: str) -> list[Component]:
    """The store, its disk, its tables and the gap audit."""
    facts = [(text("store", language), f"{health.engine} {health.version}".strip(), False)]
    if snapshot is not None:
        facts.append(_history_fact(snapshot, language))
    if health.disk_free_bytes is not None and health.disk_total_bytes:
        share = health.disk_free_bytes / health.disk_total_bytes
        spelled = (
            f"{health.disk_free_bytes / 1e9:,.1f} / {health.disk_total_bytes / 1e9:,.1f} GB ({share:.0%})"
        )
        facts.append((text("disk_free", language), spelled, health.disk_watermark in ("warning", "critical")))
    parts: list[Component] = [html.H2(text("store", language)), _facts(facts)]
    parts.append(_gap_audit(health, language))
    if health.tables:
        heads = (text("table", language), text("rows", language))
        parts.append(_table(heads, [(name, f"{rows:,}") for name, rows in sorted(health.tables.items())]))
    return parts


def store_problem(language: str, snapshot: Snapshot | None) -> list[Component]:
    """What is shown when the history does not answer; the live part goes on."""
    problem = html.P(text("store_unavailable", language), className="warning", role="alert")
    state = [_facts([_history_fact(snapshot, language)])] if snapshot is not None else []
    return [html.H2(text("store", language)), problem, *state]


def _stream(snapshot: Snapshot, readers: int, language: str, zone: ZoneInfo) -> Component:
    lag, age = snapshot.lag, snapshot.data_age_s
    facts = [
        (text("stream", language), text(f"state_{snapshot.state}", language), snapshot.state != "live"),
        (
            text("data_age_s", language),
            "–" if age is None else f"{age:,.1f}",
            snapshot.state in ("late", "stale", "down"),
        ),
        (
            text("lag_s", language),
            "–" if lag.lag_s is None else f"{lag.lag_s:,.1f}",
            (lag.lag_s or 0) > LAG_WARNING_S,
        ),
        (text("coverage", language), _percent(snapshot.city.coverage), (snapshot.city.coverage or 1) < 0.8),
        (text("wall_clients", language), str(readers), False),
        (text("problem", language), lag.problem or text("none", language), bool(lag.problem)),
    ]
    heading: list[Any] = [
        text("stream", language),
        html.Span(
            f"{text('updated', language)} {_time(snapshot.sent_at, zone)} {_zone_name(snapshot, zone)}",
            className="small",
        ),
    ]
    return html.Section([html.H2(heading), _facts(facts)], className="card-panel", id="stream")


def _feeds(snapshot: Snapshot, language: str) -> Component:
    feeds = snapshot.feeds
    rate = feeds.accepted_per_minute
    rows = [
        (text("accepted", language), f"{feeds.accepted:,}"),
        (text("observations_per_minute", language), "–" if rate is None else f"{rate:,}"),
        (text("duplicate_count", language), f"{feeds.duplicate:,}"),
        (text("late_count", language), f"{feeds.late:,}"),
        (text("refused", language), f"{feeds.refused_total:,}"),
    ]
    parts: list[Component] = [
        html.H2(text("feeds", language)),
        _table((text("counter", language), text("count", language)), rows),
        html.H3(text("refused_by_reason", language)),
    ]
    if feeds.refused:
        reasons = [(html.Code(reason), f"{count:,}") for reason, count in feeds.refused.items()]
        parts.append(_table((text("counter", language), text("count", language)), reasons))
    else:
        parts.append(html.P(text("nothing_refused", language), className="small"))
    return html.Section(parts, className="card-panel", id="feeds")


def _partitions(snapshot: Snapshot, language: str, zone: ZoneInfo) -> Component:
    heads = tuple(
        text(key, language) for key in ("partition", "lag_s", "log_clock", "newest_data", "watermark")
    )
    rows = [
        (
            str(p.partition),
            _tenths(p.lag_s),
            _time(p.clock_at, zone),
            _time(p.data_at, zone),
            _time(p.watermark_at, zone),
        )
        for p in snapshot.lag.partitions
    ]
    heading: list[Any] = [
        text("partitions", language),
        html.Span(_zone_name(snapshot, zone), className="small"),
    ]
    return html.Section([html.H2(heading), _table(heads, rows)], className="card-panel wide", id="partitions")


def _gap_audit(health: StoreHealth, language: str) -> Component:
    if not health.gaps:
        verdict = text("gap_none" if health.audited else "gap_nothing", language)
        parts: list[Component] = [html.P([html.Strong(text("gap_audit", language)), " ", verdict])]
        return html.Div(parts + _audited(health, language), id="gap-audit")
    found = [html.Li(gap) for gap in health.gaps[:10]]
    heading = f"{text('gap_audit', language)}: {text('gap_found', language)} ({len(health.gaps)})"
    warning = html.Div([html.Strong(heading), html.Ul(found)], className="warning")
    return html.Div([warning, *_audited(health, language)], id="gap-audit")


def _audited(health: StoreHealth, language: str) -> list[Component]:
    """The offsets that the verdict is about."""
    if not health.audited:
        return []
    heads = tuple(text(key, language) for key in ("log", "books_begin", "audited_from", "audited_to"))
    rows = [
        (html.Code(a.log), f"{a.head:,}", f"{a.first_offset:,}", f"{a.next_offset:,}") for a in health.audited
    ]
    return [html.P(text("gap_range", language), className="small"), _table(heads, rows)]


def _history_fact(snapshot: Snapshot, language: str) -> tuple[str, str, bool]:
    history = snapshot.history
    share = f" {history.share:.0%}" if history.state == "building" else ""
    word = (
        text(f"history_{history.state}", language) if f"history_{history.state}" in TEXTS else history.state
    )
    return text("history_state", language), word + share, history.state == "unavailable"


def _promises(operation: Operation, language: str) -> list[str]:
    promises = [text(key, language) for key in PROMISES[operation.mode]]
    if operation.mode == "embedded":
        promises.append(
            text("promise_local", language)
            if _only_this_machine(operation.host)
            else text("promise_open", language).format(host=operation.host)
        )
    return promises


def _only_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _facts(facts: list[tuple[str, str, bool]]) -> Component:
    parts: list[Component] = []
    for name, value, bad in facts:
        parts += [html.Dt(name), html.Dd(value, className="warning" if bad else "")]
    return html.Dl(parts)


def _table(heads: tuple[str, ...], rows: list[Any]) -> Component:
    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([html.Th(head) for head in heads])),
                html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows]),
            ]
        ),
        className="scroll",
    )


def _tenths(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f}"


def _time(moment: str | None, zone: ZoneInfo) -> str:
    return "–" if moment is None else f"{datetime.fromisoformat(moment).astimezone(zone):%H:%M:%S}"


def _zone_name(snapshot: Snapshot, zone: ZoneInfo) -> str:
    """The zone and its offset at the time of the snapshot."""
    if zone.key == "UTC":
        return zone.key
    offset = datetime.fromisoformat(snapshot.sent_at).astimezone(zone).isoformat()[-6:]
    return f"{zone.key} (UTC{offset})"


def _percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.0%}"
