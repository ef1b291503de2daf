"""What only the embedded engine does: hold one directory in one process."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import CitybrainError, ConfigurationError, StoreUnavailable
from store.history import open_history
from store.migrate import migrate
from tests.store.rows import MONDAY, segment_rows
from tests.waiting import wait_until

_HOLD = """
import sys
from store.history import open_history
history = open_history("chdb://" + sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
history.close()
"""

_INSERT_UNTIL_KILLED = """
import sys
from store.history import open_history
from store.migrate import migrate
from tests.store.rows import MONDAY, segment_rows
history = open_history("chdb://" + sys.argv[1])
migrate(history)
for block in range(10**6):
    history.insert("segment_indices", segment_rows([f"s{i}" for i in range(50)], [MONDAY + 300 * block]))
    print(block, flush=True)
"""


_LEAVE_WHILE_BUSY = """
import sys, threading, time
from store.history import open_history
history = open_history("chdb://" + sys.argv[1])
slow = "select sum(cityHash64(number)) as n from numbers(100000000000)"
threading.Thread(target=lambda: history.query(slow), daemon=True).start()
while len(history.query("select query from system.processes")["query"]) < 2:
    pass
"""


def python(program: str, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_a_directory_that_another_process_holds_is_refused_naming_both(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with python(_HOLD, tmp_path) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(StoreUnavailable) as refused:
            open_history(f"chdb://{tmp_path}")
        assert str(tmp_path) in str(refused.value)
        assert f"PID: {holder.pid}" in str(refused.value)

        holder.stdin.write("\n")
    assert capfd.readouterr().err == ""
    open_history(f"chdb://{tmp_path}").close()


def test_a_second_directory_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    first = open_history(f"chdb://{tmp_path}/one")
    with pytest.raises(ConfigurationError, match=f"already holds the history {tmp_path}/one"):
        open_history(f"chdb://{tmp_path}/two")
    first.close()
    open_history(f"chdb://{tmp_path}/two").close()


def test_one_directory_is_shared_by_histories_of_one_process(tmp_path: Path) -> None:
    one, other = open_history(f"chdb://{tmp_path}"), open_history(f"chdb://{tmp_path}")
    migrate(one)
    one.insert("segment_indices", segment_rows(["s1"], [MONDAY]))
    one.close()
    assert other.query("select count() as n from segment_indices")["n"][0] == 1
    other.close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/file/history: cannot be made"):
        open_history(f"chdb://{tmp_path}/file/history")


def test_a_process_may_end_while_a_question_is_running(tmp_path: Path) -> None:
    with python(_LEAVE_WHILE_BUSY, tmp_path) as leaving:
        assert leaving.wait(20) == 0


def test_every_insert_that_returned_survives_a_kill(tmp_path: Path) -> None:
    with python(_INSERT_UNTIL_KILLED, tmp_path) as writer:
        assert writer.stdout is not None
        done = [int(writer.stdout.readline()) for _ in range(30)][-1]
        writer.kill()
        done = max([done, *map(int, writer.stdout.read().split())])

    history = open_history(f"chdb://{tmp_path}")
    windows = history.query(
        "select window_start, count() as n from segment_indices final group by window_start"
    )
    history.close()
    assert set(windows["n"].tolist()) == {50}
    assert len(windows["n"]) >= done + 1


def test_closing_ends_a_question_and_lets_an_insert_select_finish(tmp_path: Path) -> None:
    history, other = open_history(f"chdb://{tmp_path}"), open_history(f"chdb://{tmp_path}")
    history.execute("create table slow (n UInt64) engine = MergeTree order by n")
    insert = "insert into slow select number + sleepEachRow(0.1) from numbers(20) settings max_block_size = 1"
    question = "select sum(cityHash64(number)) as n from numbers(100000000000)"
    ended: dict[str, Exception | None] = {}

    def run(name: str, ask: Callable[[], object]) -> None:
        try:
            ask()
            ended[name] = None
        except CitybrainError as error:
            ended[name] = error

    threads = [
        threading.Thread(target=run, args=("insert", lambda: history.execute(insert))),
        threading.Thread(target=run, args=("question", lambda: history.query(question))),
    ]
    for thread in threads:
        thread.start()
    running = "select count() as n from system.processes where match(query, 'sleepEach|Hash64')"
    wait_until(lambda: other.query(running)["n"][0] >= 3, "both to run beside this question")
    history.close()
    for thread in threads:
        thread.join(20)
    assert ended["insert"] is None
    assert isinstance(ended["question"], CitybrainError)
    assert other.query("select count() as n from slow")["n"][0] == 20
    other.close()
