"""The Kafka table as a picture: one bar per contender on a logarithmic axis, plain SVG."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

from benchmarks.results import Results

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "benchmark.svg"

WIDTH = 900
LABELS_WIDTH = 390
ROW = 26
HEAD = 46
FOOT = 16
OURS, THEIRS, LIMIT = "#1f6f8b", "#9aa5ad", "#d9dee1"


def write_picture(results: Results, path: Path = PICTURE) -> None:
    """Write the picture of a run."""
    path.write_text(picture(results), encoding="utf-8")


def picture(results: Results) -> str:
    """The SVG of a run's Kafka table, the dearest contender first."""
    contenders = sorted(
        results["contenders"]["kafka"].items(), key=lambda item: -item[1]["median"]["cpu_s_per_million"]
    )
    costs = [found["median"]["cpu_s_per_million"] for _, found in contenders]
    lowest = math.floor(math.log10(min(costs)))
    decades = math.ceil(math.log10(max(costs))) - lowest
    scale = (WIDTH - LABELS_WIDTH - 70) / decades

    def at(cost: float) -> float:
        return LABELS_WIDTH + (math.log10(cost) - lowest) * scale

    height = HEAD + ROW * len(contenders) + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LABELS_WIDTH}" y="16" fill="#333333">CPU seconds per million observations; less is better'
        "</text>",
    ]
    for decade in range(lowest, lowest + decades + 1):
        x = at(10.0**decade)
        parts.append(f'<path d="M{x:.1f} {HEAD - 6}V{height - FOOT}" stroke="#e3e6e8"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{HEAD - 12}" fill="#666666" text-anchor="middle">{10.0**decade:g}</text>'
        )
    for row, ((name, found), cost) in enumerate(zip(contenders, costs, strict=True)):
        y = HEAD + row * ROW
        title = escape(found["title"].replace("`", ""))
        parts += [
            f'<text x="{LABELS_WIDTH - 8}" y="{y + 15}" fill="#222222" text-anchor="end">{title}</text>',
            f'<rect x="{LABELS_WIDTH}" y="{y + 2}" width="{at(cost) - LABELS_WIDTH:.1f}" height="{ROW - 8}" '
            f'fill="{_colour(name)}"/>',
            f'<text x="{at(cost) + 6:.1f}" y="{y + 15}" fill="#222222">{cost:.3g}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def _colour(name: str) -> str:
    if name.startswith("index_"):
        return OURS
    return LIMIT if name.startswith("limit_") else THEIRS
