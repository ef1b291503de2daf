"""The figures of a run as the tables of docs/performance.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.contest import TABLES
from benchmarks.ratios import RATIOS
from benchmarks.results import LATEST, Results, read


def rendered(results: Results | None = None) -> dict[str, str]:
    """Region name -> its Markdown, of a run; of the last whole one where none is given."""
    parts: dict[str, Callable[[Results], str]] = {
        "benchmark run": _run,
        "benchmark ratios": _ratios,
        "benchmark contenders": _contenders,
        "benchmark live": _live,
        "benchmark segments": _segments,
        "benchmark history": _history,
    }
    if results is None and not LATEST.exists():
        return dict.fromkeys(parts, "Not measured yet: `make bench` does.\n")
    found = results or read()
    return {name: make(found) for name, make in parts.items()}


def _run(found: Results) -> str:
    machine, versions = found["machine"], found["versions"]
    rounds = "one round" if found["rounds"] == 1 else f"medians of {found['rounds']} rounds"
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured {found['measured_at']}, {rounds}; {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {machine['system']}; load {machine['load_before']} before the run. "
        f"{named[0].upper()}{named[1:]}.\n\n"
        "![CPU seconds per million observations of every contender](pictures/benchmark.svg)\n"
    )


def _ratios(found: Results) -> str:
    rows: list[Sequence[object]] = []
    for ratio in RATIOS:
        value = found["ratios"].get(ratio.name)
        if value is not None:
            reached = "yes" if ratio.reached(value) else "no"
            rows.append((f"`{ratio.name}`", ratio.sentence, f"{value:.2f}", ratio.asked, reached))
    rows += _other_figures(found)
    return _table(("Figure", "What over what", "Measured", "Wanted", "Reached"), rows)


def _other_figures(found: Results) -> list[tuple[str, str, str, str, str]]:
    also, rows = found["also"], []
    if "glass" in also:
        cities = [one for one in also["glass"] if one["offered_per_s"] == 5_000 and not one["grown"]]
        worst = max(cities, key=lambda one: float(one["p95_s"]))
        seen = f"{worst['p95_s']:.2f} s ({worst['segments']:,} segments)"
        what = "event to glass at 5,000 observations/s, embedded, p95"
        rows.append(("", what, seen, "≤ 1.5 s", _yes(worst["p95_s"] <= 1.5)))
    if "catch_up" in also:
        times = also["catch_up"]["times_live"]
        what = "catching up after an hour, as a multiple of 5,000 observations/s"
        rows.append(("", what, f"{times:.1f}", "≥ 20", _yes(times >= 20)))
    peaks = peak_rss_mb(found)
    if peaks:
        what = f"most resident memory of the index worker, of {', '.join(peaks)}"
        most = max(peaks.values())
        rows.append(("", what, f"{most:.0f} MB", "≤ 300 MB", _yes(most <= 300)))
    return rows


def peak_rss_mb(found: Results) -> dict[str, float]:
    """Run -> the most memory that the index worker had in it, 1,000 segments as fast as it can and an hour's
    outage of a large city."""
    names = {"index_json": "JSON", "index_columnar": "columnar"}
    contenders = found["contenders"].get("kafka", {})
    peaks = {
        said: float(contenders[name]["median"]["peak_rss_mb"])
        for name, said in names.items()
        if name in contenders
    }
    if "catch_up" in found["also"]:
        peaks["catching up"] = float(found["also"]["catch_up"]["peak_rss_mb"])
    return peaks


def _contenders(found: Results) -> str:
    parts = []
    for table in TABLES:
        contenders = found["contenders"].get(table.name)
        if contenders is None or table.name == "segments":
            continue
        ordered = sorted(contenders.values(), key=lambda one: -one["median"]["cpu_s_per_million"])
        rows = [_line(one) for one in ordered]
        heads = ("Contender", "CPU s per million", "lowest to highest", "per s and core", "per s", "MB")
        parts.append(f"### {table.title}\n\n{_table(heads, rows)}")
    return "\n".join(parts)


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    median = one["median"]
    costs = [each["cpu_s_per_million"] for each in one["rounds"]]
    return (
        one["title"],
        f"{median['cpu_s_per_million']:.2f}",
        f"{min(costs):.2f} to {max(costs):.2f}",
        f"{_rounded(1e6 / median['cpu_s_per_million']):,}",
        f"{_rounded(median['observations_per_s']):,}",
        f"{median['peak_rss_mb']:.0f}",
    )


def _segments(found: Results) -> str:
    tables = found["contenders"]
    runs = [
        one
        for table in ("kafka", "segments")
        for name, one in tables.get(table, {}).items()
        if name.startswith("index_json")
    ]
    rows = [
        (
            f"{one['segments']:,}",
            f"{one['median']['cpu_s_per_million']:.2f}",
            f"{one['median']['peak_rss_mb']:.0f}",
        )
        for one in sorted(runs, key=lambda one: one["segments"])
    ]
    return _table(("Segments", "CPU s per million", "MB"), rows)


def _live(found: Results) -> str:
    also, rows = found["also"], []
    for one in also.get("live", ()):
        rows.append(
            (
                f"index worker, {one['sensors']:,} sensors every 30 s",
                f"{one['cpu_percent_of_a_core']:.0f} % of a core, {one['rss_mb']} MB",
            )
        )
    for one in also.get("latency", ()):
        what = f"completing observation to `indices`, {one['offered_per_s']:,} observations/s"
        rows.append((what, _latencies(one)))
    for one in also.get("glass", ()):
        how = "Kafka, two workers and the wall" if one["grown"] else "embedded"
        needs = "of a core together" if one["grown"] else "of a core, chDB included"
        what = f"observation to `/stream`, {how}, {one['offered_per_s']:,}/s of {one['segments']:,} segments"
        rows.append((what, f"{_latencies(one)}; {one['cpu_percent_of_a_core']:.0f} % {needs}"))
    if "catch_up" in also:
        one = also["catch_up"]
        what = f"{one['observations']:,} observations of {one['segments']:,} segments after an hour's outage"
        rows.append(
            (
                what,
                f"{one['caught_up_in_s']:.0f} s, {_rounded(one['observations_per_s']):,}/s, "
                f"{one['times_live']:.1f} times live, at most {one['peak_rss_mb']} MB",
            )
        )
    return _table(("What", "Measured"), rows)


def _history(found: Results) -> str:
    rows = []
    for engine, figures in found["also"].get("rows", {}).items():
        for name, one in figures.items():
            if name.startswith("blocks_of_"):
                rows.append(
                    (
                        f"{engine} {figures['version']}",
                        f"{int(name.removeprefix('blocks_of_')):,}",
                        f"{_rounded(one['rows_per_s']):,}",
                        f"{one['cpu_s_per_million']:.2f}",
                    )
                )
    return _table(("Engine", "Rows in a block", "Rows per s", "our CPU s per million"), rows)


def _latencies(one: dict[str, Any]) -> str:
    return (
        f"p50 {one['p50_s']:.2f} s, p95 {one['p95_s']:.2f} s, p99 {one['p99_s']:.2f} s ({one['samples']:,})"
    )


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _rounded(value: float) -> int:
    """Three digits are more than such a machine can tell."""
    digits = max(0, len(str(round(value))) - 3)
    unit: int = 10**digits
    return round(value / unit) * unit


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)
