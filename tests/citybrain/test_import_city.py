"""City folders from what a city already has."""

from __future__ import annotations

import csv
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import config
from citybrain.city_sources import import_city, with_free_flow_from
from citybrain.command import main
from config.city_folder import load_city
from models.errors import CitybrainError

EXAMPLES = Path(config.__path__[0]) / "mappings" / "examples"


def a_topology(**changes: Any) -> dict[str, Any]:
    """A street of four segments eastwards, one of them also back."""
    names = ["a", "b", "c", "d", "e"]
    pairs = [*pairwise(names), ("b", "a")]
    segments = [
        {
            "segment_id": f"{a}-{b}",
            "name": "Long Street",
            "district": "Old Town",
            "road_class": "arterial",
            "length_m": 480.0,
            "lanes": 2,
            "speed_limit_kmh": 50,
            "from_node": a,
            "to_node": b,
            "polyline": [[120 + 0.005 * names.index(n), 30.0] for n in (a, b)],
        }
        for a, b in pairs
    ]
    sensors = [{"sensor_id": "S1", "segment_id": "a-b", "offset_m": 20.0, "lonlat": [120.0002, 30.0]}]
    whole = {"city": "Test Town", "districts": ["Old Town"], "segments": segments, "sensors": sensors}
    return {**whole, **changes}


def test_a_topology_becomes_a_city_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "topology.json", tmp_path / "city"
    source.write_text(json.dumps(a_topology()))
    words = ["import-city", "oracle", str(source), "--out", str(out), "--timezone", "Asia/Shanghai"]
    assert main(words) == 0
    assert (
        "5 segments, 1 sensors, 1 districts, 1 corridors; time zone Asia/Shanghai" in capsys.readouterr().out
    )
    city = load_city(out)
    assert city.synthetic
    assert city.segments[0].free_flow_method == "limit"
    corridor = city.corridors[0]
    assert (corridor.corridor_id, corridor.name.en) == ("long-street-e", "Long Street eastbound")
    assert corridor.segment_ids == ("a-b", "b-c", "c-d", "d-e")


def test_a_corridor_goes_straight_on_where_its_street_forks(tmp_path: Path) -> None:
    topology = a_topology()
    turn_off = {**topology["segments"][2], "segment_id": "c-x", "to_node": "x"}
    turn_off["polyline"] = [[120.01, 30.0], [120.01, 30.004]]
    topology["segments"].insert(0, turn_off)
    source = tmp_path / "topology.json"
    source.write_text(json.dumps(topology))
    corridor = import_city("oracle", [source], "x").corridors[0]
    assert corridor.segment_ids == ("a-b", "b-c", "c-d", "d-e")


def test_a_city_folder_is_replaced_only_when_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "topology.json"
    source.write_text(json.dumps(a_topology()))
    words = ["import-city", "oracle", str(source), "--out", str(tmp_path / "city")]
    assert main(words) == 0
    assert main(words) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"crs": "EPSG:3857"}, "crs: must be EPSG:4326"),
        ({"districts": ["New Town"]}, "segments.0 (a-b): district: 'Old Town'"),
        ({"districts": []}, "districts: "),
        ({"sensors": [{"sensor_id": "S1"}]}, "sensors.0.segment_id: is missing"),
        ({"colour": "red"}, "colour: is not a known key"),
        ({"sensors": [{"sensor_id": "S1", "segment_id": "x"}]}, "'x' is no segment"),
    ],
)
def test_a_wrong_topology_is_one_line_with_its_field_and_exit_code_2(
    changes: dict[str, Any], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "topology.json"
    source.write_text(json.dumps(a_topology(**changes)))
    assert main(["import-city", "oracle", str(source), "--out", str(tmp_path / "city")]) == 2
    message = capsys.readouterr().err
    assert expected in message
    assert message.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, file = tmp_path / "topology.json", tmp_path / "file"
    source.write_text(json.dumps(a_topology()))
    file.write_text("")
    for out in ("/proc/x", str(file)):
        assert main(["import-city", "oracle", str(source), "--out", out]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"citybrain import-city: {out}: cannot be written: ")
        assert error.count("\n") == 1


def test_a_broken_json_file_is_named_with_its_line(tmp_path: Path) -> None:
    source = tmp_path / "topology.json"
    source.write_text('{"city": "x",\n "districts": [')
    with pytest.raises(CitybrainError, match=r"topology\.json line 2: not JSON"):
        import_city("oracle", [source], "x")


def test_tables_with_our_own_names_need_no_mapping(tmp_path: Path) -> None:
    (tmp_path / "segments.csv").write_text(
        "segment_id,name_en,length_m,lanes,speed_limit_kmh,road_class,district,polyline\n"
        '1,High St,500,2,60,arterial,North,"120 30;120.005 30"\n'
        '2,High St,400,1,,local,South,"LINESTRING (120.005 30, 120.009 30)"\n'
    )
    (tmp_path / "sensors.csv").write_text("sensor_id,segment_id,lon,lat\nS1,1,120.001,30\n")
    city = import_city("csv", [tmp_path], "my-town", "Asia/Shanghai")
    assert [(s.free_flow_kmh, s.free_flow_method) for s in city.segments] == [
        (60.0, "limit"),
        (30.0, "class_default"),
    ]
    assert [d.district_id for d in city.districts] == ["north", "south"]
    assert city.segments[1].polyline == ((120.005, 30.0), (120.009, 30.0))
    assert (city.sensors[0].segment_id, city.schematic) == ("1", False)


def test_links_without_coordinates_get_a_drawing_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "segments.csv").write_text("segment_id,length_m\n1,100\n2,150\n3,120\n4,90\n")
    (tmp_path / "topology.csv").write_text("segment_id,out\n1,2\n2,3;4\n")
    city = import_city("csv", [tmp_path], "links")
    assert city.schematic
    assert city.segments[0].polyline[1] == city.segments[1].polyline[0]
    assert city.segments[1].polyline[1] == city.segments[2].polyline[0] == city.segments[3].polyline[0]
    assert [(s.sensor_id, s.kind) for s in city.sensors] == [(str(i), "travel_time") for i in (1, 2, 3, 4)]
    assert [len(c.segment_ids) for c in city.corridors] == [3]


def test_detectors_alone_become_segments_along_their_route(tmp_path: Path) -> None:
    places = {"far": 30.03, "near": 30.01, "mid": 30.02}
    rows = [f"{name},120.0,{lat},I9-N" for name, lat in places.items()]
    (tmp_path / "sensors.csv").write_text("\n".join(["sensor_id,lon,lat,route", *rows]))
    city = import_city("csv", [tmp_path], "detectors")
    assert city.corridors[0].segment_ids == ("near", "mid", "far")
    near = city.segments[city.segment_position["near"]]
    assert near.length_m == pytest.approx(1112, abs=2)
    assert near.polyline == ((120.0, 30.01), (120.0, 30.02))


def test_the_order_column_wins_over_the_positions(tmp_path: Path) -> None:
    rows = ["a,120.0,30.01,R-N,3", "b,120.0,30.02,R-N,1", "c,120.0,30.03,R-N,2"]
    (tmp_path / "sensors.csv").write_text("\n".join(["sensor_id,lon,lat,route,order", *rows]))
    assert import_city("csv", [tmp_path], "x").corridors[0].segment_ids == ("b", "c", "a")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("segments.csv", "segment_id,length\n1,5\n", "unknown column 'length'"),
        ("segments.csv", "segment_id\n1\n", "segments: length_m is missing"),
        ("segments.csv", "segment_id,length_m\n1,long\n", "line 2: length_m: 'long' is not a number"),
        ("segments.csv", "segment_id,length_m\n1,\n", "line 2: length_m: is empty"),
        ("segments.csv", "segment_id,length_m,road_class\n1,5,lane\n", "line 2: road_class: 'lane'"),
        ("segments.csv", "segment_id,length_m,polyline\n1,5,here\n", "line 2: polyline: 'here'"),
        ("segments.csv", "segment_id,length_m\n1\n", "line 2: 1 cells where the header has 2"),
        ("sensors.csv", "sensor_id,lon\n1,5\n", "line 2: lat: is empty"),
        ("other.csv", "a,b\n", "neither segments.csv nor sensors.csv"),
    ],
)
def test_a_wrong_table_is_one_line_with_row_and_field(
    name: str, content: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["import-city", "csv", str(tmp_path), "--out", str(tmp_path / "city")]) == 2
    message = capsys.readouterr().err
    assert expected in message
    assert message.count("\n") == 1


def test_a_wrong_timezone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CitybrainError, match="--timezone: 'Mars/Base' is no time zone"):
        import_city("csv", [tmp_path], "x", "Mars/Base")


def test_free_flow_is_measured_where_a_recording_says_enough(tmp_path: Path) -> None:
    source = tmp_path / "topology.json"
    source.write_text(json.dumps(a_topology()))
    city = import_city("oracle", [source], "x", "Asia/Shanghai")
    recording = tmp_path / "day.ndjson"
    lines = [
        {
            "sensor_id": "S1",
            # 00:00 UTC is 08:00 in Shanghai: inside the day that the standard looks at
            "event_time": f"2026-03-02T{quarter // 4:02d}:{quarter % 4 * 15:02d}:00Z",
            "interval_s": 60,
            "speed_kmh": 30 + quarter,
        }
        for quarter in range(1, 10)
    ]
    recording.write_text("\n".join(map(json.dumps, lines)))
    measured = with_free_flow_from(city, [recording], None)
    assert Counter(s.free_flow_method for s in measured.segments) == {"limit": 4, "recording": 1}
    assert measured.segments[0].free_flow_kmh == pytest.approx(39.0)


@pytest.mark.data
def test_the_simulated_city_has_all_its_segments_and_sensors(shared_data: Path) -> None:
    path = shared_data / "sumo_open" / "public" / "topology.json"
    source = json.loads(path.read_text())
    city = import_city("oracle", [path], "open", "Asia/Shanghai")
    assert (len(city.segments), len(city.sensors), len(city.districts)) == (424, 272, 5)
    for segment, given in zip(city.segments, source["segments"], strict=True):
        assert segment.segment_id == given["segment_id"]
        assert segment.free_flow_kmh == given["free_flow_kmh"]
        assert segment.polyline == tuple(map(tuple, given["polyline"]))
    nodes = {s.segment_id: (s.from_node, s.to_node) for s in city.segments}
    for corridor in city.corridors:
        ends = [nodes[segment_id] for segment_id in corridor.segment_ids]
        assert len(ends) >= 3
        assert all(a[1] == b[0] for a, b in pairwise(ends))
    assert len({corridor.name.en for corridor in city.corridors}) == len(city.corridors)


@pytest.mark.data
def test_los_angeles_is_ordered_as_its_published_adjacency(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "metr_la"
    words = ["import-city", "csv", str(folder), "--mapping", str(EXAMPLES / "metr_la_city.yaml")]
    recording = ["--free-flow-from", str(folder / "speed_mph_2012-03-01_05.csv.gz")]
    columns = ["--observations-mapping", str(EXAMPLES / "metr_la_speed.yaml")]
    assert main([*words, *recording, *columns, "--out", str(tmp_path / "la")]) == 0
    city = load_city(tmp_path / "la")
    assert (len(city.segments), len(city.sensors), len(city.corridors)) == (207, 207, 16)
    assert city.timezone == "America/Los_Angeles"
    with (folder / "adjacency_edges.csv").open() as stream:
        near = {(row["from"], row["to"]) for row in csv.DictReader(stream)}
    steps = [step for corridor in city.corridors for step in pairwise(corridor.segment_ids)]
    assert sum(step in near for step in steps) >= 0.93 * len(steps)
    assert {s.free_flow_method for s in city.segments} == {"recording"}
    assert 90 < np.median(city.free_flow_kmh) <= 70 * 1.609344
    with (folder / "graph_sensor_locations_corrected.csv").open() as stream:
        corrected = {row["sid"]: (float(row["lng"]), float(row["lat"])) for row in csv.DictReader(stream)}
    assert {s.sensor_id: (s.lon, s.lat) for s in city.sensors} == corrected


@pytest.mark.data
def test_guiyang_is_drawn_from_its_topology(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "guiyang"
    words = ["import-city", "csv", str(folder / "link_info.txt"), str(folder / "link_top.txt")]
    mapping = ["--mapping", str(EXAMPLES / "guiyang_city.yaml")]
    assert main([*words, *mapping, "--out", str(tmp_path / "gy")]) == 0
    city = load_city(tmp_path / "gy")
    assert city.schematic
    assert (len(city.segments), len(city.sensors)) == (132, 132)
    with (folder / "day_a_undated.csv").open() as stream:
        assert {row["link_id"] for row in csv.DictReader(stream)} == set(city.sensor_position)
    ends = {s.segment_id: s for s in city.segments}
    with (folder / "link_top.txt").open() as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            for out in filter(None, row["out_links"].split("#")):
                assert ends[row["link_ID"][9:13]].polyline[-1] == ends[out[9:13]].polyline[0]
