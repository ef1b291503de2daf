"""Questions to the history: shared where they may be, counted for as long as they run."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dashboard.queries import Queries, QueriesBusy
from dashboard.questions import History
from dashboard.readers import StoreHealth
from models.errors import StoreUnavailable
from tests.dashboard.a_picture import every_day_a_workday
from tests.dashboard.a_server import SteadyHistory, a_site
from tests.waiting import wait_until


def test_pages_share_one_answer_about_the_store_for_a_while() -> None:
    async def ask(history: History, readers: SteadyHistory) -> None:
        first = await asyncio.gather(*(history.store_health() for _ in range(5)))
        assert await history.store_health() == first[0]
        assert readers.health_questions == 1

    site = a_site()
    readers = SteadyHistory(site.city)
    queries = Queries(2)
    asyncio.run(ask(History(readers, queries, every_day_a_workday, site.metrics), readers))
    queries.close()


def test_a_store_that_did_not_answer_is_asked_again() -> None:
    class _AwayAtFirst(SteadyHistory):
        def store_health(self) -> StoreHealth:
            health = super().store_health()
            if self.health_questions == 1:
                raise StoreUnavailable("history", "restarting")
            return health

    async def ask(history: History) -> None:
        with pytest.raises(StoreUnavailable):
            await history.store_health()
        assert (await history.store_health()).engine == "chDB"

    site = a_site()
    queries = Queries(2)
    asyncio.run(ask(History(_AwayAtFirst(site.city), queries, every_day_a_workday, site.metrics)))
    queries.close()


def test_a_question_that_nobody_waits_for_any_more_still_counts_while_it_runs() -> None:
    going_on = threading.Event()

    async def give_up(queries: Queries) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queries.ask(going_on.wait), 0.1)
        assert queries.under_way == 1
        with pytest.raises(QueriesBusy):
            await queries.ask(going_on.is_set)

    queries = Queries(threads=1, waiting=0)
    asyncio.run(give_up(queries))
    going_on.set()
    wait_until(lambda: queries.under_way == 0, "the question to end")
    queries.close()
