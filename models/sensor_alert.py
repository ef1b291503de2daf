"""A sensor's fault as an alert: the same events for the duty officer as for the list of sick sensors."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from models.alert_event import RAISED, AlertEvent, alert_id
from models.city import City
from models.diagnostics import FAULTS, MISSING, FaultEvent
from models.partitioning import partition_of

FAULT_SEVERITY = 1
"""A sick sensor is minor by itself: its segment loses data, nobody loses time (P)."""

_REASONS = {
    ("missing", "raised"): "silent",
    ("missing", "cleared"): "reports again",
    ("stuck", "raised"): "repeats the same speed, flow and occupancy",
    ("stuck", "cleared"): "its values change again",
    ("implausible", "raised"): "speed, flow and occupancy fit no vehicle",
    ("implausible", "cleared"): "speed, flow and occupancy fit each other again",
}


def fault_alert(event: FaultEvent, city: City) -> AlertEvent:
    """The alert event of a fault; its rule is the fault's name, its place the sensor."""
    sensor, fault = city.sensors[event.sensor], FAULTS[event.fault]
    segment = city.segments[int(city.segment_of_sensor[event.sensor])]
    reason = f"{sensor.sensor_id}: {_REASONS[fault, event.event]}"
    if event.event == RAISED:
        since = datetime.fromtimestamp(event.since_ms / 1000, UTC)
        reason += f" since {since:%Y-%m-%dT%H:%M:%SZ}"
    return AlertEvent(
        alert_id(fault, sensor.sensor_id, event.since_ms // 1000),
        "missing" if event.fault == MISSING else "sensor_fault",
        fault,
        segment.segment_id,
        segment.district_id,
        FAULT_SEVERITY,
        event.event,
        event.at_ms,
        reason,
        event.at_ms,
    )


def sensors_of_partition(city: City, partition: int, partitions: int) -> npt.NDArray[np.bool_]:
    """Which sensors report into a partition of the observations, bool (sensors,): the key is the segment."""
    return np.array(
        [partition_of(sensor.segment_id, partitions) == partition for sensor in city.sensors], dtype=np.bool_
    )
