"""What the archive keeps of a batch, and that windows come back from it."""

from __future__ import annotations

import numpy as np

from models.area import areas_of
from models.index_columns import Columns
from models.partition_index import PartitionIndex
from models.window import PartitionWindows, TimeRules
from streams.archive_partition import ArchivePartition, archived_columns
from tests.models.builders import NOON_MS, a_city, a_clock, an_observation, columns_of
from tests.streams.test_index_partition import a_batch, events

CITY = a_city()


def an_archive() -> ArchivePartition:
    return ArchivePartition(
        0, "log-1", CITY, lambda _p, _o: PartitionWindows(len(CITY.segments), TimeRules())
    )


def test_every_accepted_record_is_a_row_with_its_fate_and_the_books_balance() -> None:
    archive = an_archive()
    probe = b'{"vehicle_id":"p1","segment_id":"s2","event_time":"2026-03-02T04:00:10Z","speed_kmh":12}'
    rows, accounting = archive.take(
        a_batch(
            events(
                a_clock(NOON_MS),
                an_observation(),
                b"{",
                an_observation(),
                probe,
                an_observation("s1-0", NOON_MS - 86_400_000),
                an_observation("s1-0", NOON_MS + 86_400_000),
                first_offset=10,
            )
        )
    )
    assert list(rows["fate"]) == ["counted", "duplicate", "counted", "late"]
    assert list(np.asarray(rows["offset"])) == [11, 13, 14, 15]
    assert list(rows["sensor_id"]) == ["s0-0", "s0-0", "", "s1-0"]
    books = {name: int(np.asarray(column)[0]) for name, column in accounting.items() if name in _NUMBERS}
    assert books == {
        "first_offset": 10,
        "next_offset": 17,
        "stored": 4,
        "counted": 2,
        "duplicate": 1,
        "late": 1,
        "dead": 2,
        "clock": 1,
    }


_NUMBERS = {"first_offset", "next_offset", "stored", "counted", "duplicate", "late", "dead", "clock"}


def test_windows_rebuilt_from_the_archive_equal_the_live_ones() -> None:
    records = [
        an_observation("s0-0", speed_kmh=33.37, flow_veh=7),
        an_observation("s1-0", speed_kmh=None, flow_veh=0),
        an_observation("s2-0", speed_kmh=12.3, flow_veh=None, occupancy_pct=None),
        an_observation("s0-0", NOON_MS + 60_000, speed_kmh=51.99),
    ]
    archive = an_archive()
    rows, _ = archive.take(a_batch(events(*records)))
    live, rebuilt = (PartitionIndex(CITY, areas_of(CITY)) for _ in range(2))
    live.fold(columns_of(records, CITY))
    rebuilt.fold(archived_columns(_as_read(rows), CITY))
    for a, b in zip(live.windows.collect(True), rebuilt.windows.collect(True), strict=True):
        np.testing.assert_array_equal(a.window.sums, b.window.sums)


def test_after_a_restart_a_repetition_is_still_known_as_one() -> None:
    archive = an_archive()
    rows, _ = archive.take(a_batch(events(an_observation())))

    def remember(_partition: int, _first_offset: int) -> PartitionWindows:
        windows = PartitionWindows(len(CITY.segments), TimeRules())
        windows.fold(archived_columns(_as_read(rows), CITY))
        return windows

    restarted = ArchivePartition(0, "log-1", CITY, remember)
    again, _ = restarted.take(a_batch(events(an_observation(), first_offset=1)))
    assert list(again["fate"]) == ["duplicate"]


def test_rows_of_places_that_left_the_city_folder_are_left_out() -> None:
    rows, _ = an_archive().take(a_batch(events(an_observation("s3-0"))))
    assert len(archived_columns(_as_read(rows), a_city(segments=3))) == 0


def _as_read(rows: Columns) -> dict[str, np.ndarray]:
    return {name: np.asarray(column) for name, column in rows.items()}
