"""Mapping files: each way of being wrong is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config.importing.table_mapping import ImportMapping
from config.mapping import load_mapping
from config.strict_yaml import load_yaml
from models.errors import ConfigurationError

LONG = """\
layout: long
interval_s: 120
time: {column: t, format: hms, date: 2016-04-27, zone: Asia/Shanghai, marks: start}
sensor: {column: link}
values:
  speed: {column: v, unit: m/s}
"""

WIDE = """\
layout: wide
interval_s: 300
time: {start: 2012-03-01 00:00:00, step_s: 300, zone: "-08:00", marks: start}
values:
  speed: {unit: mph}
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        (LONG, "interval_s", "interval", "line 2: interval: is not a known key"),
        (LONG, "unit: m/s", "unit: knots", "line 6: values.speed.unit"),
        (LONG, "unit: m/s", "units: m/s", "line 6: values.speed.units: is not a known key"),
        (LONG, "Asia/Shanghai", "Asia/Guiyang", "line 3: time.zone"),
        (LONG, "marks: start", "marks: middle", "line 3: time.marks"),
        (LONG, ", marks: start", "", "line 3: time.marks: is missing"),
        (LONG, "date: 2016-04-27, ", "", "`format: hms` and `date` belong together"),
        (LONG, "format: hms, date: 2016-04-27", "format: nice", "line 3: time.format"),
        (LONG, "format: hms, date: 2016-04-27, zone: Asia/Shanghai", 'format: "%H%M"', "`zone` is needed"),
        (LONG, "column: t, ", "", "either `column`, or `start` and `step_s`"),
        (LONG, "sensor: {column: link}\n", "", "sensor.column is missing"),
        (LONG, "column: v, ", "", "values.speed.column is missing"),
        (LONG, "layout: long", "layout: tall", "line 1: layout"),
        (LONG, "120", "0", "line 2: interval_s"),
        (LONG, "120", "120\nencoding: utf-9", "encoding: is no text encoding"),
        (LONG, "speed: {column: v, unit: m/s}", "{}", "at least one of speed, flow, occupancy"),
        (WIDE, "unit: mph", "unit: mph, column: v", "a wide file holds one measurement"),
        (WIDE, ", step_s: 300", "", "`start` and `step_s` belong together"),
        (WIDE, 'zone: "-08:00", ', "", "`zone` is needed"),
        (WIDE, "values", "sensor: {column: a}\nvalues", "belong to long files"),
    ],
)
def test_a_wrong_mapping_is_refused_by_name(
    text: str, old: str, new: str, expected: str, tmp_path: Path
) -> None:
    assert old in text
    path = tmp_path / "mapping.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_mapping(path)
    assert str(caught.value).startswith(str(path))
    assert expected in str(caught.value)


@pytest.mark.parametrize("text", [LONG, WIDE])
def test_a_right_mapping_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_mapping(path).interval_s in (120, 300)


def test_every_example_mapping_is_right() -> None:
    folder = Path(config.__path__[0]) / "mappings" / "examples"
    paths = sorted(folder.glob("*.yaml"))
    assert len(paths) >= 4
    for path in paths:
        if path.stem.endswith("_city"):
            load_yaml(path, ImportMapping)
        else:
            load_mapping(path)
