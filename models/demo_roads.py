"""The drawing of the demo city Tangchuan: an invented river city, its roads, districts and landmarks.

Everything is drawn in plan coordinates (km east and north of the bell tower, before the bend that
`bent` gives the whole plan). No name belongs to a real city.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.city import Name

Points = npt.NDArray[np.float64]

CITY_NAME = Name("棠川市", "Tangchuan")
RIVER_NAME = Name("棠江", "Tang River")
BANK_KM = 0.42
"""Distance of the riverside avenues from the middle of the river."""


@dataclass(frozen=True)
class Road:
    """One drawn road. `bridge`: it crosses the river. `ways`: the names of its two directions, where they
    are corridors of the ranking; the first is the direction in which the road is drawn."""

    name: Name
    road_class: str
    lanes: int
    points: Points
    bridge: bool = False
    ways: tuple[Name, Name] | None = None


@dataclass(frozen=True)
class DistrictSite:
    """A district is what lies nearest to its site, on its bank of the river (1 north, -1 south, 0 both)."""

    district_id: str
    name: Name
    x_km: float
    y_km: float
    bank: int


def river_y(x_km: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Middle of the river, km north, at km east (plan coordinates)."""
    return -0.95 - 0.17 * x_km + 0.62 * np.sin(0.52 * x_km + 0.5)


def bent(points: Points) -> Points:
    """Plan to local kilometres: turned 7 degrees, swayed by long waves; no street is a ruler's line."""
    x, y = points[:, 0], points[:, 1]
    east = x + 0.22 * np.sin(0.55 * y + 0.8) + 0.10 * np.sin(0.9 * x + 1.1)
    north = y + 0.20 * np.sin(0.47 * x - 0.6) + 0.08 * np.sin(1.05 * y)
    turn = np.deg2rad(7.0)
    return np.column_stack(
        [east * np.cos(turn) - north * np.sin(turn), east * np.sin(turn) + north * np.cos(turn)]
    )


def _line(*corners: tuple[float, float], step_km: float = 0.08) -> Points:
    corner_points = np.array(corners, dtype=np.float64)
    pieces = []
    for a, b in pairwise(corner_points):
        count = max(2, int(np.hypot(*(b - a)) / step_km))
        pieces.append(a + (b - a) * np.linspace(0, 1, count, endpoint=False)[:, None])
    return np.vstack([*pieces, corner_points[-1:]])


def _smooth(*corners: tuple[float, float]) -> Points:
    """A curve through the corners (Catmull-Rom, ends repeated)."""
    p = np.array([corners[0], *corners, corners[-1]], dtype=np.float64)
    t = np.linspace(0, 1, 24, endpoint=False)[:, None]
    pieces = []
    for p0, p1, p2, p3 in zip(p, p[1:], p[2:], p[3:], strict=False):
        cubic = (3 * (p1 - p2) + p3 - p0) * t**3 + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        pieces.append(0.5 * (2 * p1 + (p2 - p0) * t + cubic))
    return np.vstack([*pieces, p[-1:]])


def _bank(side: int, from_km: float, to_km: float) -> Points:
    x = np.arange(from_km, to_km + 1e-9, 0.08)
    return np.column_stack([x, river_y(x) + side * BANK_KM])


def _ring(half_width_km: float, half_height_km: float, centre: tuple[float, float], wobble: float) -> Points:
    """A rounded square with an uneven outline, clockwise from the west."""
    angle = np.linspace(np.pi, -np.pi, 361)
    power = 2.0 / 2.7
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    size = 1 + wobble * np.sin(3 * angle + 0.7) + 0.6 * wobble * np.sin(2 * angle)
    ring = np.column_stack([centre[0] + half_width_km * size * x, centre[1] + half_height_km * size * y])
    ring[-1] = ring[0]
    return ring


_RING_WAYS = (Name("内圈", "clockwise"), Name("外圈", "counter-clockwise"))
_RADIAL_WAYS = (Name("出城", "outbound"), Name("进城", "inbound"))
EASTWARD_WAYS = (Name("东行", "eastbound"), Name("西行", "westbound"))
NORTHWARD_WAYS = (Name("北行", "northbound"), Name("南行", "southbound"))

ROADS: tuple[Road, ...] = (
    Road(
        Name("内环快速路", "Inner Ring"),
        "expressway",
        3,
        _ring(3.35, 2.95, (0.1, -0.2), 0.02),
        True,
        _RING_WAYS,
    ),
    Road(
        Name("外环高速", "Outer Ring"), "freeway", 4, _ring(6.75, 5.25, (0.2, -0.1), 0.018), True, _RING_WAYS
    ),
    Road(
        Name("机场高速", "Airport Freeway"),
        "freeway",
        3,
        _smooth((1.9, 1.2), (3.0, 2.35), (4.7, 3.7), (6.3, 4.5), (7.9, 5.9)),
        False,
        _RADIAL_WAYS,
    ),
    Road(
        Name("西岭高速", "Xiling Freeway"),
        "freeway",
        3,
        _smooth((-2.2, 1.5), (-3.3, 1.75), (-5.0, 2.1), (-6.4, 2.2), (-8.2, 2.6)),
        False,
        _RADIAL_WAYS,
    ),
    Road(
        Name("南港高速", "Nangang Freeway"),
        "freeway",
        3,
        _smooth((1.6, -1.6), (2.5, -2.75), (3.2, -4.2), (3.7, -5.4), (4.7, -6.6)),
        False,
        _RADIAL_WAYS,
    ),
    Road(Name("滨江大道", "Riverside Avenue"), "arterial", 3, _bank(1, -6.9, 7.1), False, EASTWARD_WAYS),
    Road(Name("澜岸路", "Lan'an Road"), "arterial", 2, _bank(-1, -6.9, 7.1)),
    # North to south, from the west
    Road(Name("枫岭路", "Fengling Road"), "arterial", 2, _line((-5.15, -2.2), (-5.15, 4.9)), True),
    Road(
        Name("云汀大道", "Yunting Avenue"),
        "arterial",
        3,
        _line((-3.95, -5.2), (-3.95, 5.3)),
        True,
        NORTHWARD_WAYS,
    ),
    Road(Name("梧桐路", "Wutong Road"), "collector", 2, _line((-2.75, -0.6), (-2.75, 4.5))),
    Road(
        Name("文澜路", "Wenlan Road"),
        "arterial",
        2,
        _line((-1.75, -5.4), (-1.75, 5.5)),
        True,
        NORTHWARD_WAYS,
    ),
    Road(Name("书院路", "Shuyuan Road"), "collector", 1, _line((-0.85, -0.9), (-0.85, 4.5))),
    Road(
        Name("棠川大道", "Tangchuan Avenue"),
        "arterial",
        4,
        _line((0.15, -5.4), (0.15, 5.4)),
        True,
        NORTHWARD_WAYS,
    ),
    Road(Name("钟楼路", "Zhonglou Road"), "collector", 1, _line((1.05, -1.0), (1.05, 4.5))),
    Road(Name("朝霞路", "Zhaoxia Road"), "arterial", 2, _line((2.1, -1.5), (2.1, 5.4)), False),
    Road(Name("会展路", "Huizhan Road"), "arterial", 2, _line((1.55, -1.5), (1.55, -5.3))),
    Road(
        Name("霁湾大道", "Jiwan Avenue"),
        "arterial",
        3,
        _line((4.25, -5.2), (4.25, 5.1)),
        True,
        NORTHWARD_WAYS,
    ),
    Road(Name("银杏路", "Yinxing Road"), "collector", 2, _line((5.4, -4.4), (5.4, 3.5))),
    Road(Name("锦帆路", "Jinfan Road"), "collector", 2, _line((-0.8, -1.2), (-0.8, -4.4))),
    Road(Name("芦洲路", "Luzhou Road"), "collector", 2, _line((-2.8, -0.6), (-2.8, -4.4))),
    # West to east, from the north
    Road(Name("北麓路", "Beilu Road"), "arterial", 2, _line((-4.1, 4.3), (4.5, 4.3))),
    Road(Name("安澜路", "Anlan Road"), "arterial", 3, _line((-6.5, 3.3), (6.9, 3.3)), False, EASTWARD_WAYS),
    Road(Name("学府路", "Xuefu Road"), "collector", 2, _line((-2.9, 2.0), (4.4, 2.05))),
    Road(
        Name("鼓台街", "Gutai Street"), "arterial", 3, _line((-6.6, 1.0), (7.0, 1.35)), False, EASTWARD_WAYS
    ),
    Road(Name("棠花街", "Tanghua Street"), "collector", 2, _line((-2.9, 0.15), (5.5, 0.35))),
    Road(
        Name("望澜大道", "Wanglan Avenue"),
        "arterial",
        3,
        _line((-6.8, -1.9), (3.2, -2.35), (7.0, -3.35)),
        False,
        EASTWARD_WAYS,
    ),
    Road(Name("科创路", "Kechuang Road"), "collector", 2, _line((-4.1, -3.55), (1.7, -3.6))),
    Road(Name("青埠路", "Qingbu Road"), "arterial", 2, _line((-5.9, -4.3), (6.3, -4.25))),
)

DISTRICTS = (
    DistrictSite("old-town", Name("棠城区", "Tangcheng District"), 0.1, 0.9, 1),
    DistrictSite("yunting", Name("云汀区", "Yunting District"), -4.6, 1.9, 1),
    DistrictSite("luyuan", Name("麓原区", "Luyuan District"), -0.6, 4.2, 1),
    DistrictSite("jiwan", Name("霁湾区", "Jiwan District"), 4.9, 1.7, 1),
    DistrictSite("wanglan", Name("望澜区", "Wanglan District"), 0.2, -2.4, -1),
    DistrictSite("luzhou", Name("芦洲区", "Luzhou District"), -4.4, -3.0, -1),
    DistrictSite("qingbu", Name("青埠区", "Qingbu District"), 4.9, -3.9, -1),
)

CENTRE = (0.15, 0.2)
"""Where most morning trips end, plan coordinates."""

STADIUM = (-2.2, -3.1)

LANDMARKS: tuple[tuple[Name, float, float], ...] = (
    (Name("钟楼", "Bell Tower"), 0.6, 0.75),
    (Name("棠川站", "Central Station"), 2.7, 3.5),
    (Name("棠川体育场", "Stadium"), *STADIUM),
    (Name("棠川大学", "University"), -1.3, 3.5),
    (Name("市立医院", "City Hospital"), -2.25, 1.55),
    (Name("会展中心", "Expo Centre"), 0.9, -2.0),
    (Name("机场", "Airport"), 7.15, 5.75),
    (Name("青埠港", "Qingbu Port"), 6.1, -3.3),
    (Name("枫岭公园", "Fengling Park"), -4.55, 3.5),
    (Name("软件园", "Software Park"), -4.6, -3.1),
    (Name("棠川大桥", "Tangchuan Bridge"), 0.15, -0.63),
)
