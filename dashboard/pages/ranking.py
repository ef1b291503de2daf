"""The places below a place with their values of now, as a table that sorts and drills down."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.pages.place import PlaceState
from dashboard.snapshot import SURE_COVERAGE, TypicalPlace
from dashboard.snapshot_form import Area, Snapshot
from dashboard.texts import named, text
from models.city import City, Name


@dataclass(frozen=True, slots=True)
class ChildRow:
    """One place in the table; None where nothing is known now. `index` is TPI, for a segment TTI."""

    kind: str
    place_id: str
    name: Name
    detail: str
    level: int
    index: float | None
    typical: float | None
    speed_kmh: float | None
    coverage: float | None
    length_m: float | None

    @property
    def unsure(self) -> bool:
        """An area's index that rests on a part of its roads; for a segment the share of time says nothing."""
        return self.kind != "segment" and self.coverage is not None and self.coverage < SURE_COVERAGE

    @property
    def delta(self) -> float | None:
        """Index above its typical median."""
        return None if self.index is None or self.typical is None else self.index - self.typical


def area_rows(city: City, areas: list[Area], kind: str) -> list[ChildRow]:
    """Districts or corridors with their values of now."""
    known = {area.id: area for area in areas}
    places = (
        [(d.district_id, d.name) for d in city.districts]
        if kind == "district"
        else [(c.corridor_id, c.name) for c in city.corridors]
    )
    rows = []
    for place_id, name in places:
        area = known.get(place_id)
        typical = area.typical.p50 if area and area.typical else None
        values = (
            (area.level, area.index, typical, area.speed_kmh, area.coverage)
            if area
            else (0, None, None, None, None)
        )
        rows.append(ChildRow(kind, place_id, name, "", *values, None))
    return rows


def segment_rows(
    city: City,
    snapshot: Snapshot | None,
    segment_ids: list[str],
    typical: dict[str, TypicalPlace],
    language: str,
) -> list[ChildRow]:
    """Segments with the values of the snapshot; speed follows from the index and the free-flow speed."""
    levels = centi = percent = np.zeros(len(city.segments))
    if snapshot is not None:
        levels = _unpack(snapshot.segments.levels, "<u1")
        centi = _unpack(snapshot.segments.tti_centi, "<u2")
        percent = _unpack(snapshot.segments.coverage_pct, "<u1")
    rows = []
    for segment_id in segment_ids:
        i = city.segment_position[segment_id]
        segment = city.segments[i]
        index = float(centi[i]) / 100 if centi[i] else None
        known = typical.get(segment_id)
        rows.append(
            ChildRow(
                "segment",
                segment_id,
                segment.name,
                text(segment.road_class, language),
                int(levels[i]),
                index,
                known.p50 if known else None,
                segment.free_flow_kmh / index if index else None,
                float(percent[i]) / 100 if index else None,
                segment.length_m,
            )
        )
    return rows


def ranking_table(rows: list[ChildRow], state: PlaceState, index_key: str) -> Component:
    """The table; a heading sorts, a name drills down, and both are plain links."""
    language = state.language
    headings = [("name", "place"), ("level", "level"), ("index", index_key), ("delta", "delta_typical")]
    headings += [("speed", "speed_kmh"), ("coverage", "coverage")]
    if any(row.length_m for row in rows):
        headings.append(("length", "length_m"))
    return (
        html.Table(
            [
                html.Thead(html.Tr([_heading(sort, key, state) for sort, key in headings])),
                html.Tbody([_row(row, state, len(headings)) for row in sorted_rows(rows, state)]),
            ],
            className="ranking",
            id="ranking",
        )
        if rows
        else html.P(text("no_values", language))
    )


def sorted_rows(rows: list[ChildRow], state: PlaceState) -> list[ChildRow]:
    """Rows in the order of the address, worst first without one; unknown values always last."""
    sort, descending = state.sort or "index", state.descending if state.sort else True

    def value(row: ChildRow) -> float | str | None:
        values: dict[str, float | str | None] = {
            "name": named(row.name, state.language),
            "level": row.level,
            "index": row.index,
            "speed": row.speed_kmh,
            "delta": row.delta,
            "coverage": row.coverage,
            "length": row.length_m,
        }
        return values[sort]

    known = sorted(
        (r for r in rows if value(r) is not None), key=lambda r: (value(r), r.place_id), reverse=descending
    )
    return known + [row for row in rows if value(row) is None]


def _heading(sort: str, key: str, state: PlaceState) -> Component:
    active = (state.sort or "index") == sort
    descending = not (state.descending if state.sort else True) if active else sort != "name"
    mark = ("▼" if (state.descending if state.sort else True) else "▲") if active else ""
    link = dcc.Link(
        [text(key, state.language), html.Span(mark, className="mark")],
        href=state.address(sort=sort, descending=descending),
        refresh=False,
    )
    return html.Th(link, className=f"c-{sort}")


def _row(row: ChildRow, state: PlaceState, width: int) -> Component:
    language = state.language
    target = state.address(kind=row.kind, place_id=row.place_id, sort="")
    name: list[Any] = [dcc.Link(named(row.name, language), href=target, refresh=False)]
    if row.kind == "segment":
        name.append(html.Span(f"{row.detail} · {row.place_id}", className="small"))
    word = "low_coverage" if row.unsure and row.index is None else f"legend_{row.level}"
    level: list[Any] = [html.I(className=f"chip chip-{row.level}"), text(word, language)]
    index = "~" + _number(row.index, 2) if row.unsure and row.index is not None else _number(row.index, 2)
    cells = [
        html.Td(name, className="c-name"),
        html.Td(level, className="c-level"),
        html.Td(index, className="c-index"),
        html.Td(_signed(row.delta), className="c-delta"),
        html.Td(_number(row.speed_kmh, 1), className="c-speed"),
        html.Td("–" if row.coverage is None else f"{row.coverage:.0%}", className="c-coverage"),
    ]
    if width > len(cells):
        cells.append(html.Td(_number(row.length_m, 0), className="c-length"))
    return html.Tr(cells)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _signed(value: float | None) -> str:
    """With a sign, except what rounds to nothing."""
    if value is None:
        return "–"
    sign = "" if round(value, 2) == 0 else "+" if value > 0 else "−"
    return f"{sign}{abs(value):.2f}"


def _unpack(packed: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), dtype=dtype)
