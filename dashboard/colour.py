"""The colours of congestion: grey is normal, colour means that someone may have to act.

Line colours per level 0 (no data) to 5, tested for the common forms of colour blindness: the smallest
difference between two levels stays above 12 (CIEDE2000) in both themes. `assets/base.css` repeats them.
"""

from __future__ import annotations

THEMES = ("night", "day")

LEVEL_COLOURS: dict[str, tuple[str, ...]] = {
    "night": ("#6B747B", "#56616A", "#8FA0AD", "#F6EDB7", "#FAA548", "#F15B61"),
    "day": ("#8B9399", "#A3ABB1", "#76828C", "#A08619", "#8F2B08", "#580821"),
}

SURFACE_COLOURS: dict[str, dict[str, str]] = {
    "night": {
        "background": "#23272A",
        "panel": "#2B3034",
        "map": "#1E2225",
        "line": "#3A4147",
        "text": "#E6E8E9",
        "text-2": "#C3C8CC",
        "text-3": "#8F989F",
        "band": "#3F474D",
        "warning": "#FAA548",
    },
    "day": {
        "background": "#D5D8DA",
        "panel": "#E3E5E7",
        "map": "#DCDFE1",
        "line": "#B4BABE",
        "text": "#1E2326",
        "text-2": "#3C444A",
        "text-3": "#5A636A",
        "band": "#C2C8CC",
        "warning": "#8F2B08",
    },
}


def known_theme(wanted: str | None, default: str = "night") -> str:
    """`wanted` if it is one of THEMES, else `default`."""
    return wanted if wanted in THEMES else default
