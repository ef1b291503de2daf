"""The pages' questions to the history: away from the event loop, timed, counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ParamSpec, TypeVar

import numpy as np

from dashboard.asking import Question
from dashboard.metrics import WebMetrics
from dashboard.queries import Queries
from dashboard.readers import Columns, DayTypeOf, Readers, StoreHealth
from dashboard.series import epoch_seconds
from models.errors import CitybrainError

HEALTH_KEPT_S = 15.0
"""Every open health page asks each 20 s; one answer of the store serves them all."""

PROFILE_FIELDS = ("tpi_p10", "tpi_p50", "tpi_p90", "tti_p10", "tti_p50", "tti_p90", "speed_p50")

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class History:
    """The readers behind the bounded pool. Errors are those of the readers and QueriesBusy."""

    def __init__(
        self, readers: Readers, queries: Queries, day_type_of: DayTypeOf, metrics: WebMetrics
    ) -> None:
        self._readers, self._queries, self._metrics = readers, queries, metrics
        self.day_type_of = day_type_of
        self._health: asyncio.Task[StoreHealth] | None = None
        self._health_asked_at = 0.0

    async def windows(self, question: Question) -> Columns:
        """Windows of one place."""
        asked = (question.window_s, question.start, question.end)
        if question.kind == "segment":
            return await self._ask(self._readers.segment_history, question.place_id, *asked)
        return await self._ask(self._readers.area_history, question.kind, question.place_id, *asked)

    async def profile(self, kind: str, place_id: str, day: date) -> tuple[str, dict[str, list[Any]]]:
        """The day type of a local date and the typical day of that type, lists by slot."""
        day_type = self.day_type_of(day)
        columns = await self.profile_columns(kind, place_id, day_type)
        slots = [int(slot) for slot in columns["slot"]]
        return day_type, {"slot": slots, **{name: _listed(columns[name]) for name in PROFILE_FIELDS}}

    async def profile_columns(self, kind: str, place_id: str, day_type: str) -> Columns:
        """The typical day of a type."""
        return await self._ask(self._readers.typical_profile, kind, place_id, day_type)

    async def typical_at(self, kind: str, day_type: str, slot: int) -> Columns:
        """Typical values of every place of a kind at a slot of the day."""
        return await self._ask(self._readers.typical_at, kind, day_type, slot)

    async def alerts(self, start: datetime, end: datetime, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """The newest `limit` alert events, newest first, and whether there were more."""
        columns = dict(await self._ask(self._readers.alerts, start, end, limit + 1))
        columns["at"] = epoch_seconds(columns, "at").astype("datetime64[s]")
        names = list(columns)
        events = [
            {name: _plain(value) for name, value in zip(names, row, strict=True)}
            for row in zip(*columns.values(), strict=True)
        ]
        return events[:limit], len(events) > limit

    async def store_health(self) -> StoreHealth:
        """What the store says of itself and of its books, at most HEALTH_KEPT_S old.

        Whoever asks meanwhile waits for the same answer; an error is not kept.
        """
        kept, now = self._health, time.monotonic()
        failed = kept is not None and kept.done() and (kept.cancelled() or kept.exception() is not None)
        if kept is None or failed or (now - self._health_asked_at > HEALTH_KEPT_S and kept.done()):
            kept = self._health = asyncio.create_task(self._ask(self._readers.store_health))
            kept.add_done_callback(lambda task: task.cancelled() or task.exception())  # nobody may be left
            self._health_asked_at = now
        return await asyncio.shield(kept)

    async def _ask(
        self, question: Callable[Asked, Answer], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Answer:
        started = time.perf_counter()
        try:
            return await self._queries.ask(question, *args, **kwargs)
        except CitybrainError:
            self._metrics.query_failures.inc()
            raise
        finally:
            self._metrics.query_seconds.observe(time.perf_counter() - started)


def _listed(column: Any) -> list[float | None]:
    return [round(float(value), 3) if np.isfinite(value) else None for value in column]


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return np.datetime_as_string(value, unit="s") + "Z"
    if isinstance(value, np.generic):
        return value.item()
    return value
