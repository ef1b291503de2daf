"""What a history promises, on chDB and on a real server alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.errors import StoreRejected, StoreUnavailable
from store.column_types import enum_names, is_text, plain_type
from store.history import History, Limits, open_history
from store.migrate import migrate
from tests.store.rows import AWKWARD_TEXTS, MONDAY, area_rows, observation_rows, segment_rows
from tests.waiting import wait_until

TABLES = [
    "observations",
    "segment_indices",
    "area_indices",
    "typical",
    "accounting",
    "dead_letters",
    "alert_events",
]  # fmt: skip

SLEEPING_SQL = """
    select sum(slept) as total
    from (select sleepEachRow(1) as slept from system.numbers limit {seconds:UInt32})
    settings max_block_size = 1
"""


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_a_table_comes_back_as_it_went_in(history: History, table: str) -> None:
    types = history.query(
        "select name, type from system.columns where database = {database:String} and table = {table:String}",
        {"database": history.database, "table": table},
    )
    given = {
        name: _values_of(kind, rows=50, seed=position)
        for position, (name, kind) in enumerate(zip(types["name"], types["type"], strict=True))
    }
    key = "offset" if "offset" in given else next(name for name in given if given[name].dtype.kind == "u")
    given[key] = np.arange(50).astype(given[key].dtype)

    assert history.insert(table, given) == 50

    back = history.query(f"select * from {table} order by {key}")
    assert list(back) == list(given)
    for name, values in given.items():
        np.testing.assert_array_equal(back[name], values, err_msg=name)


def test_a_missing_measurement_stays_missing(history: History) -> None:
    history.insert("observations", observation_rows([0, 1], speed_kmh=[np.nan, 31.27], flow_veh=np.nan))

    back = history.query("select speed_kmh, flow_veh from observations order by offset")

    np.testing.assert_array_equal(back["speed_kmh"], [np.nan, 31.27])
    assert np.isnan(back["flow_veh"]).all()


def test_texts_of_every_kind_survive(history: History) -> None:
    rows = observation_rows(range(len(AWKWARD_TEXTS)), sensor_id=AWKWARD_TEXTS)
    history.insert("observations", rows)

    assert (
        history.query("select sensor_id from observations order by offset")["sensor_id"].tolist()
        == AWKWARD_TEXTS
    )


@pytest.mark.parametrize("text", AWKWARD_TEXTS)
def test_a_parameter_arrives_as_it_was_given(history: History, text: str) -> None:
    answer = history.query(
        "select {text:String} as one, arrayJoin({texts:Array(String)}) as many",
        {"text": text, "texts": [text]},
    )
    assert (answer["one"][0], answer["many"][0]) == (text, text)


@pytest.mark.parametrize(
    "attack", ["x'); drop table observations; --", "' or 1=1 --", "\\' or 1=1 --", "'] or 1=1"]
)
def test_a_parameter_never_becomes_sql(history: History, attack: str) -> None:
    history.insert("observations", observation_rows([0]))

    for condition in ("= {id:String}", "in (select arrayJoin({ids:Array(String)}))"):
        found = history.query(
            f"select offset from observations where sensor_id {condition}", {"id": attack, "ids": [attack]}
        )
        assert len(found["offset"]) == 0
    assert history.query("select count() as n from observations")["n"][0] == 1


@pytest.mark.parametrize("value", ["1 or 1=1", -1, 2**32, 1.5, [1]])
def test_a_parameter_of_another_type_is_refused_by_name(history: History, value: object) -> None:
    with pytest.raises(StoreRejected, match="'many'") as refused:
        history.query("select {many:UInt32} as n", {"many": value})  # type: ignore[dict-item]
    assert refused.value.code == 457


def test_a_parameter_that_is_not_given_is_refused_by_name(history: History) -> None:
    with pytest.raises(StoreRejected, match="'many' is not given"):
        history.query("select {many:UInt32} as n")


@pytest.mark.parametrize("order", [(4, 8), (8, 4)])
def test_the_largest_version_of_a_window_is_what_remains(history: History, order: tuple[int, int]) -> None:
    for version in order:
        history.insert("segment_indices", segment_rows(["s1"], [MONDAY], version=version, revision=version))

    back = history.query("select version, revision from segment_indices final")
    assert (back["version"].tolist(), back["revision"].tolist()) == ([8], [8])


def test_the_same_rows_again_change_nothing(history: History) -> None:
    for _ in range(3):
        history.insert("observations", observation_rows(range(100)))
        history.insert("area_indices", area_rows(["east", "west"], [MONDAY, MONDAY + 300]))

    assert history.query("select count() as n from observations final")["n"][0] == 100
    assert history.query("select count() as n from area_indices final")["n"][0] == 4


def test_an_answer_without_rows_has_its_columns(history: History) -> None:
    back = history.query(
        "select segment_id, window_start, speed_kmh, version, fate from segment_indices"
        " any left join (select segment_id, fate from observations) as o using segment_id where window_s = 7"
    )
    assert {name: (values.shape, values.dtype) for name, values in back.items()} == {
        "segment_id": ((0,), np.dtype(object)),
        "window_start": ((0,), np.dtype(np.int64)),
        "speed_kmh": ((0,), np.dtype(np.float32)),
        "version": ((0,), np.dtype(np.uint64)),
        "fate": ((0,), np.dtype(object)),
    }


def test_nothing_to_insert_is_no_insert(history: History) -> None:
    assert history.insert("segment_indices", segment_rows([], [])) == 0
    assert history.insert("segment_indices", {}) == 0


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("level", [-1], "column 'level': -1..-1 does not fit UInt8"),
        ("level", [300], "column 'level': 300..300 does not fit UInt8"),
        ("level", [1.5], "column 'level': not whole numbers"),
        ("level", [np.nan], "column 'level': not whole numbers"),
        ("level", ["four"], "column 'level': <U4 given, UInt8 needed"),
        ("segment_id", [7], "column 'segment_id': int given, text needed"),
        ("segment_id", ["\udc80"], "column 'segment_id': '\\\\udc80' cannot be written as UTF-8"),
        ("speed_kmh", [1.0, 2.0], "columns differ in length"),
        ("sped_kmh", [1.0], "no column 'sped_kmh'"),
    ],
)
def test_a_column_that_does_not_fit_is_named_and_nothing_is_stored(
    history: History, column: str, values: list[Any], problem: str
) -> None:
    with pytest.raises(StoreRejected, match=problem):
        history.insert("segment_indices", segment_rows(["s1"], [MONDAY]) | {column: values})
    assert history.query("select count() as n from segment_indices")["n"][0] == 0


def test_an_unknown_fate_is_refused(history: History) -> None:
    with pytest.raises(StoreRejected, match="'forgotten' is none of"):
        history.insert("observations", observation_rows([0], fate="forgotten"))


def test_a_missing_table_says_how_to_make_it(empty_history: History) -> None:
    with pytest.raises(StoreRejected, match="citybrain migrate"):
        empty_history.insert("segment_indices", segment_rows(["s1"], [MONDAY]))
    with pytest.raises(StoreRejected, match="citybrain migrate"):
        empty_history.query("select * from segment_indices")


def test_a_wrong_statement_is_refused_with_its_code_and_without_a_stack_trace(history: History) -> None:
    with pytest.raises(StoreRejected) as refused:
        history.query("select nosuch from observations")
    assert refused.value.code == 47
    assert "Stack trace" not in str(refused.value)
    assert len(str(refused.value)) < 700


def test_hundreds_of_days_go_in_at_once(history: History) -> None:
    days = 150
    rows = observation_rows(range(days), event_time=MONDAY + 86400 * np.arange(days))
    assert history.insert("observations", rows) == days
    assert history.query("select uniqExact(toYYYYMMDD(event_time)) as n from observations")["n"][0] == days


def test_many_threads_read_and_write_at_once(history: History) -> None:
    writers, readers, blocks = 3, 4, 10
    problems: list[BaseException] = []
    seen_most = [0] * readers

    def write(writer: int) -> None:
        for block in range(blocks):
            history.insert("segment_indices", segment_rows([f"s{writer}"], [MONDAY + 300 * block]))

    def read(reader: int) -> None:
        for _ in range(blocks):
            seen = int(history.query("select count() as n from segment_indices final")["n"][0])
            assert seen >= seen_most[reader]
            seen_most[reader] = seen

    tasks = [(write, i) for i in range(writers)] + [(read, i) for i in range(readers)]
    threads = [threading.Thread(target=_keeping(problems, task), args=(number,)) for task, number in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not problems
    assert history.query("select count() as n from segment_indices final")["n"][0] == writers * blocks


def test_a_question_of_five_seconds_keeps_nobody_waiting(history: History) -> None:
    problems: list[BaseException] = []
    asked, answered = threading.Event(), threading.Event()

    def ask_slowly() -> None:
        asked.set()
        history.query(SLEEPING_SQL, {"seconds": 5})
        answered.set()

    thread = threading.Thread(target=_keeping(problems, ask_slowly))
    thread.start()
    assert asked.wait(5)
    others = 0
    started = time.monotonic()
    while time.monotonic() - started < 2.0:
        history.insert("segment_indices", segment_rows(["s1"], [MONDAY + 300 * others]))
        history.query("select count() as n from segment_indices")
        others += 1
    slow_was_still_running = not answered.is_set()
    thread.join(30)

    assert not problems
    assert slow_was_still_running
    assert others >= 10


def test_a_question_that_takes_too_long_is_stopped(url: str) -> None:
    history = open_history(url, Limits(query_s=1))
    history.ensure_database()
    started = time.monotonic()
    with pytest.raises(StoreRejected) as refused:
        history.query(SLEEPING_SQL, {"seconds": 5})
    assert refused.value.code == 159
    assert time.monotonic() - started < 4
    assert history.query("select 1 as n", limit_s=10)["n"][0] == 1
    history.close()


def test_a_question_that_needs_too_much_memory_is_stopped_and_harms_nobody(url: str) -> None:
    history = open_history(url, Limits(memory_per_query_bytes=50_000_000))
    history.ensure_database()
    with pytest.raises(StoreRejected) as refused:
        history.query("select uniqExact(number) as n from (select number from system.numbers limit 20000000)")
    assert refused.value.code == 241
    assert history.query("select 1 as n")["n"][0] == 1
    history.close()


def test_readers_that_find_no_free_connection_are_told_so_while_writers_go_on(url: str) -> None:
    history = open_history(url, Limits(readers=1, wait_for_connection_s=0.2))
    migrate(history)
    thread = threading.Thread(target=lambda: history.query(SLEEPING_SQL, {"seconds": 2}))
    thread.start()
    with pytest.raises(StoreUnavailable, match="all 1 connections were busy"):
        _ask_until_refused(history, deadline=time.monotonic() + 5)
    history.execute("truncate table segment_indices")
    assert thread.is_alive()
    thread.join(30)
    history.close()


def test_closing_ends_a_running_question_and_refuses_later_ones(url: str) -> None:
    history = open_history(url)
    history.ensure_database()
    endings: list[BaseException] = []
    asked = threading.Event()

    def ask() -> None:
        asked.set()
        history.query(SLEEPING_SQL, {"seconds": 25})

    thread = threading.Thread(target=_keeping(endings, ask))
    thread.start()
    assert asked.wait(5)
    running = "select count() as n from system.processes where query like '%sleepEachRow%'"
    wait_until(lambda: int(history.query(running)["n"][0]) > 1, "the question under way beside this one")
    started = time.monotonic()
    history.close()
    thread.join(10)

    assert time.monotonic() - started < 3
    assert [type(ending) for ending in endings] == [StoreUnavailable]
    with pytest.raises(StoreUnavailable, match="closed"):
        history.query("select 1 as n")
    history.close()


def test_what_was_inserted_is_there_after_opening_again(url: str) -> None:
    history = open_history(url)
    migrate(history)
    history.insert("segment_indices", segment_rows(["s1", "s2"], [MONDAY]))
    history.close()

    again = open_history(url)
    assert again.query("select count() as n from segment_indices")["n"][0] == 2
    again.execute(f"drop database {again.database}")
    again.close()


def _ask_until_refused(history: History, deadline: float) -> None:
    while time.monotonic() < deadline:
        history.query("select 1 as n")


def _keeping(problems: list[BaseException], task: Callable[..., None]) -> Callable[..., None]:
    """`task` with what it raises kept, so that a thread fails its test."""

    def run(*arguments: object) -> None:
        try:
            task(*arguments)
        except BaseException as problem:
            problems.append(problem)

    return run


def _values_of(kind: str, rows: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """Values at and between the limits of a column type."""
    random = np.random.default_rng(seed)
    if is_text(kind):
        choices = list(enum_names(kind).values()) or AWKWARD_TEXTS
        texts = np.empty(rows, dtype=object)
        texts[:] = [choices[position % len(choices)] for position in range(rows)]
        return texts
    if plain_type(kind) == "DateTime":
        return MONDAY + 3600 * np.arange(rows)
    if plain_type(kind).startswith("Float"):
        values = random.normal(0, 1e6, rows).astype("f4" if kind == "Float32" else "f8")
        values[:3] = [np.nan, np.inf, -0.0]
        return values
    dtype = np.dtype(f"u{int(kind.removeprefix('UInt')) // 8}")
    values = random.integers(0, np.iinfo(dtype).max, rows, dtype=np.uint64).astype(dtype)
    values[:2] = [0, np.iinfo(dtype).max]
    return values
