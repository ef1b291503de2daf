"""The worst places over a time. Times are UTC epoch seconds, ranges half-open."""

from __future__ import annotations

from store.history import History, Result
from store.parameters import Parameters

_FIELDS = """
    count() as windows, avg(toFloat64(speed_kmh)) as mean_speed_kmh,
    avg(level >= 4) as congested_ratio, max(synthetic) as any_synthetic
"""

_WHERE = """
    where window_s = {window_s:UInt16} and status >= 1 and isFinite(travel_time_index)
      and window_start >= toDateTime({start:UInt32}, 'UTC') and window_start < toDateTime({end:UInt32}, 'UTC')
"""

# An area's index over many windows is what it is over one: vehicle hours over free-flow vehicle hours.
_AREAS_SQL = f"""
    select area_id as id,
      if(
        sum(vht_h) > 0,
        sum(vht_h) / sum(vht_h / travel_time_index),
        avg(toFloat64(travel_time_index))
      ) as tti,
      {_FIELDS}
    from area_indices final {_WHERE} and area_kind = {{kind:String}}
    group by area_id order by tti desc, id limit {{limit:UInt32}}
"""

_SEGMENTS_SQL = f"""
    select segment_id as id, avg(toFloat64(travel_time_index)) as tti,
      {_FIELDS}
    from segment_indices final {_WHERE}
    group by segment_id order by tti desc, id limit {{limit:UInt32}}
"""


def ranking(history: History, kind: str, window_s: int, start: int, end: int, limit: int = 20) -> Result:
    """The worst places first: id, tti, windows, mean_speed_kmh, congested_ratio, any_synthetic.

    `kind` is city, district, corridor or segment. tti is the travel time index over the whole time (of a
    segment the mean of its windows), congested_ratio the share of its windows at level 4 or 5.
    """
    sql = _SEGMENTS_SQL if kind == "segment" else _AREAS_SQL
    asked: Parameters = {"kind": kind, "window_s": window_s, "start": start, "end": end, "limit": limit}
    return history.query(sql, asked)
