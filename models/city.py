"""A city as the models see it: places in a fixed order, their constants as arrays.

A *position* is the index of a segment, sensor, district or corridor in its tuple; columns carry
positions, names are looked up at the edges.

A place can hold nothing that holds it again, and there may be hundreds of thousands of them: `gc=False`
saves 16 bytes of each and spares the garbage collector from walking through them.
"""

from __future__ import annotations

from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROAD_CLASSES = ("freeway", "expressway", "arterial", "collector", "local", "ramp")


class Name(msgspec.Struct, frozen=True, gc=False):
    """One name in both languages of the interface."""

    zh: str
    en: str


class District(msgspec.Struct, frozen=True, gc=False):
    """A part of the city that segments belong to."""

    district_id: str
    name: Name


class Corridor(msgspec.Struct, frozen=True, gc=False):
    """Segments in driving order."""

    corridor_id: str
    name: Name
    segment_ids: tuple[str, ...]


class Landmark(msgspec.Struct, frozen=True, gc=False):
    """A place that people know, drawn on the map."""

    name: Name
    lon: float
    lat: float


class Segment(msgspec.Struct, frozen=True, gc=False):
    """The smallest coloured stretch of road, one direction."""

    segment_id: str
    name: Name
    district_id: str
    road_class: str
    length_m: float
    lanes: int
    speed_limit_kmh: float
    free_flow_kmh: float
    free_flow_method: str
    polyline: tuple[tuple[float, float], ...]
    from_node: str = ""
    to_node: str = ""


class Sensor(msgspec.Struct, frozen=True, gc=False):
    """A fixed detector on one segment; `offset_m` from the segment's start."""

    sensor_id: str
    segment_id: str
    kind: str = "loop"
    lanes: int = 1
    offset_m: float = 0.0
    placement: str = ""
    lon: float | None = None
    lat: float | None = None


class City(msgspec.Struct, frozen=True, dict=True):
    """Everything fixed about one city. `schematic`: the coordinates are a drawing, not geography.

    `synthetic`: the observations are invented (the demo city), and every page says so.
    """

    city_id: str
    name: Name
    timezone: str
    segments: tuple[Segment, ...]
    sensors: tuple[Sensor, ...]
    districts: tuple[District, ...]
    corridors: tuple[Corridor, ...] = ()
    landmarks: tuple[Landmark, ...] = ()
    schematic: bool = False
    synthetic: bool = False
    expected_period_s: int = 60

    @cached_property
    def segment_position(self) -> dict[str, int]:
        """Segment id -> position."""
        return {segment.segment_id: i for i, segment in enumerate(self.segments)}

    @cached_property
    def segment_ids(self) -> npt.NDArray[np.object_]:
        """Segment id per position, str objects (segments,)."""
        return np.array([segment.segment_id for segment in self.segments], dtype=object)

    @cached_property
    def sensor_position(self) -> dict[str, int]:
        """Sensor id -> position."""
        return {sensor.sensor_id: i for i, sensor in enumerate(self.sensors)}

    @cached_property
    def district_position(self) -> dict[str, int]:
        """District id -> position."""
        return {district.district_id: i for i, district in enumerate(self.districts)}

    @cached_property
    def segment_of_sensor(self) -> Ints:
        """Segment position per sensor, int64 (sensors,)."""
        return np.array([self.segment_position[s.segment_id] for s in self.sensors], dtype=np.int64)

    @cached_property
    def lanes_of_sensor(self) -> Floats:
        """Lanes that a sensor counts, at least 1, float64 (sensors,)."""
        return np.array([max(1, s.lanes) for s in self.sensors], dtype=np.float64)

    @cached_property
    def length_m(self) -> Floats:
        """Length per segment, float64 (segments,)."""
        return np.array([s.length_m for s in self.segments], dtype=np.float64)

    @cached_property
    def free_flow_kmh(self) -> Floats:
        """Free-flow speed per segment, float64 (segments,)."""
        return np.array([s.free_flow_kmh for s in self.segments], dtype=np.float64)

    @cached_property
    def lanes(self) -> Ints:
        """Lanes per segment, int64 (segments,)."""
        return np.array([s.lanes for s in self.segments], dtype=np.int64)

    @cached_property
    def district_of_segment(self) -> Ints:
        """District position per segment, int64 (segments,)."""
        return np.array([self.district_position[s.district_id] for s in self.segments], dtype=np.int64)

    @cached_property
    def sensors_of_segment(self) -> Ints:
        """Number of sensors per segment, int64 (segments,)."""
        return np.bincount(self.segment_of_sensor, minlength=len(self.segments))

    @cached_property
    def instrumented(self) -> npt.NDArray[np.bool_]:
        """True where a segment has a sensor, bool (segments,): the network that coverage is counted over."""
        return self.sensors_of_segment > 0
