"""What a run is judged by."""

from __future__ import annotations

import pytest

from benchmarks.ratios import RATIOS, ratios
from tests.benchmarks.a_run import CPU_S_PER_MILLION, a_run

BY_NAME = {ratio.name: ratio for ratio in RATIOS}


def test_a_contender_that_costs_more_than_ours_makes_a_larger_ratio() -> None:
    found = ratios(CPU_S_PER_MILLION)
    assert found["vs_faust_record"] == 40.0
    assert found["vs_quix_window"] == 15.0
    assert found["vs_bytewax_window"] == 6.0
    assert found["vs_aiokafka_numpy"] == 1.0


def test_columnar_records_are_compared_with_json_and_with_what_needs_no_broker() -> None:
    found = ratios(CPU_S_PER_MILLION)
    assert found["columnar_vs_json"] == 4.0
    assert found["columnar_vs_decode_limit"] == pytest.approx(0.6)


def test_a_larger_city_may_cost_more_but_not_much() -> None:
    found = ratios(CPU_S_PER_MILLION)["cost_100k_vs_1k_segments"]
    assert found == pytest.approx(1.2)
    assert BY_NAME["cost_100k_vs_1k_segments"].reached(found)
    assert not BY_NAME["cost_100k_vs_1k_segments"].reached(1.6)


def test_a_limit_from_below_is_reached_by_more() -> None:
    assert BY_NAME["vs_faust_record"].reached(35.0)
    assert not BY_NAME["vs_faust_record"].reached(34.9)


def test_what_did_not_run_has_no_ratio() -> None:
    assert set(ratios({"index_json": 2.0, "aiokafka_numpy": 2.0})) == {"vs_aiokafka_numpy"}


def test_the_file_holds_every_ratio() -> None:
    assert set(a_run()["ratios"]) == set(BY_NAME)
