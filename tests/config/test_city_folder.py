"""City folders: what was written is read back, and each way of being wrong is named."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.city_folder import city_folder_of, inspect_city, load_city, write_city
from models.city import ROAD_CLASSES, City, Corridor, District, Landmark, Name, Segment, Sensor
from models.errors import ConfigurationError
from tests.config.a_city import a_city

Spoil = Callable[[Path], None]


def replacing(file: str, old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return spoil


def appending(file: str, raw: bytes) -> Spoil:
    def spoil(folder: Path) -> None:
        with (folder / file).open("ab") as stream:
            stream.write(raw)

    return spoil


def deleting(file: str) -> Spoil:
    return lambda folder: (folder / file).unlink()


def swapping_all(folder: Path) -> None:
    path = folder / "segments.geojson"
    collection = json.loads(path.read_text())
    for feature in collection["features"]:
        line = feature["geometry"]["coordinates"]
        feature["geometry"]["coordinates"] = [[lat, lon] for lon, lat in line]
    path.write_text(json.dumps(collection))


def twice(folder: Path) -> None:
    path = folder / "segments.geojson"
    collection = json.loads(path.read_text())
    collection["features"].append(collection["features"][0])
    path.write_text(json.dumps(collection))


CITY, SEGMENTS, SENSORS = "city.yaml", "segments.geojson", "sensors.csv"
BAD = {
    "city.yaml is missing": (deleting(CITY), [CITY, "no such file"]),
    "segments.geojson is missing": (deleting(SEGMENTS), [SEGMENTS, "no such file"]),
    "sensors.csv is missing": (deleting(SENSORS), [SENSORS, "no such file"]),
    "yaml syntax": (appending(CITY, b"corridors: [\n"), [f"{CITY} line 1"]),
    "a key written twice": (appending(CITY, b"schematic: true\n"), [f"{CITY} line 1", "written twice"]),
    "an unknown key": (appending(CITY, b"colour: red\n"), [CITY, "colour", "not a known key"]),
    "city_id missing": (replacing(CITY, "city_id: twostreets\n", ""), ["city_id", "is missing"]),
    "city_id with capitals": (replacing(CITY, "twostreets", "Two Streets"), ["line 1", "city_id"]),
    "an English name missing": (replacing(CITY, ", en: Two Streets", ""), ["line 2", "name.en", "missing"]),
    "a time zone nobody knows": (replacing(CITY, "Asia/Shanghai", "Asia/Shangai"), ["timezone", "IANA"]),
    "a period of nothing": (replacing(CITY, "_s: 30", "_s: 0"), ["line 4", "expected_period_s", "not 0"]),
    "a text for a number": (replacing(CITY, "_s: 30", "_s: '30'"), ["expected_period_s", "not '30'"]),
    "an id that is a number": (replacing(CITY, "district_id: west", "district_id: 7"), ["district_id"]),
    "no district": (
        replacing(CITY, "- district_id: west\n  name: {zh: 西区, en: West}\n", ""),
        ["districts", "list"],
    ),
    "a district twice": (
        replacing(CITY, "corridors:", "- {district_id: west, name: {zh: a, en: b}}\ncorridors:"),
        ["district_id", "'west' is there twice"],
    ),
    "a corridor of an unknown segment": (
        replacing(CITY, "[a-b, b-c]", "[a-b, b-d]"),
        ["corridors.0", "'b-d'"],
    ),
    "a corridor that passes a segment twice": (
        replacing(CITY, "[a-b, b-c]", "[a-b, a-b]"),
        ["corridors.0.segment_ids", "'a-b' is there twice"],
    ),
    "a landmark outside the globe": (replacing(CITY, "lat: 30.251", "lat: 92.0"), ["landmarks.0.lat", "92"]),
    "a landmark in another country": (
        replacing(CITY, "lon: 120.152", "lon: 20.1"),
        ["landmarks.0", "km away"],
    ),
    "a landmark with swapped coordinates": (
        replacing(CITY, "lon: 120.152\n  lat: 30.251", "lon: 30.251\n  lat: 60.152"),
        ["landmarks.0", "km away"],
    ),
    "a city.yaml that is not UTF-8": (appending(CITY, b"# \xff\n"), [CITY, "0xff is not UTF-8"]),
    "geojson syntax": (replacing(SEGMENTS, "[\n", "[,\n"), [f"{SEGMENTS} line 1", "not JSON"]),
    "a name that is not UTF-8": (
        lambda folder: (folder / SEGMENTS).write_bytes(
            (folder / SEGMENTS).read_bytes().replace("文二路".encode(), "文二路".encode("gbk"))
        ),
        [f"{SEGMENTS} line 2", "0xce is not UTF-8"],
    ),
    "no UTF-8 after a byte order mark": (
        lambda folder: (folder / SENSORS).write_bytes(b"\xef\xbb\xbfsensor_id\n\n\n\xff"),
        [f"{SENSORS} line 4", "0xff is not UTF-8"],
    ),
    "a geojson of nothing but brackets": (
        lambda folder: (folder / SEGMENTS).write_bytes(b'{"features": ' + b"[" * 200_000),
        [SEGMENTS, "nested too deeply"],
    ),
    "a line end in a name": (replacing(SEGMENTS, "文二路", "文\n路"), [f"{SEGMENTS} line 2", "not JSON"]),
    "half a character": (
        replacing(SEGMENTS, "文二路", "\\ud800"),
        ["feature 1 (a-b)", "properties.name_zh", "unicode"],
    ),
    "a wrong value written after a right one": (
        replacing(SEGMENTS, '"lanes":2', '"lanes":2,"lanes":0'),
        ["feature 1 (a-b)", "properties.lanes", "not 0"],
    ),
    "something after the collection": (appending(SEGMENTS, b"{}"), [f"{SEGMENTS} line 5", "Extra data"]),
    "not a collection": (replacing(SEGMENTS, "FeatureCollection", "Feature"), ["FeatureCollection"]),
    "another coordinate system": (
        replacing(SEGMENTS, '"features"', '"crs":{"name":"EPSG:3857"},"features"'),
        ["crs", "WGS 84"],
    ),
    "an unknown key in the collection": (
        replacing(SEGMENTS, '"features"', '"author":"x","features"'),
        ["author"],
    ),
    "a segment twice": (twice, ["feature 3 (a-b)", "segment_id", "first at", "feature 1"]),
    "a segment without length": (
        replacing(SEGMENTS, '"length_m":500.0', '"length_m":0'),
        ["feature 1 (a-b)", "properties.length_m", "greater than 0"],
    ),
    "a free flow of nothing": (
        replacing(SEGMENTS, '"free_flow_kmh":48.5', '"free_flow_kmh":-3'),
        ["free_flow_kmh", "greater than 0"],
    ),
    "a free flow of a train": (
        replacing(SEGMENTS, '"free_flow_kmh":48.5', '"free_flow_kmh":200.5'),
        ["free_flow_kmh", "200", "not 200.5"],
    ),
    "a free flow that is not a number": (
        replacing(SEGMENTS, '"free_flow_kmh":48.5', '"free_flow_kmh":NaN'),
        ["free_flow_kmh", "finite"],
    ),
    "no lane": (replacing(SEGMENTS, '"lanes":2', '"lanes":0'), ["properties.lanes"]),
    "a road class nobody knows": (
        replacing(SEGMENTS, "arterial", "boulevard"),
        ["properties.road_class", "arterial", "'boulevard'"],
    ),
    "a district nobody knows": (
        replacing(SEGMENTS, '"district":"west"', '"district":"east"'),
        ["feature 1 (a-b)", "district", "'east'"],
    ),
    "an unknown property": (replacing(SEGMENTS, '"lanes"', '"lane"'), ["properties.lane", "not a known key"]),
    "a polyline of one point": (
        replacing(SEGMENTS, "[[120.15,30.25],[120.155,30.2501]]", "[[120.15,30.25]]"),
        ["geometry.coordinates"],
    ),
    "a point instead of a line": (replacing(SEGMENTS, '"LineString"', '"Point"'), ["geometry.type"]),
    "longitude and latitude swapped": (swapping_all, ["geometry.coordinates", "swapped"]),
    "a segment far from the city": (
        replacing(SEGMENTS, "[120.155,30.2501],[120.16", "[12.155,30.2501],[120.16"),
        ["km away from the city"],
    ),
    "an unknown sensor column": (replacing(SENSORS, "placement", "place"), [f"{SENSORS} line 1", "place"]),
    "a sensor column missing": (replacing(SENSORS, "sensor_id,", "sensor_id,sensor_id,"), ["twice"]),
    "no sensor_id column": (replacing(SENSORS, "sensor_id,segment_id", "lat,segment_id"), ["missing"]),
    "a sensor twice": (appending(SENSORS, b"S1,a-b,loop,1,0,,,\n"), ["line 4", "'S1'", "line 2"]),
    "a sensor on an unknown segment": (
        replacing(SENSORS, "S2,b-c", "S2,b-d"),
        ["line 3", "segment_id", "'b-d'"],
    ),
    "a row with a cell too few": (appending(SENSORS, b"S3,a-b,loop\n"), ["line 4", "3 cells"]),
    "a sensor kind nobody knows": (replacing(SENSORS, "loop", "lop"), ["line 2", "kind", "'lop'"]),
    "lanes that are no number": (replacing(SENSORS, "loop,2", "loop,two"), ["line 2", "lanes", "'two'"]),
    "an offset beyond the segment": (replacing(SENSORS, "100.0", "900"), ["line 2", "offset_m", "beyond"]),
    "an offset before the segment": (replacing(SENSORS, "100.0", "-5"), ["line 2", "offset_m"]),
    "a longitude without a latitude": (replacing(SENSORS, "120.151,30.25", "120.151,"), ["lon, lat"]),
    "a sensor with swapped coordinates": (
        replacing(SENSORS, "120.151,30.25", "30.25,80.15"),
        ["line 2", "lon, lat", "km away from its segment"],
    ),
    "a sensors.csv that is not UTF-8": (appending(SENSORS, b"\xb2\xe2,a-b\n"), ["line 4", "0xb2"]),
}


def test_a_city_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_city(a_city(), tmp_path)
    assert load_city(tmp_path) == a_city()


@pytest.mark.parametrize("rule", BAD)
def test_a_wrong_city_folder_is_refused_with_file_and_field(rule: str, tmp_path: Path) -> None:
    spoil, expected = BAD[rule]
    write_city(a_city(), tmp_path)
    spoil(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        load_city(tmp_path)
    message = str(caught.value)
    assert message.startswith(str(tmp_path))
    assert "\n" not in message
    for part in expected:
        assert part in message


def test_swapped_coordinates_that_fit_both_ways_are_noticed_by_their_distance(tmp_path: Path) -> None:
    city = a_city(landmarks=(Landmark(Name("站", "Station"), 56.15, 10.2),))
    line = ((10.2, 56.15), (10.205, 56.151))
    moved = tuple(msgspec.structs.replace(segment, polyline=line) for segment in city.segments)
    write_city(a_city(landmarks=city.landmarks, segments=moved, sensors=()), tmp_path)
    with pytest.raises(ConfigurationError, match="look swapped"):
        load_city(tmp_path)


def test_every_mistake_of_a_folder_is_found_at_once(tmp_path: Path) -> None:
    write_city(a_city(), tmp_path)
    for rule in ("a time zone nobody knows", "no lane", "lanes that are no number"):
        BAD[rule][0](tmp_path)
    city, mistakes = inspect_city(tmp_path)
    assert city is None
    assert len(mistakes) == 3


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="/nowhere/at/all: no such city folder"):
        load_city(Path("/nowhere/at/all"))
    with pytest.raises(ConfigurationError, match="atlantis: no such city folder"):
        city_folder_of("atlantis")


def test_a_sensor_file_with_windows_line_ends_and_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    write_city(a_city(), tmp_path)
    path = tmp_path / SENSORS
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_city(tmp_path) == a_city()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"type":"FeatureCollection"', '\ufeff{"type":"FeatureCollection"'),
        ('"features"', '"bbox":[NaN,-Infinity],"features"'),
        ('"features"', '"features":[],"crs":{"name":"urn:ogc:def:crs:EPSG::4326"},"features"'),
        ('"name_zh":"文二路"', '"name_zh":"","name_zh":"\\u6587二路"'),
    ],
)
def test_what_other_tools_write_into_geojson_is_read(old: str, new: str, tmp_path: Path) -> None:
    write_city(a_city(), tmp_path)
    replacing(SEGMENTS, old, new)(tmp_path)
    assert load_city(tmp_path) == a_city()


ids = st.from_regex(r"[A-Za-z0-9_.:#-]{1,12}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
names = st.builds(Name, texts, texts)
lons = st.floats(120, 121)
lats = st.floats(30, 31)


@st.composite
def cities(draw: st.DrawFn) -> City:
    district_ids = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    segment_ids = draw(st.lists(ids, min_size=1, max_size=5, unique=True))
    segments = tuple(
        Segment(
            segment_id=segment_id,
            name=draw(names),
            district_id=draw(st.sampled_from(district_ids)),
            road_class=draw(st.sampled_from(ROAD_CLASSES)),
            length_m=draw(st.floats(0.1, 9000)),
            lanes=draw(st.integers(1, 8)),
            speed_limit_kmh=draw(st.just(0.0) | st.floats(5, 130)),
            free_flow_kmh=draw(st.floats(1, 200)),
            free_flow_method=draw(st.sampled_from(["stated", "limit", "class_default", "recording"])),
            polyline=tuple(draw(st.lists(st.tuples(lons, lats), min_size=2, max_size=4))),
            from_node=draw(st.just("") | ids),
            to_node=draw(st.just("") | ids),
        )
        for segment_id in segment_ids
    )
    sensors = tuple(
        Sensor(sensor_id, draw(st.sampled_from(segment_ids)), lanes=draw(st.integers(1, 8)))
        for sensor_id in draw(st.lists(ids, max_size=4, unique=True))
    )
    corridor = Corridor("c", draw(names), tuple(draw(st.permutations(segment_ids))))
    return City(
        city_id=draw(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)),
        name=draw(names),
        timezone=draw(st.sampled_from(["UTC", "Asia/Shanghai", "America/Los_Angeles"])),
        segments=segments,
        sensors=sensors,
        districts=tuple(District(d, draw(names)) for d in district_ids),
        corridors=draw(st.sampled_from([(), (corridor,)])),
        landmarks=tuple(draw(st.lists(st.builds(Landmark, names, lons, lats), max_size=2))),
        schematic=draw(st.booleans()),
        synthetic=draw(st.booleans()),
        expected_period_s=draw(st.integers(1, 3600)),
    )


@given(cities())
def test_any_city_is_read_back_as_it_was_written(city: City) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_city(city, Path(folder))
        assert load_city(Path(folder)) == city
