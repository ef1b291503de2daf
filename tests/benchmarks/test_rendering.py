"""From a run's file to tables and picture."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.picture import picture
from benchmarks.rendering import rendered
from tests.benchmarks.a_run import a_run

GLASS = {
    "offered_per_s": 5000,
    "segments": 15000,
    "p50_s": 0.8,
    "p95_s": 1.4,
    "p99_s": 1.6,
    "samples": 900,
    "grown": False,
    "cpu_percent_of_a_core": 60.0,
}


def test_every_contender_has_a_line_and_the_dearest_comes_first() -> None:
    lines = rendered(a_run())["benchmark contenders"].splitlines()
    table = [line for line in lines if line.startswith("| ")][2:]
    assert len(table) == 8
    assert table[0].startswith("| faust record | 80.00 | 80.00 to 80.00 | 12,500 |")
    assert table[-1].startswith("| limit columnar | 0.30 |")


def test_every_wanted_figure_says_whether_it_is_reached() -> None:
    text = rendered(a_run(glass=[GLASS]))["benchmark ratios"]
    assert "| `vs_faust_record` |" in text
    assert "| 40.00 | ≥ 35 | yes |" in text
    assert "| 1.40 s (15,000 segments) | ≤ 1.5 s | yes |" in text


def test_a_figure_that_was_missed_stands_there_as_measured() -> None:
    text = rendered(a_run(glass=[GLASS | {"p95_s": 2.31}]))["benchmark ratios"]
    assert "| 2.31 s (15,000 segments) | ≤ 1.5 s | no |" in text


def test_memory_is_judged_by_the_run_that_needed_most() -> None:
    catch_up = {
        "observations": 18_000_000,
        "segments": 75_000,
        "caught_up_in_s": 60.0,
        "observations_per_s": 300_000,
        "times_live": 60.0,
        "peak_rss_mb": 412,
    }
    text = rendered(a_run(catch_up=catch_up))["benchmark ratios"]
    assert "| 412 MB | ≤ 300 MB | no |" in text


def test_the_picture_is_well_formed_and_has_a_bar_for_each_contender() -> None:
    drawn = ElementTree.fromstring(picture(a_run()))
    bars = [one for one in drawn if one.tag.endswith("rect")][1:]
    assert len(bars) == 8
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert widths == sorted(widths, reverse=True)
