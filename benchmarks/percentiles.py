"""The three percentiles that latencies are told by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def percentiles(values_s: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 of latencies in seconds, and how many there were."""
    p50, p95, p99 = np.percentile(np.asarray(values_s), [50, 95, 99])
    return {
        "p50_s": round(float(p50), 3),
        "p95_s": round(float(p95), 3),
        "p99_s": round(float(p99), 3),
        "samples": len(values_s),
    }
