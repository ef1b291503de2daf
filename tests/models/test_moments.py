"""Times in RFC 3339, one and many."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.moments import epoch_ms_of, epoch_ms_of_lines
from tests.models.odd_records import ODD_TIMES, TIMES

NOON = datetime(2026, 3, 2, 4, 0, 30, tzinfo=UTC)
NOON_MS = int(NOON.timestamp()) * 1000


@pytest.mark.parametrize(
    ("text", "after_noon_ms"),
    [
        ("2026-03-02T04:00:30Z", 0),
        ("2026-03-02t04:00:30z", 0),
        ("2026-03-02 04:00:30.000Z", 0),
        ("2026-03-02T04:00:30.25-00:00", 250),
        ("2026-03-02T12:00:30.001+08:00", 1),
        ("2026-03-01T20:30:30-0730", 0),
        ("2026-03-02T04:00:30.0005Z", 0),
        ("2026-03-02T04:00:30.0015Z", 2),
        ("2026-03-02T04:00:30.0004999999Z", 0),
        ("2026-03-02T04:00:30.0014994Z", 1),
        ("2026-03-02T04:00:30.0014995Z", 2),
        ("2026-03-02T04:00:30.9999999Z", 1000),
        ("2028-02-29T00:00:00Z", int((datetime(2028, 2, 29, tzinfo=UTC) - NOON).total_seconds()) * 1000),
        ("0001-01-01T00:00:00+08:00", -62_135_625_600_000 - NOON_MS),
    ],
)
def test_a_time_is_the_same_alone_and_in_a_column(text: str, after_noon_ms: int) -> None:
    assert epoch_ms_of(text) == NOON_MS + after_noon_ms
    epoch_ms, right = epoch_ms_of_lines(f"{text}\n{text}", 2)
    assert (epoch_ms.tolist(), right.tolist()) == ([NOON_MS + after_noon_ms] * 2, [True, True])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-02T04:00:30",
        "2026-02-29T00:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T04:00:30+24:00",
    ],
)
def test_what_is_no_time_with_a_zone_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        epoch_ms_of(text)
    epoch_ms, right = epoch_ms_of_lines(f"2026-03-02T04:00:30Z\n{text}", 2)
    assert (epoch_ms.tolist(), right.tolist()) == ([NOON_MS, 0], [True, False])


def alone(text: str) -> tuple[int, bool]:
    try:
        return epoch_ms_of(text), True
    except ValueError:
        return 0, False


CHARACTERS = st.sampled_from("0123456789-+:.TtZz ,车/")
ONE_LINE = st.characters(codec="utf-8", exclude_characters="\n")
DAMAGED = st.builds(
    lambda text, at, character: text[:at] + character + text[at + 1 :], TIMES, st.integers(0, 30), CHARACTERS
)


ANY_TEXT = st.one_of(TIMES, ODD_TIMES, DAMAGED, st.text(ONE_LINE, max_size=25))


@settings(deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=12))
@example(["2026-03-02T04:00:3", "02026-03-02T04:00:30ZZ"])
def test_a_column_of_any_texts_gives_what_each_gives_alone(texts: list[str]) -> None:
    epoch_ms, right = epoch_ms_of_lines("\n".join(texts), len(texts))
    assert list(zip(epoch_ms.tolist(), right.tolist(), strict=True)) == [alone(text) for text in texts]
    assert epoch_ms.dtype == np.int64


@settings(deadline=None)
@given(st.lists(st.integers(0, 4_102_444_800_000_000), min_size=1, max_size=40), st.integers(0, 9))
def test_a_column_of_one_form_gives_what_each_gives_alone(micros: list[int], digits: int) -> None:
    texts = []
    for value in micros:
        seconds, fraction = divmod(value, 1_000_000)
        moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        texts.append(f"{moment}.{fraction:06d}999"[: 20 + digits if digits else 19] + "+00:00")
    epoch_ms, right = epoch_ms_of_lines("\n".join(texts), len(texts))
    assert right.all()
    assert epoch_ms.tolist() == [epoch_ms_of(text) for text in texts]
