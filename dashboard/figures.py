"""Figures as plain dictionaries: columns in, plotly JSON out. No line crosses a missing window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from dashboard.colour import SURFACE_COLOURS
from dashboard.readers import Columns, DayTypeOf
from dashboard.series import epoch_seconds, with_gaps
from dashboard.texts import text

SLOT_S = 300
SLOTS = 288

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def trend_figure(
    columns: Columns,
    profiles: Mapping[str, Columns],
    day_type_of: DayTypeOf,
    *,
    measure: str,
    window_s: int,
    timezone: str,
    start_s: int,
    end_s: int,
    language: str,
) -> dict[str, Any]:
    """The trend of `measure` (tpi or tti) with the typical band of each day's type behind it."""
    zone = ZoneInfo(timezone)
    low, middle, high, band_s = typical_band(profiles, day_type_of, measure, zone, start_s, end_s)
    colours = SURFACE_COLOURS["night"]
    band_at = local_times(band_s, zone)
    traces = [
        _line(band_at, high, text("typical_band", language), width=0, hover=False, legend=False),
        {
            **_line(band_at, low, text("typical_band", language), width=0, hover=False),
            "fill": "tonexty",
            "fillcolor": colours["band"],
        },
        {
            **_line(band_at, middle, text("typical_median", language), width=1.2, hover=False),
            "line": {"width": 1.2, "color": colours["text-3"], "dash": "dot"},
        },
        _measured(columns, measure, window_s, zone, language),
    ]
    return {"data": traces, "layout": _layout(measure, zone, start_s, end_s)}


def typical_band(
    profiles: Mapping[str, Columns],
    day_type_of: DayTypeOf,
    measure: str,
    zone: ZoneInfo,
    start_s: int,
    end_s: int,
) -> tuple[Floats, Floats, Floats, Ints]:
    """P10, P50, P90 per 5-minute slot of the range, and the slots' starts; NaN where nothing is typical."""
    slots_s = np.arange(start_s - start_s % SLOT_S, end_s, SLOT_S, dtype=np.int64)
    tables = {day_type: _table(profile, measure) for day_type, profile in profiles.items()}
    none = np.full((SLOTS, 3), np.nan)
    local_s = slots_s + utc_offsets_s(slots_s, zone)
    days, day_of = np.unique(local_s // 86_400, return_inverse=True)
    by_day = [tables.get(day_type_of(date(1970, 1, 1) + timedelta(days=d)), none) for d in days.tolist()]
    band = np.stack([*by_day, none])[day_of, local_s % 86_400 // SLOT_S]
    return band[:, 0], band[:, 1], band[:, 2], slots_s


def _table(profile: Columns, measure: str) -> Floats:
    table = np.full((SLOTS, 3), np.nan)
    slots = np.asarray(profile["slot"], dtype=np.int64)
    for column, name in enumerate(("p10", "p50", "p90")):
        table[slots, column] = np.asarray(profile[f"{measure}_{name}"], dtype=np.float64)
    return table


def _measured(columns: Columns, measure: str, window_s: int, zone: ZoneInfo, language: str) -> dict[str, Any]:
    name = "traffic_performance_index" if measure == "tpi" else "travel_time_index"
    start_s = epoch_seconds(columns)
    at_s, values = with_gaps(start_s, np.asarray(columns[name], dtype=np.float64), window_s)
    gap_of = np.searchsorted(start_s, at_s).clip(0, max(len(start_s) - 1, 0))
    detail = []
    if len(start_s):
        status = np.asarray(columns["status"])[gap_of].tolist()
        coverage = np.asarray(columns["coverage"], dtype=float)[gap_of].tolist()
        speed = np.asarray(columns["speed_kmh"], dtype=float)[gap_of].tolist()
        detail = [
            [text(f"status_{int(s)}", language), f"{c:.0%}" if np.isfinite(c) else "–", f"{v:.1f}"]
            for s, c, v in zip(status, coverage, speed, strict=True)
        ]
    caption = text("tpi" if measure == "tpi" else "tti", language)
    hover = "<br>".join(
        [
            f"<b>%{{y:.2f}}</b> {caption}",
            f"%{{customdata[2]}} km/h · {text('coverage', language)} %{{customdata[1]}}",
            "%{customdata[0]}<extra></extra>",
        ]
    )
    return {
        **_line(local_times(at_s, zone), values, caption, width=2, hover=True),
        "line": {"width": 2, "color": SURFACE_COLOURS["night"]["text"]},
        "customdata": detail,
        "hovertemplate": hover,
    }


def _line(
    at: list[str], values: Floats, name: str, *, width: float, hover: bool, legend: bool = True
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": at,
        "y": [round(v, 3) if np.isfinite(v) else None for v in values.tolist()],
        "name": name,
        "line": {"width": width},
        "connectgaps": False,
        "hoverinfo": "all" if hover else "skip",
        "showlegend": legend,
    }


def local_times(at_s: Ints, zone: ZoneInfo) -> list[str]:
    """Clock times of the city, as plotly reads them (no zone: it would shift them)."""
    local = (at_s + utc_offsets_s(at_s, zone)).astype("datetime64[s]")
    return [str(moment) for moment in np.datetime_as_string(local, unit="m")]


def utc_offsets_s(at_s: Ints, zone: ZoneInfo) -> Ints:
    """The zone's offset from UTC at each moment; looked up once per quarter of an hour."""
    quarters, quarter_of = np.unique(at_s // 900, return_inverse=True)
    offsets = [datetime.fromtimestamp(q * 900, zone).utcoffset() for q in quarters.tolist()]
    return np.array([int(o.total_seconds()) if o else 0 for o in offsets], dtype=np.int64)[quarter_of]


def _layout(measure: str, zone: ZoneInfo, start_s: int, end_s: int) -> dict[str, Any]:
    colours = SURFACE_COLOURS["night"]
    axis = {
        "gridcolor": colours["line"],
        "zeroline": False,
        "linecolor": colours["line"],
        "color": colours["text-2"],
    }
    span = local_times(np.array([start_s, end_s], dtype=np.int64), zone)
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "CB Sans, Noto Sans SC, sans-serif", "color": colours["text-2"], "size": 13},
        "margin": {"l": 38, "r": 12, "t": 34, "b": 72},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": colours["background"], "bordercolor": colours["line"]},
        "legend": {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "xanchor": "left"},
        "xaxis": {**axis, "type": "date", "range": span, "tickformat": "%H:%M\n%m-%d"},
        "yaxis": {**axis, "rangemode": "tozero" if measure == "tpi" else "normal", "automargin": True},
        "uirevision": f"{measure}{start_s}",
    }
