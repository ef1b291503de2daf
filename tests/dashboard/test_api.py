"""What the API refuses and how, HEAD, and how many windows are missing."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.dashboard.a_server import Site, a_site, serving


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving(a_site()) as running:
        running.feed()
        yield running


def _ask(site: Site, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    assert site.server is not None
    connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("history?foo=1", "foo"),
        ("history?windows_s=60", "windows_s"),
        ("history?window_s=60&window_s=300", "window_s"),
        ("history?kind=city&kind=city", "kind"),
        ("typical?start=2026-01-01T00:00:00Z", "start"),
        ("alerts?kind=city", "kind"),
        ("latest?id=7", "id"),
        ("city?lang=en", "lang"),
        ("openapi.json?x", "x"),
    ],
)
def test_a_parameter_that_is_unknown_or_there_twice_is_named(site: Site, query: str, parameter: str) -> None:
    if query.endswith("?x"):
        query += "=1"
    for method in ("GET", "HEAD"):
        status, _, body = _ask(site, method, f"/api/v1/{query}")
        assert status == 400
        if method == "GET":
            error = json.loads(body)["error"]
            assert error["parameter"] == parameter
            assert error["problem"]


@pytest.mark.parametrize("name", ["city", "latest", "history", "typical", "alerts", "openapi.json"])
def test_head_answers_like_get_without_a_body(site: Site, name: str) -> None:
    status, headers, body = _ask(site, "HEAD", f"/api/v1/{name}")
    got = _ask(site, "GET", f"/api/v1/{name}")
    assert (status, body) == (200, b"")
    assert headers["content-type"] == got[1]["content-type"]
    assert int(headers["content-length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_answers_405_in_the_form_of_an_error(site: Site, method: str) -> None:
    status, headers, body = _ask(site, method, "/api/v1/latest")
    assert (status, headers["allow"], headers["content-type"]) == (405, "GET, HEAD", "application/json")
    assert json.loads(body)["error"] == {
        "parameter": "",
        "problem": f"{method} is not answered here; use GET",
    }


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/latest"])
def test_an_unknown_address_under_api_answers_404_in_the_form_of_an_error(site: Site, path: str) -> None:
    status, headers, body = _ask(site, "GET", path)
    assert (status, headers["content-type"]) == (404, "application/json")
    assert json.loads(body)["error"] == {"parameter": "", "problem": f"there is no {path}"}


def test_history_says_how_many_windows_are_there_and_how_many_are_missing(site: Site) -> None:
    query = "/api/v1/history?start=2026-01-01T00:00:00Z&end=2026-01-01T06:00:00Z"
    body = json.loads(_ask(site, "GET", query)[2])
    assert (body["found"], body["missing"]) == (60, 12)
    _, headers, _ = _ask(site, "GET", query + "&format=csv")
    assert (headers["x-found-windows"], headers["x-missing-windows"]) == ("60", "12")


def test_a_range_without_any_data_misses_all_of_its_windows(site: Site) -> None:
    query = "/api/v1/history?start=2026-01-01T03:00:00Z&end=2026-01-01T04:00:00Z"
    body = json.loads(_ask(site, "GET", query)[2])
    assert (body["found"], body["missing"]) == (0, 12)
