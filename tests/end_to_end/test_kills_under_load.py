"""Index workers killed at random moments while observations flow, as processes on a real Kafka."""

from __future__ import annotations

import signal
import statistics
import time
from pathlib import Path
from random import Random

import pytest

from streams.broker import BrokerAddress
from tests.end_to_end.processes import Running
from tests.end_to_end.trial import CATCH_UP_S, a_trial
from tests.waiting import wait_until


def kill(worker: Running) -> None:
    worker.process.kill()
    worker.process.wait()


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("kills", "segments", "observations", "for_s"),
    [(2, 500, 50_000, 30), pytest.param(20, 500, 1_000_000, 300, marks=pytest.mark.slow)],
)
def test_an_index_worker_killed_at_random_moments_loses_nothing_and_commits_nothing_too_early(
    kafka_broker: BrokerAddress, tmp_path: Path, kills: int, segments: int, observations: int, for_s: float
) -> None:
    random, turns_s = Random(5), []
    with a_trial(kafka_broker, tmp_path, segments, observations, for_s) as trial:
        worker = trial.start()
        trial.wait_for_news(worker)
        for number in range(kills):
            moment_s = random.uniform(0.0, 3.0)
            if number % 4 == 3:  # while it starts
                moment_s = random.uniform(0.0, 12.0)
            elif number:
                turns_s.append(trial.wait_for_news(worker))
            time.sleep(moment_s)
            kill(worker)
            trial.check_commits()
            worker = trial.start()
        assert not trial.log.complete, "killed while observations flow"
        trial.check_result()
    _print_turns(turns_s)


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("turns", "segments", "observations", "for_s"),
    [(1, 500, 25_000, 20), pytest.param(10, 500, 300_000, 240, marks=pytest.mark.slow)],
)
def test_two_index_workers_of_which_one_is_killed_and_another_joins_tell_what_one_would(
    kafka_broker: BrokerAddress, tmp_path: Path, turns: int, segments: int, observations: int, for_s: float
) -> None:
    random, turns_s = Random(6), []
    with a_trial(kafka_broker, tmp_path, segments, observations, for_s) as trial:
        workers = [trial.start(), trial.start()]
        trial.wait_for_news(*workers)
        for _ in range(turns):
            time.sleep(random.uniform(0.0, 3.0))
            kill(workers.pop(random.randrange(2)))
            trial.check_commits()
            workers.append(trial.start())
            turns_s.append(trial.wait_for_news(*workers))
        trial.check_result()
    _print_turns(turns_s)


@pytest.mark.kafka
def test_an_index_worker_asked_to_end_with_open_windows_ends_in_time_and_the_next_completes_them(
    kafka_broker: BrokerAddress, tmp_path: Path
) -> None:
    with a_trial(kafka_broker, tmp_path, 100, 10_000, 12) as trial:
        worker = trial.start()
        wait_until(trial.some_are_final, "a final window", CATCH_UP_S)
        worker.process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        assert worker.process.wait(10) == 0
        print(f"ended {time.monotonic() - asked:.1f} s after SIGTERM")  # noqa: T201
        trial.check_commits()
        assert len(trial.told.final_windows()) < len(trial.expected), "windows are open"
        trial.start()
        trial.check_result()


def _print_turns(turns_s: list[float]) -> None:
    if turns_s:
        longest, middle = max(turns_s), statistics.median(turns_s)
        print(f"taken over after {middle:.1f} s, at most {longest:.1f} s")  # noqa: T201
