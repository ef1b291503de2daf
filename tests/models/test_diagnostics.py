"""Sick sensors: timelines drawn in half minutes, the feed's own silence, and any cut of the log."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.alert_event import AlertEvent
from models.diagnostics import FAULTS, DiagnosticRules, FaultEvent, SensorDiagnostics
from models.sensor_alert import fault_alert, sensors_of_partition
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation, columns_of

CITY = a_city(segments=4)
EVERYBODY = np.ones(4, dtype=np.bool_)
STEP_MS = 30_000
WATCHED = "s0-0"
OTHERS = ("s1-0", "s2-0", "s3-0")


def sound(number: int, sensor_id: str, **changes: Any) -> bytes:
    """A half-minute observation of 10 vehicles at about 50 km/h on two lanes: 4.8 m each."""
    speed_kmh = 50.0 + number % 7
    told = {"speed_kmh": speed_kmh, "flow_veh": 10, "occupancy_pct": round(4.8 * 60 / speed_kmh, 3)}
    return an_observation(sensor_id, NOON_MS + number * STEP_MS, **(told | changes))


def log_of(drawing: str, others: str | None = None) -> list[bytes]:
    """One sign per half minute of the watched sensor; the others are sound unless `others` draws them too.

    `o` sound, `.` silent, `=` always the same, `0` an empty road (`z` with a speed of 0), `q` a queue on the
    loop, `x` implausible.
    """
    shapes: dict[str, dict[str, Any]] = {
        "o": {},
        "=": {"speed_kmh": 48.0, "occupancy_pct": 6.0},
        "0": {"speed_kmh": None, "flow_veh": 0, "occupancy_pct": 0.0},
        "z": {"speed_kmh": 0.0, "flow_veh": 0, "occupancy_pct": 0.0},
        "q": {"speed_kmh": None, "flow_veh": 0, "occupancy_pct": 100.0},
        "x": {"speed_kmh": 14.0 + len(drawing) % 3, "occupancy_pct": 5.0},
    }
    payloads = [a_clock(NOON_MS)]
    for number, sign in enumerate(drawing, start=1):
        for second in range(1, 31):
            payloads.append(a_clock(NOON_MS + (number - 1) * STEP_MS + second * 1000))
        signs = [(WATCHED, sign)] + [(other, others[number - 1] if others else "o") for other in OTHERS]
        payloads += [sound(number, who, **shapes[what]) for who, what in signs if what != "."]
    return payloads


def found(payloads: list[bytes], rules: DiagnosticRules | None = None) -> list[FaultEvent]:
    return SensorDiagnostics(CITY, EVERYBODY, rules or DiagnosticRules()).fold(columns_of(payloads, CITY))


def timeline(drawing: str, others: str | None = None) -> list[tuple[str, str, int]]:
    """(fault, event, seconds after noon) of the watched sensor; nobody else may be sick."""
    events = found(log_of(drawing, others))
    assert {event.sensor for event in events} <= {0}
    return [(FAULTS[e.fault], e.event, (e.at_ms - NOON_MS) // 1000) for e in events]


@pytest.mark.parametrize(
    ("drawing", "told"),
    [
        # Heard at 60 s, then silent: more than 180 s later it is missing; the second report brings it back.
        ("oo......o", [("missing", "raised", 241)]),
        ("oo......oo", [("missing", "raised", 241), ("missing", "cleared", 300)]),
        ("oo.....oo", []),
        # one report between two silences is not back
        ("oo......o......oo.", [("missing", "raised", 241), ("missing", "cleared", 510)]),
        # six equal observations in a row with vehicles in them; two others end it
        ("o=====o", []),
        ("o======", [("stuck", "raised", 210)]),
        ("o======oo", [("stuck", "raised", 210), ("stuck", "cleared", 270)]),
        ("o======o=", [("stuck", "raised", 210), ("stuck", "cleared", 270)]),
        ("o==0======", [("stuck", "raised", 300)]),
        # an empty road and a standing queue repeat themselves in every sound sensor
        ("00000000000", []),
        ("zzzzzzzzzzz", []),
        ("oqqqqqqqqqq", []),
        # five of six that fit no vehicle, zero vehicles not counted; it ends with one of six
        ("oxxxxo", []),
        ("oxxxxx", [("implausible", "raised", 180)]),
        ("xxoxxx", [("implausible", "raised", 180)]),
        ("xxx000xx", [("implausible", "raised", 240)]),
        ("oxxxxxoooo", [("implausible", "raised", 180)]),
        ("oxxxxxooooo", [("implausible", "raised", 180), ("implausible", "cleared", 330)]),
    ],
)
def test_timelines(drawing: str, told: list[tuple[str, str, int]]) -> None:
    assert timeline(drawing) == told


def test_a_sensor_that_never_reports_is_missing_since_the_log_began() -> None:
    (event,) = found(log_of("........", others="oooooooo"))
    assert (event.at_ms, event.since_ms) == (NOON_MS + 181_000, NOON_MS)


#            the feed stops             the feed is back, but for one sensor
#   one      oooo . . . . . . . . . . . . . . . . . . . .
#   others   oooo . . . . . . . . . . oooooooooo
def test_when_nobody_speaks_the_feed_is_out_and_no_sensor_is_missing() -> None:
    assert timeline("oooo" + "." * 20, others="oooo" + "." * 20) == []
    told = timeline("oooo" + "." * 20, others="oooo" + "." * 10 + "o" * 10)
    (fault, event, at_s) = told[0]
    assert (fault, event, len(told)) == ("missing", "raised", 1)
    assert at_s >= 14 * 30 + 120, "silence is counted anew once the feed is back"


def test_a_sensor_that_reports_every_five_minutes_has_fifteen() -> None:
    payloads = [a_clock(NOON_MS)]
    for second in range(1, 3001):
        payloads.append(a_clock(NOON_MS + second * 1000))
        if second % 300 == 0:
            told = [who for who in (WATCHED, *OTHERS) if who != WATCHED or second <= 600]
            payloads += [an_observation(who, NOON_MS + second * 1000, interval_s=300) for who in told]
    events = [e for e in found(payloads) if FAULTS[e.fault] == "missing"]
    assert [(e.event, (e.at_ms - NOON_MS) // 1000) for e in events] == [("raised", 600 + 900 + 1)]


def test_a_sensor_that_came_back_is_missed_again_in_time_among_slow_neighbours() -> None:
    """Its patience of 180 s must not wait for the next look at sensors that have 900 s."""
    payloads = [a_clock(NOON_MS)]
    for second in range(1, 2401):
        payloads.append(a_clock(NOON_MS + second * 1000))
        if second % 300 == 1:
            payloads += [an_observation(who, NOON_MS + second * 1000, interval_s=300) for who in OTHERS]
        if second in (30, 60, 600, 630):
            payloads.append(an_observation(WATCHED, NOON_MS + second * 1000))
    events = [e for e in found(payloads) if FAULTS[e.fault] == "missing" and e.sensor == 0]
    told = [(e.event, (e.at_ms - NOON_MS) // 1000) for e in events]
    assert told == [("raised", 60 + 181), ("cleared", 630), ("raised", 630 + 181)]


def test_late_repeated_and_far_future_observations_are_no_life_sign() -> None:
    payloads = log_of("oo")
    payloads += [sound(2, WATCHED), sound(1, WATCHED), an_observation(WATCHED, NOON_MS + 86_400_000)]
    for number in range(3, 10):
        payloads += [a_clock(NOON_MS + number * STEP_MS), *(sound(number, other) for other in OTHERS)]
        payloads.append(sound(2, WATCHED))
    (event,) = found(payloads)
    assert (event.sensor, FAULTS[event.fault]) == (0, "missing")


@given(st.text("oooo..=0qx", min_size=1, max_size=40), st.integers(0, 2**32))
def test_the_same_log_cut_anywhere_finds_the_same(drawing: str, seed: int) -> None:
    random = Random(seed)
    columns = columns_of(log_of(drawing), CITY)
    whole = SensorDiagnostics(CITY, EVERYBODY).fold(columns)
    pieces, first, told = SensorDiagnostics(CITY, EVERYBODY), 0, []
    while first < len(columns):
        end = first + random.randint(1, 200)
        told += pieces.fold(columns.take(np.arange(first, min(end, len(columns)))))
        first = end
    assert sorted(told) == sorted(whole)


@given(st.text("oooo......=======0x", min_size=1, max_size=60), st.floats(0, 1))
def test_reading_the_log_again_tells_nothing_new(drawing: str, share: float) -> None:
    columns = columns_of(log_of(drawing), CITY)
    diagnostics = SensorDiagnostics(CITY, EVERYBODY)
    diagnostics.fold(columns)
    again = columns.take(np.arange(int(share * len(columns)), len(columns)))
    assert diagnostics.fold(again) == []


def test_an_open_fault_of_an_earlier_start_is_known_and_ends() -> None:
    raised: list[AlertEvent] = [fault_alert(event, CITY) for event in found(log_of("o======"))]
    assert [(event.rule, event.kind) for event in raised] == [("stuck", "sensor_fault")]
    diagnostics = SensorDiagnostics(CITY, EVERYBODY)
    diagnostics.remember(raised)
    told = diagnostics.fold(columns_of(log_of("o=======ooo"), CITY))
    assert [(e.event, e.since_ms // 1000) for e in told] == [("cleared", raised_since_s(raised[0]))]
    assert fault_alert(told[0], CITY).alert_id == raised[0].alert_id


def recalled_late(
    drawing: str, recalled: int, since_s: int, event: str = "raised"
) -> list[tuple[str, str, int]]:
    """(fault, event, seconds of its id after noon) of a process that begins at noon and is answered only
    after that many half minutes that the watched sensor had been stuck since `since_s` after noon."""
    diagnostics = SensorDiagnostics(CITY, EVERYBODY, DiagnosticRules())
    at_ms = NOON_MS + (30_000 if event == "cleared" else -1000)
    raised = FaultEvent(at_ms, 0, FAULTS.index("stuck"), event, NOON_MS + since_s * 1000)
    told: list[FaultEvent] = []
    payloads = log_of(drawing)
    cut = 1 + recalled * 34
    told += diagnostics.fold(columns_of(payloads[:cut], CITY))
    told += diagnostics.remember([fault_alert(raised, CITY)])
    told += diagnostics.fold(columns_of(payloads[cut:], CITY))
    versions = [fault_alert(event, CITY).version for event in told]
    assert versions == sorted(versions)
    return [(FAULTS[e.fault], e.event, (e.since_ms - NOON_MS) // 1000) for e in told]


@pytest.mark.parametrize(
    ("drawing", "recalled", "told"),
    [
        # known before anything is read: it goes on, and ends
        ("======oo", 0, [("stuck", "cleared", -600)]),
        # raised again under a second id: the first goes on, and ends
        ("========oo", 7, [("stuck", "raised", 30), ("stuck", "cleared", 30), ("stuck", "cleared", -600)]),
        ("========oo", 6, [("stuck", "raised", 30), ("stuck", "cleared", 30), ("stuck", "cleared", -600)]),
        # raised and cleared again before the answer came
        ("========ooo", 11, [("stuck", "raised", 30), ("stuck", "cleared", 30), ("stuck", "cleared", -600)]),
        # sound since the beginning: it ends with the next sound observation
        ("ooooo", 3, [("stuck", "cleared", -600)]),
    ],
)
def test_an_open_fault_that_is_recalled_late_ends_and_has_no_second_id(
    drawing: str, recalled: int, told: list[tuple[str, str, int]]
) -> None:
    assert recalled_late(drawing, recalled, -600) == told


def test_a_fault_that_the_history_knows_as_ended_is_not_ended_again() -> None:
    assert recalled_late("oooooo", 3, -600, "cleared") == []
    assert recalled_late("======oo", 6, -600, "cleared") == [
        ("stuck", "raised", 30),
        ("stuck", "cleared", 30),
    ]


def raised_since_s(event: AlertEvent) -> int:
    return int(event.alert_id.rpartition(".")[2])


def test_every_sensor_reports_into_one_partition() -> None:
    masks = [sensors_of_partition(CITY, number, 3) for number in range(3)]
    assert np.sum(masks, axis=0).tolist() == [1, 1, 1, 1]


def test_a_partition_judges_only_its_own_sensors() -> None:
    diagnostics = SensorDiagnostics(CITY, np.array([False, True, True, True]))
    assert diagnostics.fold(columns_of(log_of("o======..........."), CITY)) == []
