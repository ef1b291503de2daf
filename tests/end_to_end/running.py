"""The stages of the stream inside a test's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from citybrain.stages import archive_stage, index_stage, merge_stage
from config.settings import Settings
from models.city import City
from store.history import History
from streams.archive_app import ArchiveWorker
from streams.broker import BrokerAddress
from streams.index_app import IndexWorker
from streams.merge_app import MergeWorker


@dataclass(frozen=True)
class Stages:
    """The three workers while they run."""

    index: IndexWorker
    merge: MergeWorker
    archive: ArchiveWorker


@asynccontextmanager
async def running_stages(
    settings: Settings, broker: BrokerAddress, city: City, history: History
) -> AsyncIterator[Stages]:
    """Index, merge and archive on one broker and one history, until the end of the block."""
    stages = Stages(
        index_stage(settings, broker, city, None),
        merge_stage(settings, broker, city),
        archive_stage(settings, broker, city, history),
    )
    apps = [stages.index.app, stages.merge.app, stages.archive.app]
    await asyncio.gather(*(app.start() for app in apps))
    try:
        yield stages
    finally:
        await asyncio.gather(*(app.stop() for app in apps))
