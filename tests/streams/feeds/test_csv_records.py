"""Foreign CSV files become canonical observations."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import config
from config.mapping import load_mapping
from models.errors import InputError
from models.observation import decode
from streams.feeds.csv_records import read_csv
from streams.feeds.records import FeedRecord
from tests.config.a_city import a_city
from tests.streams.feeds.small_files import LONG, WIDE, read

EXAMPLES = Path(config.__path__[0]) / "mappings" / "examples"


def test_a_long_file_is_converted_to_our_units_and_to_utc(tmp_path: Path) -> None:
    records, refusals = read(tmp_path, "id,time,v,q,occ\nS1,2026-03-01 08:02:00,10,720,0.25\n", LONG)
    assert refusals == []
    assert json.loads(records[0].payload) == {
        "sensor_id": "S1",
        "event_time": "2026-03-01T00:02:00.000Z",
        "interval_s": 120,
        "speed_kmh": 36.0,
        "flow_vph": 720.0,
        "occupancy_pct": 25.0,
    }


def test_a_wide_file_gives_an_observation_per_cell_and_its_time_is_the_end(tmp_path: Path) -> None:
    records, _ = read(tmp_path, "local_time,A,B\n2012-03-01T00:00:00,60,\n2012-03-01T00:05:00,61,62\n", WIDE)
    told = [(r["sensor_id"], r["event_time"], r["speed_kmh"]) for r in map(_content, records)]
    assert told == [
        ("A", "2012-03-01T08:05:00.000Z", 96.5606),  # started at 00:00 local, UTC-8, five minutes long
        ("A", "2012-03-01T08:10:00.000Z", 98.17),
        ("B", "2012-03-01T08:10:00.000Z", 99.7793),
    ]


def test_a_wide_file_without_times_counts_from_its_start(tmp_path: Path) -> None:
    mapping = WIDE.replace("column: local_time", "start: 2012-03-01 00:00:00, step_s: 600")
    records, _ = read(tmp_path, "A\n60\n\n61\n62\n", mapping)
    assert [_content(r)["event_time"][11:16] for r in records] == ["08:05", "08:25", "08:35"]


@pytest.mark.parametrize(
    ("fields", "text", "expected"),
    [
        ("format: iso, zone: UTC", "2026-03-01T08:00:00", "2026-03-01T08:00:00.000Z"),
        ("format: iso", "2026-03-01T08:00:00+08:00", "2026-03-01T00:00:00.000Z"),
        ("format: epoch_s", "1772323200", "2026-03-01T00:00:00.000Z"),
        ("format: epoch_ms", "1772323200250", "2026-03-01T00:00:00.250Z"),
        ("format: hms, date: 2026-03-01, zone: Asia/Shanghai", "08:00:30", "2026-03-01T00:00:30.000Z"),
        ("format: hms, date: 2026-03-01, zone: Asia/Shanghai", "8:00:30", "2026-03-01T00:00:30.000Z"),
        ("format: hms, date: 2026-03-01, zone: UTC", "24:00:00", "2026-03-02T00:00:00.000Z"),
        ('format: "%d.%m.%Y %H:%M", zone: Europe/Berlin', "01.03.2026 01:00", "2026-03-01T00:00:00.000Z"),
        ('format: iso, zone: "+05:30"', "2026-03-01T05:30:00", "2026-03-01T00:00:00.000Z"),
    ],
)
def test_times_are_read_as_the_mapping_says(fields: str, text: str, expected: str, tmp_path: Path) -> None:
    mapping = LONG.replace("format: iso, zone: Asia/Shanghai", fields)
    records, refusals = read(tmp_path, f"id,time,v,q,occ\nS1,{text},10,,\n", mapping)
    assert refusals == []
    assert _content(records[0])["event_time"] == expected


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("S1,2026-03-01 08:02:00,fast,,", "wrong_type", "v: 'fast' is not a number"),
        ("S1,2026-03-01 08:02:00,nan,,", "not_finite", "v is nan"),
        ("S1,2026-03-01 08:02:00,1e999,,", "not_finite", "v is 1e999"),
        ("S1,yesterday,10,,", "wrong_type", "time: "),
        ("S1,9999-12-31 23:59:59,10,,", "out_of_range", "after 2200"),
        ("S1,2026-03-01 08:02:00,10", "wrong_type", "3 cells where the header has 5"),
        ('S1,"2026-03-01 08:02:00,10,,', "wrong_type", "not CSV"),
    ],
)
def test_a_bad_row_is_refused_with_its_place_and_nothing_stops(
    row: str, reason: str, detail: str, tmp_path: Path
) -> None:
    good = "S2,2026-03-01 08:02:00,10,,"
    records, refusals = read(tmp_path, f"id,time,v,q,occ\n{row}\n{good}\n", LONG)
    assert [_content(r)["sensor_id"] for r in records] == ["S2"]
    assert [(r.line, r.reason) for r in refusals] == [(2, reason)]
    assert detail in refusals[0].detail
    assert str(refusals[0]).startswith(f"{tmp_path}/recording:2: {reason}: ")


def test_a_byte_that_is_no_text_costs_one_row(tmp_path: Path) -> None:
    content = b"id,time,v,q,occ\n\xff,2026-03-01 08:02:00,1,,\nS2,2026-03-01 08:02:00,1,,\n"
    records, refusals = read(tmp_path, content, LONG)
    assert (len(records), [r.reason for r in refusals]) == (1, ["invalid_utf8"])


def test_a_bad_cell_of_a_wide_row_costs_one_observation(tmp_path: Path) -> None:
    records, refusals = read(tmp_path, "local_time,A,B\n2012-03-01T00:00:00,x,60\n", WIDE)
    assert [_content(r)["sensor_id"] for r in records] == ["B"]
    assert refusals[0].detail == "A: 'x' is not a number"


def test_missing_markers_are_compared_as_numbers_and_are_no_refusals(tmp_path: Path) -> None:
    rows = "S1,2026-03-01 08:02:00,-1.0,,0\nS2,2026-03-01 08:02:00,0.0,,0.5\n"
    records, refusals = read(tmp_path, "id,time,v,q,occ\n" + rows, LONG)
    assert refusals == []
    assert [_content(r) for r in records] == [
        {
            "sensor_id": "S2",
            "event_time": "2026-03-01T00:02:00.000Z",
            "interval_s": 120,
            "occupancy_pct": 50.0,
        }
    ]


def test_a_local_time_that_the_clocks_skip_is_refused(tmp_path: Path) -> None:
    records, refusals = read(tmp_path, "local_time,A\n2012-03-11T02:30:00,60\n", WIDE)
    assert records == []
    assert "the clocks skip it" in refusals[0].detail


def test_a_local_time_shown_twice_is_the_first_of_the_two(tmp_path: Path) -> None:
    records, _ = read(tmp_path, "local_time,A\n2012-11-04T01:30:00,60\n", WIDE)
    assert _content(records[0])["event_time"] == "2012-11-04T08:35:00.000Z"


@pytest.mark.parametrize(
    ("header", "mapping", "named"),
    [("id,time,v,q", LONG, "'occ'"), ("id,when,v,q,occ", LONG, "'time'"), ("A,B", WIDE, "'local_time'")],
)
def test_a_column_that_is_not_there_is_named(header: str, mapping: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"no column {named}"):
        read(tmp_path, header + "\n", mapping)


def test_an_empty_file_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="recording: the file is empty"):
        read(tmp_path, "", LONG)
    with pytest.raises(InputError, match="nowhere: no such file"):
        list(read_csv(tmp_path / "nowhere", load_mapping(tmp_path / "mapping.yaml"), None))


def test_a_torn_gzip_file_is_named_with_the_last_line_read(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,time,v,q,occ\n" + b"S1,2026-03-01 08:02:00,10,,\n" * 5000)
    with pytest.raises(InputError, match=r"recording after line \d+: broken gzip file"):
        read(tmp_path, whole[:-20], LONG)


def test_ids_are_cut_and_prefixed_as_the_mapping_says(tmp_path: Path) -> None:
    mapping = LONG.replace("{column: id}", "{column: id, slice: [9, 13], prefix: L}")
    records, _ = read(tmp_path, "id,time,v,q,occ\n4377906289869500514,2026-03-01 08:02:00,10,,\n", mapping)
    assert records[0].key == "L9869"


def test_the_key_is_the_segment_where_the_city_knows_the_sensor(tmp_path: Path) -> None:
    rows = "S1,2026-03-01 08:02:00,10,,\nS9,2026-03-01 08:02:00,10,,\n"
    records, _ = read(tmp_path, "id,time,v,q,occ\n" + rows, LONG, a_city())
    assert [record.key for record in records] == ["a-b", "S9"]
    assert _content(records[0])["segment_id"] == "a-b"


def test_a_time_of_sending_is_when_the_observation_was_known(tmp_path: Path) -> None:
    mapping = LONG + "sent_column: sent\n"
    row = "S1,2026-03-01 08:02:00,10,,,2026-03-01 08:02:05"
    records, _ = read(tmp_path, f"id,time,v,q,occ,sent\n{row}\n", mapping)
    content = _content(records[0])
    assert content["sent_time"] == "2026-03-01T00:02:05.000Z"
    assert records[0].available_ms % 60_000 == 5000


def test_names_with_quotes_and_other_encodings_are_read(tmp_path: Path) -> None:
    mapping = LONG + 'encoding: gb18030\ndelimiter: ";"\n'
    content = 'id;time;v;q;occ\n"路口;甲";2026-03-01 08:02:00;10;;\n'.encode("gb18030")
    records, refusals = read(tmp_path, content, mapping)
    assert refusals == []
    assert _content(records[0])["sensor_id"] == "路口;甲"


@pytest.mark.data
def test_five_days_of_metr_la_are_read_cell_by_cell(shared_data: Path) -> None:
    path = shared_data / "metr_la" / "speed_mph_2012-03-01_05.csv.gz"
    with gzip.open(path, "rt") as stream:
        header, *rows = csv.reader(stream)
    records = list(read_csv(path, load_mapping(EXAMPLES / "metr_la_speed.yaml"), None))
    assert len(records) == sum(cell != "" for row in rows for cell in row[1:]) == 298_080
    for at in (0, 1, 206, 207, 150_000, 298_079):
        record = records[at]
        assert isinstance(record, FeedRecord)
        content, row, column = _content(record), rows[at // 207], at % 207 + 1
        began = datetime.fromisoformat(row[0]).replace(tzinfo=ZoneInfo("America/Los_Angeles"))
        assert content["sensor_id"] == header[column]
        assert datetime.fromisoformat(content["event_time"]) == began + timedelta(minutes=5)
        assert content["speed_kmh"] == pytest.approx(float(row[column]) * 1.609344, abs=1e-4)


@pytest.mark.data
def test_a_day_of_guiyang_is_read_row_by_row(shared_data: Path) -> None:
    path = shared_data / "guiyang" / "day_a_undated.csv"
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    records = list(read_csv(path, load_mapping(EXAMPLES / "guiyang_speed.yaml"), None))
    assert len(records) == len(rows) == 79_870
    for at in range(0, len(rows), 997):
        record = records[at]
        assert isinstance(record, FeedRecord)
        content = _content(record)
        assert content["sensor_id"] == rows[at]["link_id"]
        assert content["speed_kmh"] == pytest.approx(float(rows[at]["speed"]) * 3.6, abs=1e-4)
        began = datetime.fromisoformat(content["event_time"]) - timedelta(minutes=2)
        local = began.astimezone(ZoneInfo("Asia/Shanghai"))
        assert local.strftime("%Y-%m-%d %H:%M:%S") == f"2016-04-27 {rows[at]['time']}"


def test_what_is_read_is_what_the_stream_accepts(tmp_path: Path) -> None:
    records, _ = read(tmp_path, "id,time,v,q,occ\nS1,2026-03-01 08:02:00,10,720,0.25\n", LONG, a_city())
    columns, refusals = decode([r.payload for r in records], [0], a_city())
    assert refusals == []
    assert columns.speed_kmh.tolist() == [36.0]
    assert columns.flow_veh.tolist() == [24.0]


def _content(record: FeedRecord) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(record.payload)
    return content
