"""The invented calendar of the demo city: every seven weeks one festival, its make-up workday, one match.

Real holidays are announced a year ahead and may lie months apart; these repeat every 49 days, so that
any 56 days of history hold a public holiday, a 调休 workday and a match day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from models.city import Name

FIRST_DAY, LAST_DAY = date(2025, 1, 6), date(2032, 12, 26)
"""What the shipped calendar file lists; the rule itself has no end."""

CYCLE_DAYS = 49
_FESTIVAL, _BRIDGE, _MAKEUP, _MATCH = 17, 18, 20, 30  # Thursday, Friday, Sunday, Wednesday two weeks later

MATCH_START_S = 19 * 3600 + 1800
MATCH_END_S = MATCH_START_S + 6900
MATCH_NAME = Name("棠川队主场比赛", "Home match of the Tangchuan team")
MAKEUP_NAME = Name("调休上班", "Make-up workday")

_FESTIVALS = {
    "winter": Name("雪灯节", "Snow Lantern Festival"),
    "spring": Name("棠花节", "Crabapple Festival"),
    "summer": Name("河灯节", "River Lantern Festival"),
    "autumn": Name("秋帆节", "Autumn Sail Festival"),
}
_SEASONS = ("winter", "winter", *("spring",) * 3, *("summer",) * 3, *("autumn",) * 3, "winter")


@dataclass(frozen=True)
class SpecialDay:
    """A day that is not what its weekday says. `kind`: holiday | makeup | match."""

    date: date
    kind: str
    name: Name


def special_day(day: date) -> SpecialDay | None:
    """What is special about a day of the demo city, or None."""
    offset = (day - FIRST_DAY).days % CYCLE_DAYS
    if offset in (_FESTIVAL, _BRIDGE):
        festival = day - timedelta(days=offset - _FESTIVAL)
        return SpecialDay(day, "holiday", _FESTIVALS[_SEASONS[festival.month - 1]])
    if offset == _MAKEUP:
        return SpecialDay(day, "makeup", MAKEUP_NAME)
    if offset == _MATCH:
        return SpecialDay(day, "match", MATCH_NAME)
    return None


def special_days(first: date = FIRST_DAY, last: date = LAST_DAY) -> Iterator[SpecialDay]:
    """The special days from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        special = special_day(first + timedelta(days=number))
        if special is not None:
            yield special


def day_type(day: date) -> str:
    """workday | saturday | sunday | holiday, as traffic sees the day."""
    special = special_day(day)
    if special is not None and special.kind == "holiday":
        return "holiday"
    if special is not None and special.kind == "makeup":
        return "workday"
    return {5: "saturday", 6: "sunday"}.get(day.weekday(), "workday")
