"""A mapping file: how the columns, units and times of a foreign CSV file become canonical observations.

Strict: an unknown key, a unit nobody knows, a time that cannot be placed are ConfigurationErrors. The
reading itself is `streams.feeds.csv_records`.
"""

from __future__ import annotations

import codecs
import zoneinfo
from datetime import date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.strict_yaml import StrictModel, load_yaml

SPEED_UNITS = {"km/h": 1.0, "mph": 1.609344, "m/s": 3.6}
OCCUPANCY_UNITS = {"percent": 1.0, "fraction": 100.0}


def zone_of(text: str) -> tzinfo:
    """An IANA zone, UTC, or a fixed offset such as +08:00; raises ValueError."""
    if len(text) == 6 and text[0] in "+-" and text[3] == ":" and (text[1:3] + text[4:]).isdigit():
        offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:]))
        return timezone(offset if text[0] == "+" else -offset)
    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is neither an IANA time zone nor an offset such as +08:00") from None


def _known_zone(text: str) -> str:
    zone_of(text)
    return text


def _known_encoding(text: str) -> str:
    try:
        codecs.lookup(text)
    except LookupError:
        raise ValueError("is no text encoding such as utf-8 or gb18030") from None
    return text


def _known_time_format(text: str) -> str:
    if text not in ("iso", "epoch_s", "epoch_ms", "hms") and "%" not in text:
        raise ValueError("is not iso, epoch_s, epoch_ms, hms or a pattern such as %d/%m/%Y %H:%M")
    return text


Column = Annotated[str, Field(min_length=1)]


class TimeFields(StrictModel):
    """Where the time of an observation comes from: a column, or a first time and a regular step."""

    column: Column | None = Field(default=None, description="The column that holds the time.")
    format: Annotated[str, AfterValidator(_known_time_format)] = Field(
        default="iso", description="iso, epoch_s, epoch_ms, hms (HH:MM:SS, with `date`), or a % pattern."
    )
    day: date | None = Field(default=None, alias="date", description="The local date of `hms` times.")
    start: datetime | None = Field(
        default=None, description="Without a time column: the local time of the first row."
    )
    step_s: int | None = Field(
        default=None, ge=1, le=86400, description="Without a time column: seconds from row to row."
    )
    zone: Annotated[str, AfterValidator(_known_zone)] | None = Field(
        default=None, description="Time zone of times that carry none: IANA name or offset."
    )
    marks: Literal["start", "end"] = Field(
        description="Whether the time is the start or the end of the interval measured."
    )

    @model_validator(mode="after")
    def _is_one_kind_of_time(self) -> TimeFields:
        implicit = self.start is not None or self.step_s is not None
        if implicit == (self.column is not None):
            raise ValueError("give either `column`, or `start` and `step_s`")
        if implicit and (self.start is None or self.step_s is None):
            raise ValueError("`start` and `step_s` belong together")
        if (self.format == "hms") != (self.day is not None):
            raise ValueError("`format: hms` and `date` belong together")
        needs_zone = implicit or self.format == "hms" or "%" in self.format
        if needs_zone and self.zone is None and "%z" not in self.format:
            raise ValueError("`zone` is needed: these times carry none")
        return self


class SensorFields(StrictModel):
    """Where the sensor id comes from. In a wide file the column names are the ids."""

    column: Column | None = Field(default=None, description="Long files: the column that holds the id.")
    columns: list[Column] | None = Field(
        default=None, description="Wide files: the sensor columns; without it all but the time column."
    )
    slice: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="Keep these characters of the id, [first, end), counted from 0."
    )
    prefix: str = Field(default="", description="Text put before the id.")

    def sensor_id(self, text: str) -> str:
        """The id that the city folder knows, for the id that the file gives."""
        part = text if self.slice is None else text[self.slice[0] : self.slice[1]]
        return self.prefix + part


class SpeedFields(StrictModel):
    """A speed."""

    column: Column | None = None
    unit: Literal["km/h", "mph", "m/s"]


class FlowFields(StrictModel):
    """A vehicle count (veh: vehicles in the interval) or rate (veh/h)."""

    column: Column | None = None
    unit: Literal["veh", "veh/h"]


class OccupancyFields(StrictModel):
    """The share of time that a sensor was covered."""

    column: Column | None = None
    unit: Literal["percent", "fraction"]


class ValueFields(StrictModel):
    """What the file measures: at least one."""

    speed: SpeedFields | None = Field(default=None, description="Unit km/h, mph or m/s.")
    flow: FlowFields | None = Field(default=None, description="Unit veh (in the interval) or veh/h.")
    occupancy: OccupancyFields | None = Field(default=None, description="Unit percent or fraction.")

    @property
    def given(self) -> dict[str, SpeedFields | FlowFields | OccupancyFields]:
        """The measurements of this file by name."""
        pairs = (("speed", self.speed), ("flow", self.flow), ("occupancy", self.occupancy))
        return {name: fields for name, fields in pairs if fields is not None}


class Mapping(StrictModel):
    """One mapping file."""

    format: Literal["csv"] = Field(default="csv", description="What the file is.")
    layout: Literal["long", "wide"] = Field(
        description="long: a row per sensor and time; wide: a column per sensor."
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        default=",", description="Character between cells."
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] = Field(
        default="utf-8", description="Text encoding of the file."
    )
    interval_s: int = Field(ge=1, le=3600, description="Seconds that one observation covers.")
    time: TimeFields = Field(description="Where the time comes from.")
    sensor: SensorFields = Field(default=SensorFields(), description="Where the sensor id comes from.")
    values: ValueFields = Field(description="What is measured, in which unit.")
    sent_column: Column | None = Field(
        default=None, description="Column with the time of sending, format and zone as `time`."
    )
    missing: list[str] = Field(
        default=[""], description="Cells that mean 'not measured'; numbers are compared as numbers."
    )

    @model_validator(mode="after")
    def _fits_its_layout(self) -> Mapping:
        given = self.values.given
        if not given:
            raise ValueError("values: give at least one of speed, flow, occupancy")
        if self.layout == "wide":
            if len(given) != 1 or any(fields.column for fields in given.values()):
                raise ValueError("values: a wide file holds one measurement, without `column`")
            if self.sensor.column is not None or self.sent_column is not None:
                raise ValueError("sensor.column and sent_column belong to long files")
        else:
            if self.sensor.column is None:
                raise ValueError("sensor.column is missing: a long file has a column of ids")
            if self.sensor.columns is not None or self.time.column is None:
                raise ValueError("a long file has time.column and no sensor.columns")
            for name, fields in given.items():
                if fields.column is None:
                    raise ValueError(f"values.{name}.column is missing")
        return self


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file; raises ConfigurationError naming file, line and key."""
    return load_yaml(path, Mapping)
