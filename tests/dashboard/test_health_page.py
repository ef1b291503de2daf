"""What the health page says when there is little to say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dashboard.hub import Hub
from dashboard.pages.health import health_page, live_sections, store_section
from dashboard.readers import AuditedRange, Operation, StoreHealth
from tests.dashboard.a_picture import NOON_S, a_city, encoded, every_day_a_workday, segment_record

CITY = a_city()


def _texts(component: Any) -> list[str]:
    if isinstance(component, list | tuple):
        return [text for part in component for text in _texts(part)]
    if hasattr(component, "children"):
        return _texts(component.children)
    return [] if component is None else [str(component)]


def _health(gaps: tuple[str, ...] = (), *audited: AuditedRange) -> StoreHealth:
    return StoreHealth("chDB", "26.9", None, None, "unknown", {}, gaps, audited)


def test_a_partition_without_a_clock_record_has_a_dash_for_its_lag() -> None:
    hub = Hub(CITY, None, day_type_of=every_day_a_workday)
    hub.take(encoded(msgspec.structs.replace(segment_record(CITY, 2.0), clock_ms=0, watermark_ms=0))[0])
    hub.tick()
    assert hub.snapshot is not None
    assert hub.snapshot.lag.partitions[0].lag_s is None
    partitions = live_sections(hub.snapshot, 0, "en")[-1]
    assert _texts(partitions)[-5:-2] == ["0", "–", "–"]


def test_the_audit_says_which_offsets_it_is_about() -> None:
    audited = AuditedRange("observations.traffic/3", 40, 1000, 9000)
    said = _texts(store_section(_health((), audited), None, "en"))
    assert said[-4:] == ["observations.traffic/3", "40", "1,000", "9,000"]
    assert "No gap: stored = counted + duplicate + late" in said


def test_an_audit_of_nothing_proves_nothing() -> None:
    said = _texts(store_section(_health(), None, "en"))
    assert "Nothing was booked in the last 24 hours" in said
    assert not any("No gap" in text for text in said)


def test_gaps_are_named_beside_the_offsets_that_were_audited() -> None:
    gaps = ("observations.traffic/0 [50, 55) missing",)
    said = _texts(store_section(_health(gaps, AuditedRange("observations.traffic/0", 0, 0, 60)), None, "en"))
    assert gaps[0] in said
    assert said[-1] == "60"


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("10.1.2.3", False)],
)
def test_the_page_says_on_which_address_it_really_listens(host: str, local: bool) -> None:
    said = " ".join(_texts(health_page(CITY, "en", Operation(host=host))))
    assert ("It listens on this machine only" in said) is local
    assert (f"It listens on {host} and has no login" in said) is not local


def test_times_are_those_of_the_city_with_their_zone() -> None:
    hub = Hub(CITY, None, day_type_of=every_day_a_workday, now_ms=lambda: (NOON_S + 70) * 1000)
    hub.take(encoded(segment_record(CITY, 2.0))[0])
    hub.tick()
    stream, _, partitions = live_sections(hub.snapshot, 0, "en", CITY.timezone)
    assert "Updated 12:01:10 Asia/Shanghai (UTC+08:00)" in _texts(stream)
    assert _texts(partitions)[1] == "Asia/Shanghai (UTC+08:00)"
    assert _texts(partitions)[-3:] == ["12:01:10", "12:01:00", "12:00:50"]
