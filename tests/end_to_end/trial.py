"""A log that flows onto a real Kafka, the index workers that read it, and what they are to tell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.city_writing import write_city
from streams.broker import BrokerAddress
from streams.topics import partition_counts
from tests.end_to_end.flowing_log import FlowingLog, ManyObservations
from tests.end_to_end.processes import Running, running_command
from tests.end_to_end.told_windows import (
    Rows,
    ToldWindows,
    final_windows_of_a_backtest,
    first_offsets_still_needed,
)
from tests.models.builders import a_city
from tests.waiting import wait_until

PARTITIONS = 4
CATCH_UP_S = 60.0
LONGEST_TURN_S = 25.0
"""From a kill to the first word of whoever takes over: a session, a start, a rebalance."""


@dataclass
class Trial:
    """One log and one result."""

    folder: Path
    settings: dict[str, str]
    log: FlowingLog
    told: ToldWindows
    expected: Rows
    stack: ExitStack

    def start(self) -> Running:
        """An index worker."""
        words = ("worker", "index", "--no-ticker")
        return self.stack.enter_context(running_command(self.folder, *words, **self.settings))

    def wait_for_news(self, *needed: Running) -> float:
        """Until something new is told; the seconds that it took."""
        started, known = time.monotonic(), self.told.read()
        wait_until(
            lambda: all([each.alive() for each in needed]) and self.told.read() > known,
            "news from an index worker",
            LONGEST_TURN_S,
        )
        return time.monotonic() - started

    def some_are_final(self) -> bool:
        """Whether a final window was told."""
        self.told.read()
        return len(self.told.final_windows()) > 0

    def is_complete(self) -> bool:
        """Whether every final window was told."""
        self.told.read()
        return len(self.told.final_windows()) == len(self.expected)

    def check_commits(self) -> None:
        """No commit lies beyond what the final windows allow."""
        committed = self.told.committed()
        self.told.read()
        needed = first_offsets_still_needed(self.log, self.told.final_windows(), self.expected)
        beyond = [place for place in zip(committed, needed, strict=True) if place[0] > place[1]]
        assert not beyond, f"committed and still needed: {beyond}"

    def check_result(self) -> None:
        """Every final window is told and equal to the backtest, to the bit."""
        self.log.hurry()
        wait_until(lambda: self.log.complete, "the end of the log", CATCH_UP_S)
        wait_until(self.is_complete, "every final window", CATCH_UP_S)
        assert self.told.final_windows().tobytes() == self.expected.tobytes()


@contextmanager
def a_trial(
    broker: BrokerAddress, folder: Path, segments: int, observations: int, for_s: float
) -> Iterator[Trial]:
    city = a_city(segments)
    write_city(city, folder / "city")
    broker.create_topics(partition_counts(PARTITIONS))
    made = ManyObservations(city, observations // segments)
    expected = final_windows_of_a_backtest(city, PARTITIONS, made.records())
    settings = {
        "CITYBRAIN_CITY": str(folder / "city"),
        "CITYBRAIN_BROKER": broker.bootstrap,
        "CITYBRAIN_PARTITIONS": str(PARTITIONS),
    }
    log = FlowingLog(broker.bootstrap, made, PARTITIONS)
    told = ToldWindows(broker.bootstrap, city, PARTITIONS)
    with ExitStack() as stack:
        stack.callback(told.close)
        stack.enter_context(log.flowing(for_s))
        yield Trial(folder, settings, log, told, expected, stack)
