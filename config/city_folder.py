"""A city folder to a City: city.yaml, segments.geojson, sensors.csv.

`inspect_city` finds every mistake; `load_city` raises the first as ConfigurationError naming file, row
or feature, and field. `config.city_writing.write_city` is the way back.
"""

from __future__ import annotations

from pathlib import Path

from config.city_consistency import contradictions
from config.city_schema import CityFile
from config.city_segments import read_segments
from config.city_sensors import read_sensors
from config.city_writing import CITY_FILE, SEGMENTS_FILE, SENSORS_FILE, write_city
from config.shared_values import Shared
from config.strict_yaml import first, read_yaml
from models.city import City, Corridor, District, Landmark
from models.errors import ConfigurationError

__all__ = ["city_folder_of", "inspect_city", "load_city", "write_city"]

SHIPPED_CITIES = Path(__file__).parent / "cities"


def city_folder_of(name_or_path: str) -> Path:
    """The folder meant: a path that exists, else the name of a city shipped in config/cities.

    Raises ConfigurationError where there is neither.
    """
    path = Path(name_or_path)
    if path.is_dir():
        return path
    shipped = SHIPPED_CITIES / name_or_path
    if path.name == name_or_path and shipped.is_dir():
        return shipped
    names = sorted(p.name for p in SHIPPED_CITIES.glob("*") if p.is_dir())
    remedy = f"make one with import-city; shipped: {', '.join(names) or 'none'}"
    raise ConfigurationError(name_or_path, "", "no such city folder", remedy)


def load_city(folder: Path, drawn: bool = True) -> City:
    """The city of `folder`; raises ConfigurationError with the first mistake.

    Where `drawn` is false, its segments have no name, nodes and polyline: a worker needs none of them, and
    they are most of a large city's memory. The folder is checked as ever.
    """
    city, mistakes = inspect_city(folder, drawn)
    first(mistakes)
    assert city is not None
    return city


def inspect_city(folder: Path, drawn: bool = True) -> tuple[City | None, list[ConfigurationError]]:
    """The city of `folder`, or None and every mistake in it."""
    if not folder.is_dir():
        return None, [ConfigurationError(str(folder), "", "no such city folder")]
    file, mistakes = read_yaml(folder / CITY_FILE, CityFile)
    shared = Shared()
    segments, segment_mistakes = read_segments(folder / SEGMENTS_FILE, shared, drawn)
    sensors, sensor_mistakes = read_sensors(folder / SENSORS_FILE, shared)
    mistakes = mistakes + segment_mistakes + sensor_mistakes
    if file is None or mistakes:
        return None, mistakes
    mistakes = contradictions(folder / CITY_FILE, file, segments, sensors)
    if mistakes:
        return None, mistakes
    city = City(
        city_id=file.city_id,
        name=file.name.to_name(),
        timezone=file.timezone,
        segments=tuple(segments.rows),
        sensors=tuple(sensors.rows),
        districts=tuple(District(d.district_id, d.name.to_name()) for d in file.districts),
        corridors=tuple(
            Corridor(c.corridor_id, c.name.to_name(), tuple(c.segment_ids)) for c in file.corridors
        ),
        landmarks=tuple(Landmark(m.name.to_name(), m.lon, m.lat) for m in file.landmarks),
        schematic=file.schematic,
        synthetic=file.synthetic,
        expected_period_s=file.expected_period_s,
    )
    return city, []
