"""What the three files of a city folder may contain, field by field.

The sentences of `description` are the documentation of the format: docs/city-folder.md is tested
against them.
"""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.strict_yaml import StrictModel
from models.city import ROAD_CLASSES, Name

SENSOR_COLUMNS = ("sensor_id", "segment_id", "kind", "lanes", "offset_m", "placement", "lon", "lat")


def _known_timezone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone of the IANA database such as Asia/Shanghai") from None
    return text


def _known_road_class(text: str) -> str:
    if text not in ROAD_CLASSES:
        raise ValueError(f"is not one of {', '.join(ROAD_CLASSES)}")
    return text


Id = Annotated[str, Field(pattern=r"^[\w.:#/+~@-]{1,128}$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Timezone = Annotated[str, AfterValidator(_known_timezone)]
RoadClass = Annotated[str, AfterValidator(_known_road_class)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]


class NameFields(StrictModel):
    """A name in both languages of the interface."""

    zh: Text = Field(description="The name in Chinese.")
    en: Text = Field(description="The name in English.")

    def to_name(self) -> Name:
        """As the models know it."""
        return Name(zh=self.zh, en=self.en)


class DistrictFields(StrictModel):
    """One district: an area with an index of its own."""

    district_id: Id = Field(description="Unique id of the district.")
    name: NameFields = Field(description="Its name.")


class CorridorFields(StrictModel):
    """One corridor: segments in driving order."""

    corridor_id: Id = Field(description="Unique id of the corridor.")
    name: NameFields = Field(description="Its name.")
    segment_ids: list[Id] = Field(min_length=1, description="Its segments in driving order.")


class LandmarkFields(StrictModel):
    """One named point on the map."""

    name: NameFields = Field(description="Its name.")
    lon: Longitude = Field(description="Longitude, WGS 84 degrees.")
    lat: Latitude = Field(description="Latitude, WGS 84 degrees.")


class CityFile(StrictModel):
    """city.yaml: everything about the city that is not a road or a sensor."""

    city_id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="Id of the city: small letters, digits, hyphen, underscore.",
    )
    name: NameFields = Field(description="The name that the pages show.")
    timezone: Timezone = Field(description="Local time of the city, an IANA name such as Asia/Shanghai.")
    expected_period_s: int = Field(
        default=60, ge=1, le=3600, description="How often a healthy sensor reports, seconds."
    )
    calendar: str | None = Field(
        default=None,
        description="Holidays and events: a shipped calendar's name, or a .yaml file beside this one.",
    )
    schematic: bool = Field(
        default=False, description="true: the coordinates are a drawing, not geography; pages say so."
    )
    synthetic: bool = Field(
        default=False, description="true: the observations are invented; pages and the store say so."
    )
    districts: list[DistrictFields] = Field(min_length=1, description="The districts, in reading order.")
    corridors: list[CorridorFields] = Field(default_factory=list, description="The corridors.")
    landmarks: list[LandmarkFields] = Field(default_factory=list, description="Names on the map.")


class SegmentProperties(StrictModel):
    """The properties of one feature of segments.geojson; its geometry is a LineString of lon, lat."""

    segment_id: Id = Field(description="Unique id of the segment, one direction of one stretch of road.")
    name_zh: Text = Field(description="Street name in Chinese.")
    name_en: Text = Field(description="Street name in English.")
    district: Id = Field(description="district_id of city.yaml.")
    road_class: RoadClass = Field(description="freeway, expressway, arterial, collector, local or ramp.")
    length_m: float = Field(gt=0, le=100_000, description="Length along the road, metres.")
    lanes: int = Field(ge=1, le=20, description="Lanes in this direction.")
    speed_limit_kmh: float | None = Field(
        default=None, gt=0, le=200, description="Posted limit, km/h; null where nobody knows it."
    )
    free_flow_kmh: float = Field(gt=0, le=200, description="Speed of a driver alone on the road, km/h.")
    free_flow_method: Literal["stated", "limit", "class_default", "recording"] = Field(
        default="stated", description="Where free_flow_kmh comes from."
    )
    from_node: str = Field(default="", max_length=128, description="Junction where it starts, if known.")
    to_node: str = Field(default="", max_length=128, description="Junction where it ends, if known.")


class LineStringGeometry(StrictModel):
    """A polyline in driving order, WGS 84 longitude and latitude."""

    type: Literal["LineString"]
    coordinates: list[Annotated[list[float], Field(min_length=2, max_length=2)]] = Field(min_length=2)


class SegmentFeature(StrictModel):
    """One GeoJSON feature."""

    type: Literal["Feature"]
    id: str | int | None = None
    properties: SegmentProperties
    geometry: LineStringGeometry


class SensorRow(StrictModel):
    """One row of sensors.csv."""

    sensor_id: Id = Field(description="Unique id, as the observations carry it.")
    segment_id: Id = Field(description="The segment it measures.")
    kind: Literal["loop", "radar", "camera", "magnetic", "travel_time", "other"] = Field(
        default="loop", description="What it is."
    )
    lanes: int = Field(default=1, ge=1, le=20, description="Lanes it covers.")
    offset_m: float = Field(default=0.0, ge=0, description="Distance from the segment's start, metres.")
    placement: str = Field(default="", max_length=64, description="mid_block, stop_line, or empty.")
    lon: Longitude | None = Field(default=None, description="Longitude, or empty.")
    lat: Latitude | None = Field(default=None, description="Latitude, or empty.")
