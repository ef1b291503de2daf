"""RFC 3339 times as UTC epoch milliseconds: one, or a column of them at once with the same result."""

from __future__ import annotations

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
_NEWLINE = ord("\n")
_SHORTEST, _LONGEST = len("2026-03-02T04:00:30Z"), 40
_DATE = [0, 1, 2, 3, 5, 6, 8, 9]
_DIGITS = [*_DATE, 11, 12, 14, 15, 17, 18]

FEW_TIMES = 20
"""So few of one length are read sooner one by one."""


def epoch_ms_of(text: str) -> int:
    """The time, half milliseconds to the even one. Raises ValueError saying what is wrong with it."""
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return round(moment.timestamp() * 1000)


def epoch_ms_of_lines(lines: str, count: int) -> tuple[Ints, Mask]:
    """`epoch_ms_of` each of `count` lines, int64; 0 and False where it raises.

    Lines of spaces are no times, and cost nothing when they are as long as the others. Raises ValueError when
    there are not as many lines.
    """
    text = np.frombuffer(f"{lines}\n".encode(), dtype=np.uint8)
    length = len(text) // max(count, 1) - 1
    if _are_lines(text, count, length):
        characters = np.ascontiguousarray(text.reshape(count, length + 1)[:, :length].T)
        epoch_ms, right = _of_characters(characters)
        wrong = np.flatnonzero(~right & (characters.max(axis=0) != ord(" ")))
        texts = lines.split("\n") if len(wrong) else []
    else:
        texts = lines.split("\n")
        if len(texts) != count:
            raise ValueError(f"{len(texts)} lines, expected {count}")
        epoch_ms, right = _of_any_length(texts)
        wrong = np.flatnonzero(~right)
    for i in wrong.tolist():
        with suppress(ValueError):
            epoch_ms[i], right[i] = epoch_ms_of(texts[i]), True
    return epoch_ms, right


def _are_lines(text: Bytes, count: int, length: int) -> bool:
    """Whether that is `count` lines of that length, ASCII, and a time may be so long."""
    if not _SHORTEST <= length <= _LONGEST or len(text) != count * (length + 1):
        return False
    lines = text.reshape(count, length + 1)
    ends: bool = (lines[:, length] == _NEWLINE).all()
    return ends and np.count_nonzero(text == _NEWLINE) == count and int(text.max()) < 128


def _of_any_length(texts: list[str]) -> tuple[Ints, Mask]:
    """Lines of one length together; 0 and False where a time is wrong or there are few of its length."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    epoch_ms, right = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=np.bool_)
    for length, count in zip(*np.unique(lengths, return_counts=True), strict=True):
        if count > FEW_TIMES:
            rows = np.flatnonzero(lengths == length)
            text = np.frombuffer("".join([f"{texts[i]}\n" for i in rows.tolist()]).encode(), dtype=np.uint8)
            if _are_lines(text, int(count), int(length)):
                characters = text.reshape(count, length + 1)[:, :length].T
                epoch_ms[rows], right[rows] = _of_characters(np.ascontiguousarray(characters))
    return epoch_ms, right


def _of_characters(characters: Bytes) -> tuple[Ints, Mask]:
    """`characters` is uint8 (length, times); 0 and False where a time is wrong, or not written as the first
    one that is there."""
    fraction_end = _fraction_end(characters[:, np.argmax(characters[0] != ord(" "))])
    digit = characters[:fraction_end] - np.uint8(ord("0"))
    right: Mask = digit[_DIGITS].max(axis=0) <= 9
    for position, allowed in ((4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")):
        right &= _is_one_of(characters[position], allowed)
    # two digits fit into a byte
    hour, minute, second = (digit[i] * np.uint8(10) + digit[i + 1] for i in (11, 14, 17))
    right &= (hour <= 23) & (minute <= 59) & (second <= 59)
    if fraction_end > 19:
        right &= _is_one_of(characters[19], b".") & (digit[20:].max(axis=0) <= 9)
    offset_s, zone_is_right = _offset_s(characters[fraction_end:])
    days, date_is_right = _days(digit, right)
    right &= zone_is_right & date_is_right
    second_of_day = hour * np.int32(3_600) + minute * np.int32(60) + second
    epoch_ms = days * 86_400_000 + (second_of_day - offset_s) * 1000 + _fraction_ms(digit[20:])
    return np.where(right, epoch_ms, 0), right


def _fraction_end(characters: Bytes) -> int:
    """Where the zone of a time begins: after the digits that follow a dot, or after the seconds."""
    end = 20
    while characters[19] == ord(".") and end < len(characters) and 48 <= characters[end] <= 57:
        end += 1
    return end if end > 20 else 19


def _is_one_of(characters: Bytes, allowed: bytes) -> Mask:
    found: Mask = characters == allowed[0]
    for other in allowed[1:]:
        found |= characters == other
    return found


def _number(digits: Bytes) -> Digits:
    number: Digits = digits[0].astype(np.int32)
    for digit in digits[1:]:
        number = number * np.int32(10) + digit
    return number


def _fraction_ms(digits: Bytes) -> Digits:
    """Milliseconds; the seventh digit rounds to microseconds, as in `msgspec`, and those to the even one."""
    if not len(digits):
        return np.zeros(digits.shape[1], dtype=np.int32)
    if len(digits) <= 3:
        return _number(digits) * np.int32(10 ** (3 - len(digits)))
    microseconds: Digits = _number(digits[:6]) * 10 ** max(0, 6 - len(digits))
    if len(digits) > 6:
        microseconds += digits[6] >= 5
    return np.rint(microseconds / 1000).astype(np.int32)


def _offset_s(zone: Bytes) -> tuple[Digits, Mask]:
    """Z, +08:00 or +0800; anything else is not right."""
    nothing = np.zeros(zone.shape[1], dtype=np.int32)
    if len(zone) == 1:
        return nothing, _is_one_of(zone[0], b"Zz")
    if len(zone) not in (5, 6):
        return nothing, nothing != 0
    digit = zone - np.uint8(ord("0"))
    right = _is_one_of(zone[0], b"+-") & (digit[[1, 2, -2, -1]].max(axis=0) <= 9)
    if len(zone) == 6:
        right &= _is_one_of(zone[3], b":")
    hours, minutes = _number(digit[1:3]), _number(digit[-2:])
    right &= (hours <= 23) & (minutes <= 59)
    return np.where(zone[0] == ord("-"), -60, 60) * (hours * 60 + minutes), right


def _days(digit: Bytes, right: Mask) -> tuple[Ints, Mask]:
    """Days since 1970 of each YYYY-MM-DD; most often they are all the same day."""
    days = np.zeros(digit.shape[1], dtype=np.int64)
    exists = np.zeros(digit.shape[1], dtype=np.bool_)
    if (digit[:10] == digit[:10, :1]).all():
        dates, different = None, [int(_number(digit[_DATE, :1])[0])]
    else:
        dates = _number(digit[_DATE])
        different = np.unique(dates[right]).tolist()
    for yyyymmdd in different:
        try:
            day = date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100)
        except ValueError:
            continue
        on_that_day = slice(None) if dates is None else dates == yyyymmdd
        days[on_that_day], exists[on_that_day] = day.toordinal() - _EPOCH_DAY, True
    return days, exists
