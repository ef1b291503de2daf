"""Windows against the same rules in plain Python, on random logs, cut and collected at random."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from models.open_window import WindowChange
from models.window import PartitionWindows, TimeRules
from tests.models.window_logs import CITY, LENGTHS_S, RULES, Step, columns, logs
from tests.models.window_reference import ReferenceWindows, Told


def as_told(change: WindowChange) -> Told:
    """What a change says, read as a consumer does: now, before anything else is folded."""
    window = change.window
    measured = np.flatnonzero(window.sums[:, 0]).tolist()
    return Told(
        window.window_s,
        window.start_ms,
        change.status,
        change.segments.tolist(),
        window.sums[change.segments].tolist(),
        window.amendments[change.segments].tolist(),
        {i: (window.sums[i].tolist(), int(window.amendments[i])) for i in measured},
    )


@settings(max_examples=200, deadline=None)
@given(logs(), LENGTHS_S, RULES)
def test_fates_and_everything_told_equal_the_rules_applied_record_by_record(
    log: list[Step], lengths_s: tuple[int, ...], rules: TimeRules
) -> None:
    windows = PartitionWindows(len(CITY.segments), rules, lengths_s)
    reference = ReferenceWindows(rules, lengths_s)
    for step in log:
        assert windows.fold(columns(step)).tolist() == reference.fold(columns(step))
        assert (windows.clock_ms, windows.basis_ms) == (reference.clock_ms, reference.basis_ms)
        assert windows.watermark_ms == reference.watermark_ms
        if step.collect is not None:
            assert [as_told(c) for c in windows.collect(step.collect)] == reference.collect(step.collect)
    assert [as_told(change) for change in windows.finish()] == reference.finish()
