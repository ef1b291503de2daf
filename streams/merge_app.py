"""The merge worker: a Faust app that adds the partitions' area sums and publishes area indices."""

from __future__ import annotations

from dataclasses import dataclass, field

import faust
import msgspec
import structlog
from faust.types import StreamT

from models.area import areas_of
from models.area_record import decode_partials
from models.city import City
from models.index_columns import IndexRecord, encode_record, in_records, pack_columns
from models.merge import AreaMerger
from streams.batches import Batch, group_by_partition
from streams.broker import BrokerAddress
from streams.faust_app import batch_topic, declare_agent, new_app, raw_topic
from streams.in_order_acks import InOrderAcks
from streams.topics import AREA_INDICES, AREA_PARTIALS
from streams.transport import FetchedBatch, gathered

GROUP = "citybrain-merge"
GATHER_S = 0.05
"""Partitions tell within some milliseconds of each other, and a wall waits for what is added up here."""
LARGEST_GATHERING = 1000

log = structlog.get_logger()


@dataclass(slots=True)
class MergeWorker:
    """The running state. Offsets going backwards (a replay) start it afresh."""

    app: faust.App
    city: City
    partitions: int
    lateness_s: int
    log_id: str = ""
    merger: AreaMerger = field(init=False)
    acks: InOrderAcks = field(default_factory=InOrderAcks)
    refused: int = 0
    next_offset: int = -1

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Forget everything: what follows is read from the last commit again."""
        self.merger = AreaMerger(areas_of(self.city), self.partitions, self.lateness_s)
        self.acks, self.next_offset = InOrderAcks(), -1

    def take(self, batch: Batch) -> None:
        """Fold partial records, in offset order."""
        if batch.first_offset < self.next_offset:
            self.start()
        self.next_offset = batch.next_offset
        self.acks.hold(batch, max(self._take_one(payload) for payload in batch.payloads))

    def _take_one(self, payload: bytes) -> int:
        """Returns the end of the newest window the record speaks of, 0 for none."""
        try:
            record, partials = decode_partials(payload)
        except (msgspec.DecodeError, ValueError) as error:
            self.refused += 1
            log.warning("area partial refused", topic=AREA_PARTIALS.name, problem=str(error))
            return 0
        if record.city_id != self.city.city_id or record.areas != len(self.merger.areas):
            self.refused += 1
            log.warning("area partial of another city folder", city_id=record.city_id, areas=record.areas)
            return 0
        self.merger.take(record.partition, partials, record.watermark_ms, record.clock_ms, record.data_ms)
        return max((p.start_ms + p.window_s * 1000 for p in partials), default=0)

    def tell(self) -> list[bytes]:
        """The areas that changed, as records of AREA_INDICES."""
        columns = self.merger.collect(provisional=True)
        times = (self.merger.clock_ms, self.merger.data_ms, int(self.merger.watermark_ms.min()))
        counts = {"refused_partials": self.refused}
        return [
            encode_record(
                IndexRecord(
                    "area",
                    self.city.city_id,
                    0,
                    *times,
                    len(part["area_id"]),
                    pack_columns("area", part),
                    counts,
                    self.log_id,
                )
            )
            for part in in_records(columns, len(columns["area_id"]))
        ]

    def settle(self) -> int:
        """Acknowledge the records whose windows are final in every partition."""
        return self.acks.release(int(self.merger.watermark_ms.min()) - self.lateness_s * 1000)


def create_merge_app(broker: BrokerAddress, city: City, partitions: int, lateness_s: int) -> MergeWorker:
    """An app that merges AREA_PARTIALS of `partitions` into AREA_INDICES."""
    app = new_app(GROUP, broker, partitions)
    worker = MergeWorker(app, city, partitions, lateness_s, broker.log_id)
    partials = batch_topic(app, AREA_PARTIALS, partitions)
    area_indices = raw_topic(app, AREA_INDICES, partitions)

    async def merge(stream: StreamT[FetchedBatch]) -> None:
        async for events in gathered(stream, LARGEST_GATHERING, GATHER_S):
            for batch in group_by_partition(events):
                worker.take(batch)
            sent = [await area_indices.send(partition=0, value=record) for record in worker.tell()]
            for pending in sent:
                await pending
            worker.settle()

    declare_agent(app, partials, "merge", merge)

    @app.on_partitions_revoked.connect
    async def forget(*_: object, **__: object) -> None:
        worker.start()

    return worker
