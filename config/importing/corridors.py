"""Corridors from segments: those of one street, one direction, one after the other."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from models.city import Corridor, Name, Segment

LEAST_SEGMENTS = 3

_DIRECTIONS = (
    ("北向", "northbound", "N"),
    ("东向", "eastbound", "E"),
    ("南向", "southbound", "S"),
    ("西向", "westbound", "W"),
)
# a lone letter behind a space is no direction: "Ring Road W" is the west side of the ring
_HAS_DIRECTION = re.compile(r"(-[NSEW]|\b[NSEW]B|(north|south|east|west)bound)$", re.IGNORECASE)


def slug(text: str) -> str:
    """An id made of a name: small letters, digits and hyphens; other scripts are kept."""
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-_") or "x"


def unique_id(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or with a number behind it where that is taken."""
    used = set(taken)
    number = 2
    candidate = wanted
    while candidate in used:
        candidate = f"{wanted}-{number}"
        number += 1
    return candidate


def derive_corridors(segments: Sequence[Segment]) -> tuple[Corridor, ...]:
    """Every run of at least three segments of one name that continue each other, in driving order.

    Where a street forks, the straightest way on belongs to it. Needs from_node and to_node.
    """
    by_name: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        by_name[segment.name.en].append(segment)
    corridors: list[Corridor] = []
    for members in by_name.values():
        for run in _runs(members):
            if len(run) >= LEAST_SEGMENTS:
                corridors.append(_corridor(run, corridors))
    return tuple(corridors)


def number_corridors(segments: Sequence[Segment]) -> tuple[Corridor, ...]:
    """As `derive_corridors`, for a network without street names: the corridors are numbered."""
    unnamed = [msgspec.structs.replace(segment, name=Name("", "")) for segment in segments]
    return tuple(
        Corridor(f"route-{number}", Name(f"线路 {number}", f"Route {number}"), corridor.segment_ids)
        for number, corridor in enumerate(derive_corridors(unnamed), start=1)
    )


def _corridor(run: list[Segment], before: list[Corridor]) -> Corridor:
    zh, en, letter = _DIRECTIONS[round(_bearing_deg(run) / 90) % 4]
    name = run[0].name
    wanted = slug(name.en)
    if not _HAS_DIRECTION.search(name.en):
        name = Name(zh=f"{name.zh} {zh}", en=f"{name.en} {en}")
        wanted += f"-{letter.lower()}"
    same_name = sum(corridor.name.en.split(" (")[0] == name.en for corridor in before)
    if same_name:  # the street is interrupted: its second piece is (2)
        name = Name(f"{name.zh} ({same_name + 1})", f"{name.en} ({same_name + 1})")
    corridor_id = unique_id(wanted, [corridor.corridor_id for corridor in before])
    return Corridor(corridor_id, name, tuple(segment.segment_id for segment in run))


def _runs(members: list[Segment]) -> list[list[Segment]]:
    """The members chained by their nodes; a closed ring is cut at its first segment."""
    leaving: dict[str, list[Segment]] = defaultdict(list)
    for segment in members:
        if segment.from_node:
            leaving[segment.from_node].append(segment)
    offers: dict[str, list[tuple[float, str, Segment]]] = defaultdict(list)
    for segment in members:
        ways_on = [
            (_turn_deg(segment, other), other.segment_id, other)
            for other in leaving.get(segment.to_node, [])
            if segment.to_node and other.to_node != segment.from_node
        ]
        if ways_on:
            turn_deg, _, chosen = min(ways_on, key=lambda way: way[:2])
            offers[chosen.segment_id].append((turn_deg, segment.segment_id, segment))
    following: dict[str, Segment] = {}
    preceded = set()
    for chosen_id, candidates in offers.items():
        before = min(candidates, key=lambda way: way[:2])[2]
        following[before.segment_id] = next(s for s in members if s.segment_id == chosen_id)
        preceded.add(chosen_id)
    runs = []
    used: set[str] = set()
    for first in sorted(members, key=lambda s: s.segment_id in preceded):  # beginnings before rings
        run = []
        at: Segment | None = first
        while at is not None and at.segment_id not in used:
            used.add(at.segment_id)
            run.append(at)
            at = following.get(at.segment_id)
        if run:
            runs.append(run)
    return runs


def _heading_deg(a: tuple[float, float], b: tuple[float, float]) -> float:
    east = (b[0] - a[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.degrees(math.atan2(east, b[1] - a[1]))


def _turn_deg(segment: Segment, other: Segment) -> float:
    arriving = _heading_deg(segment.polyline[-2], segment.polyline[-1])
    leaving = _heading_deg(other.polyline[0], other.polyline[1])
    return abs((leaving - arriving + 180) % 360 - 180)


def _bearing_deg(run: list[Segment]) -> float:
    return _heading_deg(run[0].polyline[0], run[-1].polyline[-1])
