"""RFC 3339 times as UTC epoch milliseconds: one, or a column of them at once with the same result."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

import msgspec
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Digits = npt.NDArray[np.int32]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SHORTEST, _LONGEST = len("2026-03-02T04:00:30Z"), 40
_DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]


def epoch_ms_of(text: str) -> int:
    """The time, half milliseconds to the even one. Raises ValueError saying what is wrong with it."""
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return round(moment.timestamp() * 1000)


def epoch_ms_of_each(texts: Sequence[str]) -> tuple[Ints, Mask]:
    """`epoch_ms_of` each, int64; 0 and False where it raises."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    if len(texts) and (lengths == lengths[0]).all():
        epoch_ms, right = _of_one_length(texts, int(lengths[0]))
    else:
        epoch_ms, right = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.bool_)
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length)
            epoch_ms[rows], right[rows] = _of_one_length([texts[i] for i in rows.tolist()], length)
    for i in np.flatnonzero(~right & (lengths > 0)).tolist():
        with suppress(ValueError):
            epoch_ms[i], right[i] = epoch_ms_of(texts[i]), True
    return epoch_ms, right


def _of_one_length(texts: Sequence[str], length: int) -> tuple[Ints, Mask]:
    """0 and False where a time is not written as the first one is, or is wrong."""
    together = "".join(texts)
    if not _SHORTEST <= length <= _LONGEST or not together.isascii():
        return np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.bool_)
    lines = np.frombuffer(together.encode("ascii"), dtype=np.uint8).reshape(-1, length)
    return _of_characters(np.ascontiguousarray(lines.T))


def _of_characters(characters: Bytes) -> tuple[Ints, Mask]:
    """`characters` is uint8 (length, times)."""
    fraction_end = _fraction_end(characters[:, 0])
    zone = characters[fraction_end:]
    right = _is_digit(characters[_DIGITS])
    for position, allowed in ((4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")):
        right &= _is_one_of(characters[position], allowed)
    digit = characters[:fraction_end].astype(np.int32) - ord("0")
    microsecond = np.zeros(characters.shape[1], dtype=np.int64)
    if fraction_end > 19:
        right &= _is_one_of(characters[19], b".") & _is_digit(characters[20:fraction_end])
        microsecond += _fraction(digit[20:])
    offset_s, zone_is_right = _offset_s(zone)
    hour, minute, second = (_number(digit[i : i + 2]) for i in (11, 14, 17))
    days, date_is_right = _days(_number(digit[[0, 1, 2, 3, 5, 6, 8, 9]]), right)
    right &= zone_is_right & date_is_right & (hour <= 23) & (minute <= 59) & (second <= 59)
    seconds = days * 86_400 + (hour * 3_600 + minute * 60 + second) - offset_s
    epoch_ms = np.rint((seconds * 1_000_000 + microsecond) / 1000).astype(np.int64)
    return np.where(right, epoch_ms, 0), right


def _fraction_end(characters: Bytes) -> int:
    """Where the zone of a time begins: after the digits that follow a dot, or after the seconds."""
    end = 20
    while characters[19] == ord(".") and end < len(characters) and 48 <= characters[end] <= 57:
        end += 1
    return end if end > 20 else 19


def _is_digit(characters: Bytes) -> Mask:
    """Whether all rows are digits, per column."""
    digits: Mask = (characters - np.uint8(ord("0"))).max(axis=0) <= 9
    return digits


def _is_one_of(characters: Bytes, allowed: bytes) -> Mask:
    found: Mask = characters == allowed[0]
    for other in allowed[1:]:
        found |= characters == other
    return found


def _number(digits: Digits) -> Digits:
    number: Digits = digits[0]
    for digit in digits[1:]:
        number = number * 10 + digit
    return number


def _fraction(digits: Digits) -> Digits:
    """Microseconds; the seventh digit rounds, as in `msgspec`."""
    micros: Digits = _number(digits[:6]) * 10 ** max(0, 6 - len(digits))
    return micros + (digits[6] >= 5) if len(digits) > 6 else micros


def _offset_s(zone: Bytes) -> tuple[Digits, Mask]:
    """Z, +08:00 or +0800; anything else is not right."""
    nothing = np.zeros(zone.shape[1], dtype=np.int32)
    if len(zone) == 1:
        return nothing, _is_one_of(zone[0], b"Zz")
    if len(zone) not in (5, 6):
        return nothing, nothing != 0
    right = _is_one_of(zone[0], b"+-") & _is_digit(zone[[1, 2, -2, -1]])
    if len(zone) == 6:
        right &= _is_one_of(zone[3], b":")
    digit = zone.astype(np.int32) - ord("0")
    hours, minutes = _number(digit[1:3]), _number(digit[-2:])
    right &= (hours <= 23) & (minutes <= 59)
    return np.where(zone[0] == ord("-"), -60, 60) * (hours * 60 + minutes), right


def _days(dates: Digits, right: Mask) -> tuple[Ints, Mask]:
    """Days since 1970 of each YYYYMMDD; most often they are all the same day."""
    days = np.zeros(len(dates), dtype=np.int64)
    exists = np.zeros(len(dates), dtype=np.bool_)
    first = dates[0]
    different = [int(first)] if (dates == first).all() else np.unique(dates[right]).tolist()
    for yyyymmdd in different:
        try:
            day = date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100)
        except ValueError:
            continue
        on_that_day = dates == yyyymmdd
        days[on_that_day], exists[on_that_day] = day.toordinal() - _EPOCH_DAY, True
    return days, exists
