"""The partitioner must be the one that kafka-python's producer uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2

from models.partitioning import murmur2, partition_of


@given(st.binary(max_size=70))
def test_the_hash_is_bit_for_bit_that_of_kafka_python(data: bytes) -> None:
    assert murmur2(data) == kafka_murmur2(data)


@given(st.text(max_size=40), st.integers(min_value=1, max_value=64))
def test_a_key_goes_to_the_partition_that_kafka_python_chooses(key: str, partitions: int) -> None:
    expected = (kafka_murmur2(key.encode()) & 0x7FFFFFFF) % partitions
    assert partition_of(key, partitions) == expected
    assert partition_of(key.encode(), partitions) == expected


def test_no_partition_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        partition_of("g00-g10", 0)
