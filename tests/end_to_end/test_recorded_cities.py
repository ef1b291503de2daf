"""Whole recordings of real and simulated cities, as a user would run them."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import config
from citybrain.command import main

pytestmark = pytest.mark.data

EXAMPLES = Path(config.__path__[0]) / "mappings" / "examples"


def backtest(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    assert main(["backtest", *map(str, words)]) == 0
    summary: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return summary


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def city_errors(computed: Path, truth: Path) -> tuple[float, float]:
    """Mean absolute error and correlation of the city index against the simulation's own, per 5 minutes."""
    true_of = {
        datetime.fromisoformat(row["interval_start"]): float(row["index_ratio_emp"])
        for row in csv_rows(truth)
    }
    found = {datetime.fromisoformat(row["interval_start"]): float(row["index"]) for row in csv_rows(computed)}
    assert set(found) == set(true_of), "every interval of the truth has an index"
    pairs = [(found[start], true_of[start]) for start in true_of]
    error = statistics.fmean(abs(a - b) for a, b in pairs)
    return error, statistics.correlation([a for a, _ in pairs], [b for _, b in pairs])


@pytest.mark.parametrize("with_probes", [False, True], ids=["loops", "loops and probes"])
def test_the_simulated_city_is_close_to_its_truth(
    with_probes: bool, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = shared_data / "sumo_open" / "public"
    city, out = tmp_path / "city", tmp_path / "out"
    assert main(["import-city", "oracle", str(public / "topology.json"), "--out", str(city)]) == 0
    probes: list[str | Path] = ["--probes", public / "probes.ndjson.gz"] if with_probes else []
    summary = backtest(
        capsys,
        *("--city", city, "--observations", public / "observations.ndjson.gz", *probes, "--out", out),
    )
    assert summary["duplicate"] == 354
    error, correlation = city_errors(
        out / "city.csv", shared_data / "sumo_open" / "truth" / "truth_city_300s.csv"
    )
    assert error <= 0.06
    assert correlation >= 0.93


def test_five_days_of_los_angeles_freeways_in_miles_per_hour(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, city, out = shared_data / "metr_la", tmp_path / "city", tmp_path / "out"
    recording, mapping = folder / "speed_mph_2012-03-01_05.csv.gz", EXAMPLES / "metr_la_speed.yaml"
    assert main(["import-city", "csv", str(folder), *_mapped("metr_la_city"), "--out", str(city)]) == 0
    summary = backtest(
        capsys, "--city", city, "--observations", recording, "--mapping", mapping, "--out", out
    )
    assert summary["read"] == summary["accepted"] == 5 * 288 * 207
    assert summary["windows"] == 5 * 288
    index_at = {row["interval_start"]: float(row["index"]) for row in csv_rows(out / "city.csv")}
    assert len(index_at) == 5 * 288
    # Thursday 1 March 2012, Los Angeles is 8 h behind UTC: 03:00, 08:00 and 17:30 local.
    night, morning, evening = (
        index_at[f"2012-03-0{time}Z"] for time in ("1T11:00:00", "1T16:00:00", "2T01:30:00")
    )
    assert night < 1.1 < 1.25 < min(morning, evening), "two peaks on a workday, none at night"


def test_a_day_of_guiyang_in_metres_per_second_without_coordinates(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, city, out = shared_data / "guiyang", tmp_path / "city", tmp_path / "out"
    recording, mapping = folder / "day_a_undated.csv", EXAMPLES / "guiyang_speed.yaml"
    sources = [str(folder / "link_info.txt"), str(folder / "link_top.txt")]
    assert main(["import-city", "csv", *sources, *_mapped("guiyang_city"), "--out", str(city)]) == 0
    summary = backtest(
        capsys, "--city", city, "--observations", recording, "--mapping", mapping, "--out", out
    )
    fates = [summary["accepted"], summary["duplicate"], summary["late"], *summary["refused"].values()]
    assert sum(fates) == summary["read"] == 79_870
    assert summary["accepted"] > 79_000
    assert summary["windows"] == 288
    segments = list(csv_rows(out / "segments.csv"))
    assert len({row["segment_id"] for row in segments}) == 132
    speeds = [float(row["speed_kmh"]) for row in segments if row["speed_kmh"]]
    assert 15 < statistics.median(speeds) < 45, "metres per second became kilometres per hour"


def _mapped(name: str) -> list[str]:
    return ["--mapping", str(EXAMPLES / f"{name}.yaml")]
