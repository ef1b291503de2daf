"""Random logs to test windows with: what a partition receives, how it is cut, when it is collected."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from models.observation import ObservationColumns
from models.window import TimeRules
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation, columns_of, iso

CITY = a_city(segments=6, sensors_per_segment=2)
SECOND = 1000
LENGTHS_S = st.sampled_from([(60, 300), (60, 300), (60,), (300,), (45, 60, 100)])
RULES = st.sampled_from(
    [
        TimeRules(),
        TimeRules(10, 120, 60, 30),
        TimeRules(0, 0, 0, 0),
        TimeRules(30, 120, 60, 30),
        TimeRules(5, 90, 30, 5),
    ]
)


@dataclass
class Step:
    """Records folded at once, and the collection after them: None for none, else whether provisional."""

    payloads: list[bytes]
    collect: bool | None


def a_probe(vehicle: int, segment: int, at_ms: int, speed: float) -> bytes:
    return (
        f'{{"vehicle_id":"v{vehicle}","segment_id":"s{segment}","event_time":"{iso(at_ms)}","speed_kmh":{speed}}}'
    ).encode()


@st.composite
def logs(draw: st.DrawFn) -> list[Step]:
    """Loops and probes, in order, out of order, repeated, late and ahead, with clock records or without."""
    clocks = draw(st.sampled_from([True, True, True, False]))
    # Round times make repetitions and records on the very edge of a window likely.
    grain_ms = draw(st.sampled_from([1, SECOND, 30 * SECOND]))
    now_ms = NOON_MS + draw(st.integers(0, 300)) * SECOND
    steps = [Step([a_clock(now_ms)] if clocks else [], None)]
    log: list[bytes] = []
    for _ in range(draw(st.integers(5, 80))):
        kind = draw(st.sampled_from(["loop"] * 8 + ["probe"] * 3 + ["again"] * 2 + ["clock"] * 3))
        now_ms += draw(st.sampled_from([0, 0, 1, 5, 30, 60, 400])) * SECOND
        delay_ms = draw(st.sampled_from([0, 0, 0, 1, 30, 60, 90, 200, 700, 1500, -20, -119, -500])) * SECOND
        end_ms = (now_ms - delay_ms + draw(st.integers(-999, 999))) // grain_ms * grain_ms
        if kind == "clock" and clocks:
            record = a_clock(now_ms)
        elif kind == "again" and log:
            record = draw(st.sampled_from(log))
        elif kind == "probe":
            place = draw(st.integers(0, 5))
            record = a_probe(
                draw(st.integers(0, 2)), place, end_ms, draw(st.sampled_from([0.0, 1.5, 17.31, 88.2]))
            )
        else:
            record = an_observation(
                f"s{draw(st.integers(0, 5))}-{draw(st.integers(0, 1))}",
                end_ms,
                interval_s=draw(st.sampled_from([1, 20, 30, 30, 30, 60, 61, 150, 300, 301, 900])),
                speed_kmh=draw(st.sampled_from([None, 0.0, 1.9, 8.35, 61.7, 61.7])),
                flow_veh=draw(st.sampled_from([None, 0, 0.333, 5])),
                occupancy_pct=draw(st.sampled_from([None, 5.0, 59.9, 60.0, 95.0])),
            )
        if b"null" in record and b'"speed_kmh": null' in record and b'"flow_veh": null' in record:
            record = record.replace(b'"occupancy_pct": null', b'"occupancy_pct": 1.0')
        log.append(record)
        steps[-1].payloads.append(record)
        if draw(st.sampled_from([True, False, False, False])):
            steps[-1].collect = draw(st.sampled_from([None, True, True, False]))
            steps.append(Step([], None))
    return steps


def columns(step: Step) -> ObservationColumns:
    return columns_of(step.payloads, CITY)
