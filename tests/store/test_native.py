"""The Native format, against what chDB itself writes and against everything that we write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import StoreRejected
from store.history import History, open_history
from store.native import decode_blocks, encode_block

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(TEXTS, st.integers(0, 2**64 - 1), st.floats(width=32)), min_size=1))
def test_a_block_decodes_to_what_was_encoded(rows: list[tuple[str, int, float]]) -> None:
    texts = np.empty(len(rows), dtype=object)
    texts[:] = [text for text, _, _ in rows]
    numbers = np.array([number for _, number, _ in rows], dtype="u8")
    reals = np.array([real for _, _, real in rows], dtype="f4")

    raw = encode_block([("a", "String", texts), ("b", "UInt64", numbers), ("c", "Float32", reals)])
    back = decode_blocks(raw + raw)

    assert back["a"].tolist() == texts.tolist() * 2
    np.testing.assert_array_equal(back["b"], np.tile(numbers, 2))
    np.testing.assert_array_equal(back["c"], np.tile(reals, 2))


@pytest.fixture
def engine(chdb_directory: object) -> History:
    return open_history(f"chdb://{chdb_directory}?database=native")


def test_every_type_that_the_engine_may_answer_with_is_read(engine: History) -> None:
    back = engine.query("""
        select toInt8(-1) as i8, toInt64(-9) as i64, true as flag, toDate('2026-03-02') as day,
          toDateTime(1772409600, 'Asia/Shanghai') as moment,
          cast('b' as Enum8('a' = -1, 'b' = 2)) as e8, cast('it\\'s' as Enum16('it\\'s' = 300)) as e16,
          toLowCardinality(toString(number % 300)) as low, repeat('长', 100) as long
        from numbers(1000)
    """)
    assert {name: values[0] for name, values in back.items()} == {
        "i8": -1,
        "i64": -9,
        "flag": 1,
        "day": 20514,
        "moment": 1772409600,
        "e8": "b",
        "e16": "it's",
        "low": "0",
        "long": "长" * 100,
    }
    assert back["low"].tolist() == [str(i % 300) for i in range(1000)]
    engine.close()


def test_an_answer_of_many_blocks_is_one_column(engine: History) -> None:
    back = engine.query("select number, toString(number) as text from numbers(200000) order by number")
    np.testing.assert_array_equal(back["number"], np.arange(200_000))
    assert back["text"][-1] == "199999"
    engine.close()


@pytest.mark.parametrize("value", ["toNullable(1)", "[1, 2]", "toDecimal32(1, 2)", "toLowCardinality(5)"])
def test_a_type_that_we_do_not_read_is_refused_by_name(engine: History, value: str) -> None:
    with pytest.raises(StoreRejected, match=r"column 'odd': type .* is not one we read"):
        engine.query(f"select {value} as odd settings allow_suspicious_low_cardinality_types = 1")
    engine.close()
