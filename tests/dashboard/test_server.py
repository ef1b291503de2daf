"""The web surface over a real socket: probes, the stream, the API and its refusals."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from dashboard.metrics import METRICS
from dashboard.readers import Columns
from dashboard.server import WebServer, create_app
from models.errors import ConfigurationError, StoreUnavailable
from tests.dashboard.a_picture import every_day_a_workday
from tests.dashboard.a_server import Site, SteadyHistory, a_site, fed, serving
from tests.waiting import wait_until


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(a_site()) as running:
        yield running


def _get(site: Site, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urlopen(Request(site.address + path, headers=headers), timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def _json(site: Site, path: str) -> Any:
    status, _, body = _get(site, path)
    assert status == 200, body
    return json.loads(body)


class _Stream:
    """One open `/stream`; `events` is read line by line."""

    def __init__(self, site: Site, **headers: str) -> None:
        assert site.server is not None
        self.connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=20)
        self.connection.request("GET", "/stream", headers=headers)
        self.answer = self.connection.getresponse()

    def event(self) -> dict[str, str]:
        """The next event with its fields; the `retry` line counts as one."""
        fields: dict[str, str] = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and fields:
                return fields
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value

    def snapshot(self) -> dict[str, Any]:
        while True:
            event = self.event()
            if event.get("event") == "snapshot":
                return {**json.loads(event["data"]), "event_id": event["id"]}

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def test_a_process_is_alive_before_it_is_ready_and_ready_with_the_first_observation(site: Site) -> None:
    assert _get(site, "/livez")[0] == 200
    status, _, body = _get(site, "/readyz")
    assert status == 503
    assert json.loads(body)["reasons"] == ["no observation has arrived yet"]
    site.feed()
    wait_until(lambda: _get(site, "/readyz")[0] == 200, "ready")
    assert json.loads(_get(site, "/readyz")[2]) == {"ready": True, "reasons": [], "state": "live"}


def test_latest_is_byte_for_byte_what_the_stream_pushes(site: Site) -> None:
    with fed(site):
        stream = _Stream(site)
        pushed = stream.snapshot()
        event_id = pushed.pop("event_id")
        assert int(event_id) == pushed["id"]
        latest = _json(site, "/api/v1/latest")
        while latest["id"] > pushed["id"]:
            pushed = stream.snapshot()
            pushed.pop("event_id")
        assert pushed == latest
        stream.close()


def test_the_stream_ticks_every_second_with_growing_ids(site: Site) -> None:
    with fed(site):
        stream = _Stream(site)
        assert stream.event() == {"retry": "2000"}
        times, ids = [], []
        for _ in range(4):
            ids.append(stream.snapshot()["id"])
            times.append(time.monotonic())
        stream.close()
    assert ids == list(range(ids[0], ids[0] + 4))
    assert max(b - a for a, b in pairwise(times[1:])) < 1.5


def test_one_tick_reaches_every_reader_and_is_encoded_once(site: Site) -> None:
    with fed(site):
        streams = [_Stream(site) for _ in range(20)]
        wanted = max(stream.snapshot()["id"] for stream in streams) + 2
        seen = []
        for stream in streams:
            snapshot = stream.snapshot()
            while snapshot["id"] < wanted:
                snapshot = stream.snapshot()
            seen.append(snapshot)
            stream.close()
    assert all(snapshot == seen[0] for snapshot in seen)


def test_a_reader_names_the_tick_it_has_when_it_returns(site: Site) -> None:
    site.feed()
    stream = _Stream(site)
    newest = stream.snapshot()
    stream.close()
    again = _Stream(site, **{"Last-Event-ID": str(newest["id"])})
    assert again.snapshot()["id"] > newest["id"]
    again.close()


@pytest.mark.parametrize("header", ["", "x", "-1", "9" * 400, "１"])
def test_a_last_event_id_that_is_none_is_no_error(site: Site, header: str) -> None:
    site.feed()
    stream = _Stream(site, **{"Last-Event-ID": header.encode().decode("latin-1")})
    assert stream.snapshot()["id"]
    stream.close()


def test_a_reader_that_never_reads_holds_up_nobody(site: Site) -> None:
    with fed(site):
        idle = socket.create_connection(("127.0.0.1", int(site.address.rpartition(":")[2])))
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        idle.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        stream = _Stream(site)
        before = time.monotonic()
        for _ in range(4):
            stream.snapshot()
        assert time.monotonic() - before < 5
        stream.close()
        idle.close()


def test_a_five_second_query_delays_no_tick() -> None:
    history = SteadyHistory(a_site().city)
    with serving(a_site(readers=history)) as site, fed(site):
        stream = _Stream(site)
        stream.snapshot()
        history.open.clear()
        answers: list[int] = []
        slow = [
            threading.Thread(target=lambda: answers.append(_get(site, "/api/v1/history")[0]))
            for _ in range(8)
        ]
        for thread in slow:
            thread.start()
        wait_until(lambda: site.metrics.query_seconds._sum.get() >= 0, "queries under way")
        began, times = time.monotonic(), [time.monotonic()]
        while times[-1] - began < 5:
            stream.snapshot()
            times.append(time.monotonic())
            assert _get(site, "/livez")[0] == 200
        assert answers == []
        history.open.set()
        for thread in slow:
            thread.join()
        stream.close()
    assert answers == [200] * 8
    spacing = [b - a for a, b in pairwise(times[1:])]
    assert max(spacing) < 1.6
    assert len(times) >= 5


def test_more_queries_than_may_wait_are_refused_at_once() -> None:
    history = SteadyHistory(a_site().city)
    with serving(a_site(readers=history)) as site:
        history.open.clear()
        answers: list[int] = []
        asking = [
            threading.Thread(target=lambda: answers.append(_get(site, "/api/v1/alerts")[0]))
            for _ in range(60)
        ]
        for thread in asking:
            thread.start()
        wait_until(lambda: answers.count(503) == 60 - 36, "refusals")
        history.open.set()
        for thread in asking:
            thread.join()
    assert sorted(set(answers)) == [200, 503]


def test_history_answers_windows_and_leaves_holes_open(site: Site) -> None:
    body = _json(
        site, "/api/v1/history?kind=city&id=tiny&start=2026-01-01T00:00:00Z&end=2026-01-01T06:00:00Z"
    )
    windows = body["windows"]
    assert (body["kind"], body["window_s"], body["synthetic"]) == ("city", 300, True)
    assert len(windows["window_start"]) == 60
    assert windows["window_start"][0] == "2026-01-01T00:00:00Z"
    assert "2026-01-01T03:30:00Z" not in windows["window_start"]
    assert set(windows["status"]) == {"final"}


def test_history_as_csv_has_the_same_windows(site: Site) -> None:
    query = "kind=segment&id=s1&start=2026-01-01T00:00:00Z&end=2026-01-01T01:00:00Z"
    status, headers, body = _get(site, f"/api/v1/history?{query}&format=csv")
    lines = body.decode().splitlines()
    assert status == 200
    assert headers["content-type"].startswith("text/csv")
    assert "segment_s1_20260101T0000.csv" in headers["content-disposition"]
    assert lines[0].startswith("place,window_start,status,")
    assert len(lines) == 13
    assert lines[1].split(",")[:3] == ["s1", "2026-01-01T00:00:00Z", "final"]


def test_the_typical_day_is_told_with_its_type(site: Site) -> None:
    body = _json(site, "/api/v1/typical?kind=city&id=tiny&date=2026-01-01")
    assert body["day_type"] == "workday"
    assert len(body["slot"]) == len(body["tpi_p50"]) == 288


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("history?kind=planet", "kind"),
        ("history?kind=district&id=nowhere", "id"),
        ("history?kind=segment", "id"),
        ("history?window_s=7", "window_s"),
        ("history?window_s=many", "window_s"),
        ("history?start=yesterday", "start"),
        ("history?start=2026-01-01T00:00:00", "start"),
        ("history?start=9999-12-31T23:59:59Z", "start"),
        ("history?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "start"),
        ("history?start=2001-01-01T00:00:00Z&window_s=60", "start"),
        ("history?end=NaN", "end"),
        ("history?format=xml", "format"),
        ("history?id=" + quote("'; drop table observations --"), "id"),
        ("typical?date=01.02.2026", "date"),
        ("alerts?start=2020-01-01T00:00:00Z&end=2026-01-01T00:00:00Z", "start"),
    ],
)
def test_a_wrong_parameter_is_named(site: Site, query: str, parameter: str) -> None:
    status, _, body = _get(site, f"/api/v1/{query}")
    error = json.loads(body)["error"]
    assert (status, error["parameter"]) == (400, parameter)
    assert error["problem"]


def test_alerts_are_listed_newest_first_with_times_like_everywhere_else(site: Site) -> None:
    asked = "start=2026-01-01T00:00:00Z&end=2026-01-01T00:02:00Z"
    assert _json(site, f"/api/v1/alerts?{asked}") == {
        "alerts": [
            {"alert_id": "a1767225660", "kind": "incident", "severity": 2, "at": "2026-01-01T00:01:00Z"},
            {"alert_id": "a1767225600", "kind": "incident", "severity": 2, "at": "2026-01-01T00:00:00Z"},
        ],
        "truncated": False,
    }


def test_a_range_with_too_many_alerts_answers_the_newest_and_says_so(site: Site) -> None:
    body = _json(site, "/api/v1/alerts?start=2026-01-01T00:00:00Z&end=2026-01-08T00:00:00Z")
    assert body["truncated"] is True
    assert len(body["alerts"]) == 10_000
    assert body["alerts"][0]["at"] == "2026-01-07T23:59:00Z"


def test_what_the_store_says_when_it_is_away_is_for_the_log_and_not_for_clients() -> None:
    class _Away(SteadyHistory):
        def alerts(self, start: datetime, end: datetime, limit: int) -> Columns:
            raise StoreUnavailable("clickhouse://10.1.2.3:9000/city", "/srv/secret: refused", 7.0)

    city = a_site().city
    with serving(a_site(city, _Away(city))) as site:
        status, headers, body = _get(site, "/api/v1/alerts")
    assert (status, headers["retry-after"]) == (503, "7")
    assert json.loads(body) == {
        "error": {"parameter": "", "problem": "the history cannot answer now; try again later"}
    }


def test_the_city_is_sent_once_and_then_not_modified(site: Site) -> None:
    status, headers, body = _get(site, "/api/v1/city")
    city = json.loads(body)
    assert status == 200
    assert [segment["id"] for segment in city["segments"]] == [f"s{i}" for i in range(6)]
    wait_until(lambda: site.hub.snapshot, "a tick")
    assert site.hub.snapshot is not None
    assert city["order"] == site.hub.snapshot.segments.order
    assert _get(site, "/api/v1/city", **{"If-None-Match": headers["etag"]})[0] == 304


def test_the_api_describes_itself(site: Site) -> None:
    paths = _json(site, "/api/v1/openapi.json")["paths"]
    names = ("city", "latest", "history", "typical", "alerts")
    assert set(paths) == {f"/api/v1/{name}" for name in names}


def test_metrics_are_those_that_are_documented(site: Site) -> None:
    wait_until(lambda: site.hub.snapshot, "a tick")
    text = _get(site, "/metrics")[2].decode()
    told = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")}
    told = {name: kind for name, kind in told.items() if not name.endswith("_created")}
    assert told == {name: kind for name, (kind, _) in METRICS.items()}


def test_an_address_that_is_no_page_is_not_found(site: Site) -> None:
    assert _get(site, "/wp-login.php")[0] == 404
    assert _get(site, "/api/v1/nothing")[0] == 404


@pytest.mark.parametrize("path", ["/", "/wall", "/analyst", "/health"])
def test_every_page_brings_its_scripts_whichever_is_asked_first(site: Site, path: str) -> None:
    status, headers, body = _get(site, path)
    assert status == 200
    assert b"assets/live.js" in body
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]


def test_a_page_asks_nothing_of_other_hosts(site: Site) -> None:
    body = _get(site, "/wall")[2].decode()
    assert "http://" not in body
    assert "https://" not in body


def test_the_server_stops_within_two_seconds_with_streams_open() -> None:
    site = a_site()
    with serving(site), fed(site):
        streams = [_Stream(site) for _ in range(3)]
        for stream in streams:
            stream.snapshot()
        began = time.monotonic()
        site.stop()
        assert time.monotonic() - began < 2
        for stream in streams:
            assert b"snapshot" in stream.answer.read() or stream.answer.isclosed()
            stream.close()


def test_a_port_that_is_taken_is_named(site: Site) -> None:
    web = create_app(site.city, site.hub, site.readers, day_type_of=every_day_a_workday, metrics=site.metrics)
    with pytest.raises(ConfigurationError, match="port"):
        WebServer(web, "127.0.0.1", int(site.address.rpartition(":")[2]))


def test_a_server_that_ends_by_itself_tells_its_owner_and_one_that_is_stopped_does_not(site: Site) -> None:
    told = threading.Event()
    web = create_app(site.city, site.hub, site.readers, day_type_of=every_day_a_workday, metrics=site.metrics)
    stopped = WebServer(web, "127.0.0.1", 0, on_failure=told.set)
    stopped.start()
    stopped.stop()
    assert not told.is_set()

    async def refuse_to_start(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no room"})

    broken = WebServer(replace(web, asgi=refuse_to_start), "127.0.0.1", 0, on_failure=told.set)
    broken.start()
    assert told.wait(10)
    broken.stop()
