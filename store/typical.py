"""The job that computes what is usual from what was: quantiles per place, type of day and local slot.

Can be run again at any time; it runs in the engine, nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.errors import ConfigurationError
from store.history import History
from store.parameters import Parameters
from store.profile import DAY_TYPES, SLOT_S

_EPOCH = date(1970, 1, 1)
_LIMIT_S = 600.0

_COLUMNS = """
    area_kind, area_id, day_type, slot, as_of, n, tti_p10, tti_p50, tti_p90, tpi_p10, tpi_p50, tpi_p90,
    speed_p50, synthetic
"""

_PLACES = {
    "area_indices": ("area_kind", "area_id", "quantilesExact(0.1, 0.5, 0.9)(traffic_performance_index)"),
    "segment_indices": ("'segment'", "segment_id", "[nan, nan, nan]"),
}

_SQL = """
    insert into typical ({columns})
    select
      kind, id, {{day_type:String}}, local_slot, toDateTime({{as_of:UInt32}}, 'UTC'),
      toUInt16(least(windows, 65535)),
      tti[1], tti[2], tti[3], tpi[1], tpi[2], tpi[3], speed[1], any_synthetic
    from (
      select
        {kind} as kind, {id} as id,
        toUInt16(toHour(window_start, {{timezone:String}}) * {slots_per_hour}
          + intDiv(toMinute(window_start, {{timezone:String}}), {slot_minutes})) as local_slot,
        count() as windows,
        quantilesExact(0.1, 0.5, 0.9)(travel_time_index) as tti,
        {tpi} as tpi,
        quantilesExact(0.5)(speed_kmh) as speed,
        max(synthetic) as any_synthetic
      from {table} final
      where window_s = {{window_s:UInt16}} and status >= 1 and isFinite(travel_time_index)
        and window_start >= toDateTime({{start:UInt32}}, 'UTC')
        and window_start < toDateTime({{end:UInt32}}, 'UTC')
        and toRelativeDayNum(window_start, {{timezone:String}}) in (select arrayJoin({{days:Array(UInt32)}}))
      group by kind, id, local_slot
    )
"""

_COUNT_SQL = "select count() as n from typical final where as_of = toDateTime({as_of:UInt32}, 'UTC')"


def compute_typical(
    history: History,
    as_of: int,
    day_types: Mapping[date, str],
    timezone: str,
    *,
    window_s: int = 300,
) -> int:
    """Fill `typical` for `as_of` (UTC epoch seconds) from the dates in `day_types`; the rows it then has.

    Windows that start at `as_of` or later are left out, provisional ones too. Quantiles are values that
    occurred. `day_types` says what each date was; dates left out do not count. ConfigurationError for an
    unknown time zone or type of day.
    """
    zone = _zone(timezone)
    for day, day_type in sorted(day_types.items()):
        if day_type not in DAY_TYPES:
            raise ConfigurationError("calendar", str(day), f"{day_type!r} is none of {', '.join(DAY_TYPES)}")
    for day_type in DAY_TYPES:
        dates = sorted(day for day, kind in day_types.items() if kind == day_type)
        if not dates:
            continue
        asked: Parameters = {
            "day_type": day_type,
            "as_of": as_of,
            "timezone": timezone,
            "window_s": window_s,
            "start": _midnight(dates[0], zone),
            "end": max(_midnight(dates[0], zone), min(as_of, _midnight(dates[-1] + timedelta(days=1), zone))),
            "days": [(day - _EPOCH).days for day in dates],
        }
        for table, (kind, place_id, tpi) in _PLACES.items():
            sql = _SQL.format(
                columns=_COLUMNS,
                table=table,
                kind=kind,
                id=place_id,
                tpi=tpi,
                slots_per_hour=3600 // SLOT_S,
                slot_minutes=SLOT_S // 60,
            )
            history.execute(sql, asked, limit_s=_LIMIT_S)
    return int(history.query(_COUNT_SQL, {"as_of": as_of})["n"][0])


def local_slot(at: int, timezone: str) -> tuple[date, int]:
    """Local date and slot (0..287) of a UTC epoch second: where `compute_typical` puts it."""
    moment = datetime.fromtimestamp(at, _zone(timezone))
    return moment.date(), (moment.hour * 3600 + moment.minute * 60) // SLOT_S


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError("city", "timezone", f"{timezone!r} is no IANA time zone") from None


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())
