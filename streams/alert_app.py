"""The alert worker: a Faust app that turns indices and observations into alert events.

It has a consumer group of its own and needs neither the wall nor the history while it runs. At a start, and
when it gets other partitions, it asks which alerts are open, beside the stream and until it is answered:
what was raised before then clears, and what was raised again meanwhile has no second id for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import faust
import structlog
from faust.types import StreamT, TopicT

from models.alert import CongestionRule
from models.alert_event import AlertEvent, encode_alert_event
from models.city import City
from models.diagnostics import DiagnosticRules
from models.errors import StoreRejected, StoreUnavailable
from streams.alert_partition import SegmentAlerts, SensorAlerts
from streams.batches import Batch, group_by_partition
from streams.broker import BrokerAddress
from streams.faust_app import batch_topic, declare_agent, new_app, raw_topic
from streams.topics import ALERTS, INDICES, OBSERVATIONS
from streams.transport import FetchedBatch, gathered

GROUP = "citybrain-alerts"
GATHER_INDICES_S = 0.1
GATHER_OBSERVATIONS_S = 1.0
LARGEST_GATHERING = 20_000
LONGEST_RETRY_S = 30.0

Recall = Callable[[], list[AlertEvent]]
"""The newest event of each alert that the history knows; may block, and raise what a history raises."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class AlertWorker:
    """The running state, for health and metrics: what is known of each assigned partition."""

    app: faust.App
    city: City
    partitions: int
    recall: Recall
    rules: DiagnosticRules
    rule: CongestionRule = field(default_factory=CongestionRule)
    segments: dict[int, SegmentAlerts] = field(default_factory=dict)
    sensors: dict[int, SensorAlerts] = field(default_factory=dict)
    told: int = 0

    remembered: list[AlertEvent] | None = None
    _asking: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Forget everything and ask the history anew: other partitions are ours now, or the same ones again,
        and what others told of them meanwhile is not known."""
        self.segments.clear()
        self.sensors.clear()
        self.remembered = None
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self.app.add_future(self._ask())

    async def _ask(self) -> None:
        """One answer for all partitions and both topics; asked again for as long as there is none."""
        silent = False
        while self.remembered is None:
            try:
                self.remembered = await asyncio.to_thread(self.recall)
            except (StoreUnavailable, StoreRejected) as error:
                if not silent:
                    log.warning("which alerts are open is not known yet", problem=str(error))
                silent = True
                await asyncio.sleep(min(getattr(error, "retry_after_s", LONGEST_RETRY_S), LONGEST_RETRY_S))
        log.info("open alerts recalled", alerts=len(self.remembered))

    def take_indices(self, batch: Batch) -> tuple[SegmentAlerts, list[AlertEvent]]:
        """What a batch of index records leads to."""
        state = self.segments.get(batch.partition)
        if state is None:
            state = self.segments[batch.partition] = SegmentAlerts(self.city, self.rule)
        return state, self._recalled(state) + state.take(batch)

    def take_observations(self, batch: Batch) -> tuple[SensorAlerts, list[AlertEvent]]:
        """What a batch of observations leads to."""
        state = self.sensors.get(batch.partition)
        if state is None:
            state = SensorAlerts(self.city, batch.partition, self.partitions, self.rules)
            self.sensors[batch.partition] = state
        return state, self._recalled(state) + state.take(batch)

    def _recalled(self, state: SegmentAlerts | SensorAlerts) -> list[AlertEvent]:
        if state.recalled or self.remembered is None:
            return []
        return state.recall(self.remembered)

    async def tell(self, alerts: TopicT, events: Sequence[AlertEvent]) -> None:
        """Send and wait until the broker has everything: only then may the batch be acknowledged."""
        sent = [await alerts.send(key=event.key, value=encode_alert_event(event)) for event in events]
        for pending in sent:
            await pending
        self.told += len(events)


def create_alert_app(
    broker: BrokerAddress, city: City, partitions: int, recall: Recall, rules: DiagnosticRules
) -> AlertWorker:
    """An app that evaluates INDICES and OBSERVATIONS and tells ALERTS."""
    app = new_app(GROUP, broker, partitions)
    worker = AlertWorker(app, city, partitions, recall, rules)
    alerts = raw_topic(app, ALERTS, partitions)

    async def watch_segments(stream: StreamT[FetchedBatch]) -> None:
        async for events in gathered(stream, LARGEST_GATHERING, GATHER_INDICES_S):
            for batch in group_by_partition(events):
                state, told = worker.take_indices(batch)
                await worker.tell(alerts, told)
                state.settle()

    async def watch_sensors(stream: StreamT[FetchedBatch]) -> None:
        async for events in gathered(stream, LARGEST_GATHERING, GATHER_OBSERVATIONS_S):
            for batch in group_by_partition(events):
                state, told = worker.take_observations(batch)
                await worker.tell(alerts, told)
                state.settle()

    declare_agent(app, batch_topic(app, INDICES, partitions), "watch_segments", watch_segments)
    declare_agent(app, batch_topic(app, OBSERVATIONS, partitions), "watch_sensors", watch_sensors)

    @app.on_partitions_assigned.connect
    async def begin(*_: object, **__: object) -> None:
        worker.start()

    return worker
