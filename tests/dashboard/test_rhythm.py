"""A snapshot follows a wave of index records at once, about once a second, and silence a second later."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

import pytest

from dashboard.rhythm import AREAS_S, AWAITED_MS, LATE_S, SILENT_S, Rhythm
from models.index_columns import IndexRecord, LogTime

NOON_MS = 1_767_240_000_000
Event = tuple[float, IndexRecord]


def _told(partition: int, clock_s: float, *, last: bool = True) -> IndexRecord:
    clock_ms = NOON_MS + round(clock_s * 1000)
    resume = LogTime(0, clock_ms, clock_ms) if last else None
    return IndexRecord("segment", "tiny", partition, clock_ms, 0, 0, 0, {}, resume=resume)


def _areas(clock_s: float) -> IndexRecord:
    return IndexRecord("area", "tiny", 0, NOON_MS + round(clock_s * 1000), 0, 0, 0, {})


def _snapshots(events: Iterable[Event], until_s: float) -> list[float]:
    """When a hub that hears this from 0 on builds snapshots."""
    rhythm, now_s, built = Rhythm(), 0.0, []
    for at_s, record in [*sorted(events, key=lambda event: event[0]), (until_s, None)]:
        while rhythm.due_s() <= at_s:
            now_s = max(rhythm.due_s(), now_s)
            rhythm.ticked(now_s)
            built.append(now_s)
        now_s = at_s
        if record is not None:
            rhythm.heard(record, at_s)
    return built


def _wave(clock_s: float, at_s: float, partitions: Iterable[int] = range(4)) -> list[Event]:
    """One clock record's worth: a hundredth of a second between partitions, the areas a little later."""
    told = [(at_s + 0.01 * number, _told(p, clock_s)) for number, p in enumerate(partitions)]
    return [*told, (told[-1][0] + 0.06, _areas(clock_s))]


def test_the_first_snapshot_is_due_at_once() -> None:
    assert Rhythm().due_s() == float("-inf")


def test_without_records_a_snapshot_is_due_every_second() -> None:
    assert _snapshots([], 4.5) == [0, 1, 2, 3, 4]


def test_a_snapshot_follows_every_wave_as_soon_as_it_is_in() -> None:
    waves = [_wave(second, second + 0.37) for second in range(30)]
    built = _snapshots([event for wave in waves for event in wave], 30)
    complete = [wave[-1][0] for wave in waves]
    assert built[-25:] == pytest.approx(complete[-25:])
    assert len(built) <= len(waves) + 3


def test_a_wave_that_is_a_little_late_still_gets_its_snapshot() -> None:
    jitter = random.Random(7)
    late_s = [jitter.choice([0.0, 0.0, 0.1, 0.2]) for _ in range(200)]
    waves = [_wave(second, second + 0.3 + late) for second, late in enumerate(late_s)]
    built = _snapshots([event for wave in waves for event in wave], 200)
    waited = [min(at for at in built if at >= wave[-1][0] - 1e-9) - wave[-1][0] for wave in waves[2:-1]]
    assert max(waited) <= 0.1
    assert len(built) <= len(waves) + 3


def test_a_wave_waits_for_its_areas_only_for_a_moment() -> None:
    rhythm = Rhythm()
    rhythm.ticked(0.0)
    rhythm.heard(_areas(9.0), 0.5)
    rhythm.heard(_told(0, 10.0), 1.0)
    assert rhythm.due_s() == 1.0 + AREAS_S
    rhythm.heard(_areas(10.0), 1.07)
    assert rhythm.due_s() <= 1.07


def test_half_a_wave_is_not_shown_yet() -> None:
    rhythm = Rhythm()
    for at_s, record in _wave(0.0, 0.0):
        rhythm.heard(record, at_s)
    rhythm.ticked(0.1)
    for at_s, record in _wave(1.0, 1.0, partitions=(0, 1, 3)):
        rhythm.heard(record, at_s)
    assert rhythm.due_s() == 0.1 + LATE_S
    rhythm.heard(_told(2, 1.0), 1.12)
    assert rhythm.due_s() == pytest.approx(1.12 + AREAS_S), "the areas that were told lack it"
    rhythm.heard(_areas(1.0), 1.18)
    assert rhythm.due_s() <= 1.18


def test_a_partition_tells_with_the_last_record_of_its_telling() -> None:
    rhythm = Rhythm()
    rhythm.ticked(0.0)
    rhythm.heard(_told(0, 10.0, last=False), 0.9)
    assert rhythm.due_s() == SILENT_S
    rhythm.heard(_told(0, 10.0), 0.95)
    rhythm.heard(_areas(10.0), 0.96)
    assert rhythm.due_s() == pytest.approx(0.95)


def test_nobody_waits_for_a_partition_that_stands_still() -> None:
    waves = [_wave(s, s + 0.3, range(4) if s < 5 else range(3)) for s in range(20)]
    built = _snapshots([event for wave in waves for event in wave], 20)
    patience = AWAITED_MS // 1000 + 2
    complete = [wave[-1][0] for wave in waves[5 + patience :]]
    assert built[-len(complete) :] == pytest.approx(complete)


def test_workers_whose_clocks_are_apart_share_one_snapshot_a_second() -> None:
    one = [_wave(second, second + 0.2, (0, 1)) for second in range(30)]
    other = [_wave(second + 0.5, second + 0.7, (2, 3)) for second in range(30)]
    built = _snapshots([event for wave in one + other for event in wave], 30)
    assert 28 <= len(built) <= 32


def test_a_recording_that_runs_fast_costs_no_more_snapshots() -> None:
    waves = [_wave(60 * n, 0.1 * n) for n in range(300)]
    built = _snapshots([event for wave in waves for event in wave], 30)
    assert min(b - a for a, b in pairwise(built)) >= 0.75


def test_when_the_waves_end_the_ages_go_on() -> None:
    waves = [_wave(second, second + 0.3) for second in range(5)]
    built = _snapshots([event for wave in waves for event in wave], 10)
    gaps = [b - a for a, b in pairwise(built)]
    assert gaps[-5:] == pytest.approx([LATE_S, SILENT_S, SILENT_S, SILENT_S, SILENT_S])
