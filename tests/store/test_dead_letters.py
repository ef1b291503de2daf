"""One refused record by its place, on both engines."""

from __future__ import annotations

from store.dead_letters import dead_letters_at
from store.history import History

DAY = 1_772_409_600


def test_a_place_is_one_record_per_log_and_once_however_often_it_was_inserted(history: History) -> None:
    for _ in range(2):
        history.insert(
            "dead_letters",
            {
                "topic": ["observations.traffic"] * 3,
                "partition_id": [2, 2, 2],
                "log_id": ["ab-1", "cd-1", "ab-1"],
                "offset": [7, 7, 8],
                "received_at": [DAY + 1, DAY, DAY],
                "reason": ["not_finite"] * 3,
                "detail": ["speed_kmh is nan"] * 3,
                "payload": ["b25l", "dHdv", "dGhyZWU="],
            },
        )

    def payloads(offset: int, log: str) -> list[str]:
        return [str(p) for p in dead_letters_at(history, "observations.traffic", 2, offset, log)["payload"]]

    assert payloads(7, "ab") == ["b25l"]
    assert payloads(7, "") == ["dHdv", "b25l"], "oldest first"
    assert payloads(7, "b") == []
    assert payloads(9, "") == []
