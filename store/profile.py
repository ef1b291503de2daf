"""What is usual: reading the table `typical`. A slot is five minutes of the local day, 0..287."""

from __future__ import annotations

from store.history import History, Result
from store.parameters import Parameters

TYPICAL_COLUMNS = (
    "area_kind", "area_id", "day_type", "slot", "as_of", "n", "tti_p10", "tti_p50", "tti_p90",
    "tpi_p10", "tpi_p50", "tpi_p90", "speed_p50", "synthetic",
)  # fmt: skip
DAY_TYPES = ("workday", "saturday", "sunday", "holiday")
SLOT_S = 300

_COLUMNS = ", ".join(TYPICAL_COLUMNS)
_LAST_SECOND = 2**32 - 1

# Each type of day has its own newest computation: a recent one may have seen no holiday.
_NEWEST = """
    as_of = (
      select max(as_of) from typical
      where area_kind = {kind:String} and day_type = {day_type:String}
        and as_of <= toDateTime({at:UInt32}, 'UTC')
    )
"""

_PROFILE_SQL = f"""
    select {_COLUMNS} from typical final
    where area_kind = {{kind:String}} and area_id = {{area_id:String}} and day_type = {{day_type:String}}
      and {_NEWEST}
    order by slot
"""

_AT_SQL = f"""
    select {_COLUMNS} from typical final
    where area_kind = {{kind:String}} and day_type = {{day_type:String}} and slot = {{slot:UInt16}}
      and {_NEWEST}
    order by area_id
"""


def typical_profile(
    history: History, kind: str, area_id: str, day_type: str, at: int = _LAST_SECOND
) -> Result:
    """TYPICAL_COLUMNS of one place on one type of day, by slot; slots without history are absent.

    From the newest computation at `at` (UTC epoch seconds), so that an old page shows what it showed.
    `kind` is city, district, corridor or segment.
    """
    asked: Parameters = {"kind": kind, "area_id": area_id, "day_type": day_type, "at": at}
    return history.query(_PROFILE_SQL, asked)


def newest_typical(history: History) -> int | None:
    """When the typical days were last computed (UTC epoch seconds), None before the first time."""
    row = history.query("select count() as n, max(as_of) as newest from typical")
    return int(row["newest"][0]) if int(row["n"][0]) else None


def typical_at(history: History, kind: str, day_type: str, slot: int, at: int = _LAST_SECOND) -> Result:
    """TYPICAL_COLUMNS of every place of a kind in one slot, by id; see `typical_profile`."""
    return history.query(_AT_SQL, {"kind": kind, "day_type": day_type, "slot": slot, "at": at})
