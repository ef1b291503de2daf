"""`citybrain dead-letters`: a place names one record, also over many starts of the embedded broker."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import numpy as np
import pytest

from citybrain.command import main
from store.history import open_history
from store.migrate import migrate

TOPIC = "observations.traffic"
FIRST_LOG, SECOND_LOG = "3f1c0a7e55d14c62", "9b77e0c4a2f84d10"


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A history in which two starts refused another record at the same offset."""
    address = f"chdb:///{tmp_path}/history"
    history = open_history(address)
    migrate(history)
    payloads = [b"of the first start", b"of the second start", b"alone"]
    history.insert(
        "dead_letters",
        {
            "topic": [TOPIC] * 3,
            "partition_id": np.array([2, 2, 3]),
            "log_id": [FIRST_LOG, SECOND_LOG, SECOND_LOG],
            "offset": np.array([1842, 1842, 7]),
            "received_at": np.array([int(time.time()) - age_s for age_s in (90 * 86_400, 60, 30)]),
            "reason": ["malformed_json"] * 3,
            "detail": ["truncated"] * 3,
            "payload": [base64.b64encode(payload).decode() for payload in payloads],
        },
    )
    history.close()
    return address


def shown(address: str, place: str, capsysbinary: pytest.CaptureFixture[bytes]) -> tuple[int, bytes, str]:
    code = main(["dead-letters", "show", place, "--history", address])
    out, err = capsysbinary.readouterr()
    return code, out, err.decode()


def test_a_listed_place_shows_the_record_of_its_own_log(
    address: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["dead-letters", "list", "--days", "100", "--history", address]) == 0
    lines = capsysbinary.readouterr()[0].decode().splitlines()
    places = [line.split()[1] for line in lines if TOPIC in line]
    assert places == [f"{TOPIC}-3-7@9b77e0c4", f"{TOPIC}-2-1842@9b77e0c4", f"{TOPIC}-2-1842@3f1c0a7e"]
    found = [shown(address, place, capsysbinary)[:2] for place in places]
    assert found == [(0, b"alone\n"), (0, b"of the second start\n"), (0, b"of the first start\n")]


def test_without_its_log_a_place_must_be_the_only_one(
    address: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert shown(address, f"{TOPIC}-3-7", capsysbinary)[:2] == (0, b"alone\n")
    code, out, err = shown(address, f"{TOPIC}-2-1842", capsysbinary)
    assert (code, out) == (2, b"")
    assert f"{TOPIC}-2-1842@3f1c0a7e" in err
    assert f"{TOPIC}-2-1842@9b77e0c4" in err


@pytest.mark.parametrize("place", [f"{TOPIC}-2-1843", f"{TOPIC}-2-1842@ffff", "elsewhere-2-1842"])
def test_where_nothing_was_refused_it_says_so_and_exits_with_1(
    address: str, place: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, out, err = shown(address, place, capsysbinary)
    assert (code, out) == (1, b"")
    assert place in err


@pytest.mark.parametrize("place", ["nowhere", f"{TOPIC}-2", f"{TOPIC}-x-1", f"{TOPIC}-2-1842@"])
def test_what_is_no_place_is_wrong_input(
    address: str, place: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, _, err = shown(address, place, capsysbinary)
    assert code == 2
    assert "TOPIC-PARTITION-OFFSET@LOG" in err
