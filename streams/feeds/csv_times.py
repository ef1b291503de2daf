"""Times of a foreign file as UTC epoch milliseconds, as its mapping says."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache

from config.mapping import TimeFields, zone_of
from streams.feeds.records import epoch_ms


def time_reader(fields: TimeFields) -> Callable[[str], int]:
    """The function from a cell to UTC epoch ms; it raises ValueError saying what is wrong.

    A local time that the clocks skip is refused; one that they show twice is the first of the two.
    """
    zone = None if fields.zone is None else zone_of(fields.zone)

    @lru_cache(maxsize=4096)
    def read(text: str) -> int:
        return _read(text.strip(), fields, zone)

    return read


def implicit_time(fields: TimeFields) -> Callable[[int], int]:
    """The function from a row's position (0 is the first) to UTC epoch ms.

    The rows are regular in real time: a change to summer time does not stretch or skip one.
    """
    assert fields.start is not None
    assert fields.step_s is not None
    assert fields.zone is not None
    first_ms = _localised(fields.start, zone_of(fields.zone))
    step_ms = fields.step_s * 1000
    return lambda row: first_ms + row * step_ms


def _read(text: str, fields: TimeFields, zone: tzinfo | None) -> int:
    if fields.format in ("epoch_s", "epoch_ms"):
        number = float(text)
        if not math.isfinite(number) or abs(number) > 1e14:
            raise ValueError(f"{text!r} is no time")
        return round(number * (1000 if fields.format == "epoch_s" else 1))
    if fields.format == "hms":
        assert fields.day is not None
        return _localised(_on_day(text, fields), zone)
    if fields.format == "iso":
        return _localised(datetime.fromisoformat(text), zone)
    return _localised(datetime.strptime(text, fields.format), zone)  # noqa: DTZ007 - localised here


def _on_day(text: str, fields: TimeFields) -> datetime:
    assert fields.day is not None
    if text in ("24:00:00", "24:00"):
        return datetime.combine(fields.day + timedelta(days=1), time())
    clock = time.fromisoformat(text if text[1:2] != ":" else "0" + text)
    if clock.tzinfo is not None:
        raise ValueError(f"{text!r} is not HH:MM:SS")
    return datetime.combine(fields.day, clock)


def _localised(moment: datetime, zone: tzinfo | None) -> int:
    if moment.tzinfo is not None:
        return epoch_ms(moment)
    if zone is None:
        raise ValueError(f"{moment.isoformat()} has no time zone and the mapping gives none")
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise ValueError(f"{moment.isoformat()} does not exist in {zone}: the clocks skip it")
    return epoch_ms(local)
