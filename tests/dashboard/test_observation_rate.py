"""Observations a minute: a whole minute, without what was told at once at the beginning."""

from __future__ import annotations

from dashboard.observation_rate import LEAD_IN_S, MINUTE_S, ObservationRate


def test_the_lead_in_is_not_counted_and_the_rate_waits_for_a_whole_minute() -> None:
    rate, told = ObservationRate(), []
    for second in range(200):
        lead_in = min(second, 10) * 800  # eight thousand in ten seconds
        told.append(rate.read(float(second), lead_in + second * 17, present=second >= 5))
    first = next(second for second, value in enumerate(told) if value is not None)
    assert first == 5 + LEAD_IN_S + MINUTE_S
    assert set(told[first:]) == {17 * 60}


def test_nothing_is_told_while_the_data_is_of_the_past_or_absent() -> None:
    rate = ObservationRate()
    assert {rate.read(float(s), s * 1000, present=False) for s in range(300)} == {None}
    assert {rate.read(float(s), 0, present=True) for s in range(300, 600)} == {None}


def test_a_feed_that_ends_has_a_rate_of_zero_after_a_minute() -> None:
    rate = ObservationRate()
    for second in range(100):
        rate.read(float(second), 10 + second * 17, present=True)
    assert [rate.read(100.0 + s, 1693, present=False) for s in (60, 61)] == [0, 0]


def test_a_counter_that_begins_anew_has_a_lead_in_anew() -> None:
    rate = ObservationRate()
    for second in range(100):
        rate.read(float(second), 10 + second * 17, present=True)
    assert rate.read(100.0, 9000 - 8990, present=True) is None
    assert rate.read(101.0, 9000, present=True) is None
