"""What an import mapping says: which files hold segments, sensors and topology, and which column is what.

Without a mapping the files are called segments.csv, sensors.csv, topology.csv and routes.csv, and their
columns as the fields below.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from config.city_schema import NameFields, Timezone
from config.strict_yaml import StrictModel

SEGMENT_FIELDS = {
    "segment_id": "Unique id of the segment; required.",
    "name_zh": "Street name in Chinese; else name_en.",
    "name_en": "Street name in English; else name_zh, else the id.",
    "district": "Name of its district; else the whole city is one.",
    "road_class": "freeway, expressway, arterial, collector, local or ramp; else arterial.",
    "length_m": "Length, metres; required.",
    "lanes": "Lanes in this direction; else 1.",
    "speed_limit_kmh": "Posted limit, km/h.",
    "free_flow_kmh": "Free-flow speed, km/h; else the limit, else the default of the road class.",
    "from_node": "Junction where it starts.",
    "to_node": "Junction where it ends.",
    "polyline": "Geometry: `lon lat;lon lat;...` or WKT LINESTRING; else a schematic layout is drawn.",
}
SENSOR_FIELDS = {
    "sensor_id": "Unique id, as the observations carry it; required.",
    "segment_id": "The segment it measures; else a segment is made for each sensor, along its route.",
    "lon": "Longitude, WGS 84 degrees.",
    "lat": "Latitude, WGS 84 degrees.",
    "kind": "loop, radar, camera, magnetic, travel_time or other; else loop.",
    "lanes": "Lanes it covers; else 1.",
    "offset_m": "Distance from the segment's start, metres.",
    "placement": "mid_block or stop_line.",
    "route": "Road and direction it stands on, such as US101-N; may come from the routes file.",
    "order": "Its place along the route, any number that grows in driving direction.",
}
TOPOLOGY_FIELDS = {
    "segment_id": "A segment; required.",
    "out": "Segments that one can enter from it, with `separator` between them; required.",
}
ROUTE_FIELDS = {
    "sensor_id": "A sensor; required.",
    "route": "Road and direction it stands on; required.",
    "order": "Its place along the route.",
}


class ColumnFields(StrictModel):
    """A column that needs more than its name."""

    column: str = Field(min_length=1, description="Name of the column in the file.")
    slice: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="Keep these characters of each id, [first, end), counted from 0."
    )
    factor: float | None = Field(default=None, gt=0, description="Multiply the number: 1.609344 for mph.")
    values: dict[str, str] | None = Field(default=None, description="Replace these texts by others.")
    separator: str | None = Field(default=None, min_length=1, description="Between several ids in a cell.")


class TableFields(StrictModel):
    """One file of the source."""

    file: str = Field(min_length=1, description="Name of the file among the sources.")
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        default=",", description="Character between cells."
    )
    encoding: str = Field(default="utf-8", description="Text encoding of the file.")
    columns: dict[str, str | ColumnFields] = Field(description="Our field: their column.")
    constants: dict[str, str] = Field(
        default_factory=dict, description="Our field: the same text for every row."
    )


class CityFields(StrictModel):
    """What no table says about the city."""

    city_id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Id of the city.")
    name: NameFields = Field(description="Its name.")
    timezone: Timezone | None = Field(default=None, description="Its local time; --timezone wins.")
    expected_period_s: int = Field(default=60, ge=1, le=3600, description="How often a sensor reports.")


class ImportMapping(StrictModel):
    """An import mapping file."""

    city: CityFields | None = Field(default=None, description="Id, name and time of the city.")
    segments: TableFields | None = Field(default=None, description="The table of segments.")
    sensors: TableFields | None = Field(default=None, description="The table of sensors.")
    topology: TableFields | None = Field(default=None, description="Which segment leads into which.")
    routes: TableFields | None = Field(default=None, description="Which sensor stands on which road.")

    @model_validator(mode="after")
    def _knows_its_fields(self) -> ImportMapping:
        for table, known, required in (
            ("segments", SEGMENT_FIELDS, ("segment_id", "length_m")),
            ("sensors", SENSOR_FIELDS, ("sensor_id",)),
            ("topology", TOPOLOGY_FIELDS, ("segment_id", "out")),
            ("routes", ROUTE_FIELDS, ("sensor_id", "route")),
        ):
            fields: TableFields | None = getattr(self, table)
            if fields is None:
                continue
            given = {**fields.columns, **fields.constants}
            unknown = next((name for name in given if name not in known), None)
            if unknown is not None:
                raise ValueError(f"{table}: {unknown!r} is not one of {', '.join(known)}")
            lacking = next((name for name in required if name not in given), None)
            if lacking is not None:
                raise ValueError(f"{table}: {lacking} is missing")
        if self.segments is None and self.sensors is None:
            raise ValueError("give at least one of segments and sensors")
        return self
