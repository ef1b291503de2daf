"""A workload's observations as canonical JSON, a whole second at a time.

Every payload of a form has the same length, so a second is written as a matrix of characters: tens of
millions of observations are made in a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from benchmarks.workload import (
    INVALID_KMH,
    Reports,
    Workload,
    segment_id,
    sensor_id,
)

Characters = npt.NDArray[np.uint8]

_WIDTHS = {
    "sensor": 8,
    "segment": 6,
    "time": 19,
    "speed": 4,
    "harmonic": 4,
    "flow": 2,
    "occupancy": 4,
    "sent": 19,
    "sent_ms": 3,
}
_FULL = (
    b'{"sensor_id":"',
    "sensor",
    b'","segment_id":"',
    "segment",
    b'","event_time":"',
    "time",
    b'.000Z","interval_s":%d,"speed_kmh":',
    "speed",
    b',"speed_harm_kmh":',
    "harmonic",
    b',"flow_veh":',
    "flow",
    b',"occupancy_pct":',
    "occupancy",
    b',"sent_time":"',
    "sent",
    b".",
    "sent_ms",
    b'Z"}',
)
_SHORT = (
    b'{"sensor_id":"',
    "sensor",
    b'","event_time":"',
    "time",
    b'Z","interval_s":%d,"speed_kmh":',
    "speed",
    b"}",
)


def observation_writer(workload: Workload) -> Callable[[Reports], list[bytes]]:
    """A function that writes one second's reports as canonical observations, one payload each."""
    template, columns = _template(workload)
    width = template.shape[1]
    late = sent_delay_ms(np.arange(workload.sensors)) >= 1_000

    def write(second: Reports) -> list[bytes]:
        made = template[second.sensor]
        made[:, columns["time"]] = _characters([time_text(second.end_s)], 19)
        made[:, columns["speed"]] = _TENTHS[second.speed_tenths]
        if workload.form == "full":
            made[:, columns["harmonic"]] = _TENTHS[second.harmonic_tenths]
            made[:, columns["flow"]] = _UNITS[second.flow_veh]
            made[:, columns["occupancy"]] = _TENTHS[second.occupancy_tenths]
            sent = _characters([time_text(second.end_s), time_text(second.end_s + 1)], 19)
            made[:, columns["sent"]] = sent[late[second.sensor].astype(np.int64)]
        whole = made.tobytes()
        return [whole[i : i + width] for i in range(0, len(whole), width)]

    return write


def sent_delay_ms(sensor: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What a sensor needs to send its report: between 0.3 and 1.8 s, always the same."""
    return 300 + sensor * 37 % 1_500


def clock_payload(epoch_s: int) -> bytes:
    """A clock record."""
    return f'{{"clock_time":"{time_text(epoch_s)}.000Z"}}'.encode()


def time_text(epoch_s: int) -> str:
    """Date and time without zone."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _template(workload: Workload) -> tuple[Characters, dict[str, slice]]:
    """A row per sensor with everything that never changes, and where what changes is put."""
    parts = _FULL if workload.form == "full" else _SHORT
    literals = [
        part % workload.period_s if b"%" in part else part for part in parts if isinstance(part, bytes)
    ]
    columns: dict[str, slice] = {}
    empty = b""
    for part in parts:
        if isinstance(part, bytes):
            empty += literals.pop(0)
        else:
            columns[part] = slice(len(empty), len(empty) + _WIDTHS[part])
            empty += b" " * _WIDTHS[part]
    template = np.tile(np.frombuffer(empty, dtype=np.uint8), (workload.sensors, 1))
    sensors = range(workload.sensors)
    template[:, columns["sensor"]] = _characters([sensor_id(i, workload.loops) for i in sensors], 8)
    if workload.form == "full":
        template[:, columns["segment"]] = _characters([segment_id(i // workload.loops) for i in sensors], 6)
        delays_ms = sent_delay_ms(np.arange(workload.sensors)) % 1_000
        template[:, columns["sent_ms"]] = _characters([f"{ms:03d}" for ms in delays_ms.tolist()], 3)
    return template, columns


def _characters(texts: list[str], width: int) -> Characters:
    """The texts, all of that length, as rows of characters."""
    joined = "".join(texts).encode("ascii")
    if len(joined) != width * len(texts):
        raise ValueError(f"a text is not {width} characters long, such as {texts[0]!r}")
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(texts), width)


# 10.0 to 99.9 by their tenths; smaller ones are never drawn. The last row is INVALID_SPEED_TENTHS, -1.
_TENTHS = _characters([f"{max(i, 100) / 10:.1f}" for i in range(1_000)] + [f"{INVALID_KMH:.1f}"], 4)
_UNITS = _characters([f"{i:02d}" for i in range(100)], 2)
