"""The pages in a real browser: colours, clipping, lost and healed connections, a phone."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route

from dashboard.colour import LEVEL_COLOURS, SURFACE_COLOURS
from dashboard.snapshot import TypicalPlace
from models.city import City
from tests.dashboard.a_browser import keep_picture, open_page, until
from tests.dashboard.a_picture import a_city, area_record, encoded, every_area, segment_record
from tests.dashboard.a_server import Site, a_site, fed, serving

pytestmark = pytest.mark.browser

DRAWN = "document.querySelector('#map') && Number(document.querySelector('#map').dataset.coloured) > 0"
STATE = "document.querySelector('#wall') && document.querySelector('#wall').dataset.state"
PANELS = """
  [...document.querySelectorAll(
    '#wall .panel, #wall h1, #wall h2, .wall-clock, .legend, .corridor-row, .wall-footer')]
    .map((e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })
"""
CLIPPED = """
  [...document.querySelectorAll(
    '#wall h1, #wall h2, .word, .value, .delta, .legend, .wall-footer, .wall-header, .row-name')]
    .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight * 1.35 + 2)
    .map((e) => e.className + ': ' + e.textContent)
"""
COLOUR_COUNT = """
  (wanted) => {
    const canvas = document.querySelector('#map canvas'), pen = canvas.getContext('2d');
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(wanted.slice(i, i + 2), 16));
    let count = 0;
    for (let i = 0; i < pixels.length; i += 4)
      if (Math.abs(pixels[i] - r) + Math.abs(pixels[i + 1] - g) + Math.abs(pixels[i + 2] - b) < 12
          && pixels[i + 3] > 200) count += 1;
    return count;
  }
"""
HALO_PIXELS = """
  (map) => {
    const canvas = document.querySelectorAll('#map canvas')[1], pen = canvas.getContext('2d');
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(map.slice(i, i + 2), 16));
    const counts = [0, 0];
    for (let i = 0; i < pixels.length; i += 4)
      if (Math.abs(pixels[i] - r) + Math.abs(pixels[i + 1] - g) + Math.abs(pixels[i + 2] - b) < 12
          && pixels[i + 3] > 100) counts[pixels[i + 3] > 200 ? 0 : 1] += 1;
    return counts;
  }
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(a_site()) as running, fed(running):
        yield running


def test_the_wall_shows_coloured_segments_numbers_and_their_age(browser: Browser, site: Site) -> None:
    began = time.monotonic()
    page, wrong = open_page(browser, f"{site.address}/wall")
    until(page, DRAWN)
    assert time.monotonic() - began < 15
    until(page, "Number(document.querySelector('#trend').dataset.points) > 0")
    assert page.inner_text("#index-value") == "4.2"
    assert page.get_attribute("#map", "data-coloured") == "6"
    assert page.inner_text("#state-word") == "实时"
    assert "前" in page.inner_text("#data-age")
    assert page.evaluate(COLOUR_COUNT, LEVEL_COLOURS["night"][3]) > 500
    site_rows = page.locator(".corridor-row:not(.empty)")
    assert site_rows.count() == 2
    keep_picture(page, "wall")
    assert wrong == []


def test_the_colours_follow_the_stream(browser: Browser) -> None:
    with serving(a_site()) as site:
        site.feed(travel_time_index=1.0)
        page, _ = open_page(browser, f"{site.address}/wall")
        until(page, DRAWN)
        assert page.evaluate(COLOUR_COUNT, LEVEL_COLOURS["night"][5]) == 0
        site.feed(travel_time_index=5.0, index=8.4)
        until(page, "document.querySelector('#map').dataset.congested === '6'")
        assert page.evaluate(COLOUR_COUNT, LEVEL_COLOURS["night"][5]) > 500
        until(page, "document.querySelector('#index-value')?.textContent === '8.4'")


def test_four_k_is_the_same_picture_at_twice_the_size(browser: Browser, site: Site) -> None:
    shapes: list[list[list[float]]] = []
    for scale in (1, 2):
        page, _ = open_page(browser, f"{site.address}/wall", 1920 * scale, 1080 * scale)
        until(page, DRAWN)
        page.evaluate("document.fonts.ready")
        shapes.append(page.evaluate(PANELS))
        keep_picture(page, f"wall_{1080 * scale}")
        page.close()
    small, large = shapes
    assert len(small) == len(large) > 20
    assert (
        max(abs(2 * a - b) for s, g in zip(small, large, strict=True) for a, b in zip(s, g, strict=True))
        <= 1.5
    )


@pytest.mark.parametrize("language", ["zh", "en", "both"])
@pytest.mark.parametrize("theme", ["night", "day"])
def test_nothing_on_the_wall_is_clipped(browser: Browser, site: Site, language: str, theme: str) -> None:
    page, wrong = open_page(browser, f"{site.address}/wall?lang={language}&theme={theme}")
    until(page, DRAWN)
    until(page, "document.querySelector('#foot-lag').textContent !== ''")
    assert page.evaluate(CLIPPED) == []
    assert "undefined" not in page.inner_text("#wall")
    assert wrong == []


def test_a_lost_server_is_shown_within_ten_seconds_and_heals_by_itself(browser: Browser) -> None:
    site = a_site()
    with serving(site), fed(site):
        page, _ = open_page(browser, f"{site.address}/wall")
        until(page, DRAWN)
        page.evaluate("window.sameDocument = true")
        assert site.server is not None
        port = site.server.port
        site.stop()
        began = time.monotonic()
        until(page, f"{STATE} === 'lost'", 15)
        assert 5 < time.monotonic() - began < 9.5
        assert page.is_visible("#banner")
        assert "与服务器断开" in page.inner_text("#banner")
        assert "画面为" in page.inner_text("#banner")
        assert page.evaluate("getComputedStyle(document.querySelector('#frame')).borderTopWidth") != "0px"
        assert page.evaluate(COLOUR_COUNT, LEVEL_COLOURS["night"][3]) > 500
        keep_picture(page, "wall_lost")
        site.start(port)
        began = time.monotonic()
        until(page, f"{STATE} === 'live'", 20)
        assert time.monotonic() - began < 15
        assert page.evaluate("window.sameDocument") is True
        assert not page.is_visible("#banner")


def test_an_index_of_a_part_of_the_city_is_marked_and_one_of_a_few_roads_is_not_shown(
    browser: Browser,
) -> None:
    with serving(a_site()) as site:
        _cover(site, 0.014)
        page, _ = open_page(browser, f"{site.address}/wall?lang=en")
        until(page, "document.querySelector('#index-word')?.textContent?.includes('Low coverage')")
        assert page.inner_text("#index-value") == "–"
        assert "1%" in page.inner_text("#index-word")
        assert page.inner_text("#district-0 .row-index").startswith("–")
        assert page.is_visible("#corridors .nothing")
        _cover(site, 0.45, version=9)
        until(page, "document.querySelector('#index-value')?.textContent === '~4.2'")
        assert "45%" in page.inner_text("#index-word")
        assert page.inner_text("#district-0 .row-index").split() == ["~4.2", "45%"]
        assert page.inner_text("#corridor-0 .row-index") == "~4.2"
        assert page.inner_text("#corridor-0 .row-delta") == "cov. 45%"
        keep_picture(page, "wall_part")
        assert page.evaluate(CLIPPED) == []
        _cover(site, 0.60, version=13)
        until(page, "document.querySelector('#index-value')?.textContent === '4.2'")
        assert "%" not in page.inner_text("#index-word")


def _cover(site: Site, coverage: float, version: int = 5) -> None:
    """Areas of this minute that rest on so much of their roads."""
    start, areas = int(time.time()) // 60 * 60, every_area(site.city, 4.2)
    for payload in encoded(
        area_record(site.city, areas, window_start=start, version=version, coverage=coverage)
    ):
        site.hub.take(payload)


def test_a_value_like_any_other_day_has_neither_arrow_nor_sign(browser: Browser) -> None:
    with serving(a_site()) as site:
        site.feed(index=4.2)
        usual = TypicalPlace(3.0, 4.22, 5.0, 39.01, 4.2)
        site.hub.set_typical(dict.fromkeys(every_area(site.city, 0), usual))
        page, _ = open_page(browser, f"{site.address}/wall?lang=en")
        until(page, "document.querySelector('#index-typical')?.textContent === '0.0 · Typical 4.2'")
        assert page.inner_text("#speed-typical") == "Typical 39.0"
        assert page.inner_text("#congested-typical") == "Typical 4.2"
        assert page.inner_text("#corridor-0 .row-delta") == "0.0"


def test_a_name_on_the_map_lets_the_road_behind_it_through(browser: Browser, site: Site) -> None:
    page, _ = open_page(browser, f"{site.address}/wall?lang=en")
    until(page, DRAWN)
    page.evaluate("document.fonts.ready")
    opaque, through = page.evaluate(HALO_PIXELS, SURFACE_COLOURS["night"]["map"])
    assert through > 500
    assert opaque < through / 2  # the edges of letters, and the mark of a landmark


def test_after_a_crash_old_values_are_stale_and_have_their_age(browser: Browser) -> None:
    with serving(a_site()) as site:
        start = int(time.time()) - 660
        areas = area_record(site.city, every_area(site.city, 4.2), window_start=start)
        segments = segment_record(site.city, 4.0, window_start=start, clock_s=time.time(), data_s=0)
        for payload in encoded(areas, segments):
            site.hub.take(payload)
        page, _ = open_page(browser, f"{site.address}/wall?lang=en")
        until(page, f"{STATE} === 'stale'")
        assert page.inner_text("#index-age") == "10 min ago"
        assert "10 min" in page.inner_text("#banner")


def test_nothing_waits_for_data_over_a_map_that_has_colours(browser: Browser) -> None:
    with serving(a_site()) as site:
        page, _ = open_page(browser, f"{site.address}/wall?lang=en")
        until(page, "document.querySelector('#banner')?.textContent === 'Waiting for the first data'")
        assert page.is_visible("#banner")
        told = json.loads(site.hub.tick().payload)
        told["segments"]["levels"] = base64.b64encode(bytes([5] * 6)).decode()
        event = f"event: snapshot\nid: 1\ndata: {json.dumps(told)}\n\n"
        page.route("**/stream", lambda route: route.fulfill(content_type="text/event-stream", body=event))
        page.reload()
        until(page, DRAWN)
        assert page.evaluate(STATE) == "starting"
        assert page.is_hidden("#banner")


def test_old_data_turns_late_then_stale_and_loses_its_colour(browser: Browser) -> None:
    city = a_city(period_s=60)
    with serving(a_site(city)) as site:
        site.feed(age_s=150)
        page, _ = open_page(browser, f"{site.address}/wall")
        until(page, f"{STATE} === 'late'")
        assert page.is_hidden("#banner")
        site.feed(age_s=150)
        _older(site, city)
        until(page, f"{STATE} === 'stale'")
        assert "数据陈旧" in page.inner_text("#banner")
        until(page, "document.querySelector('#map').dataset.coloured === '0'")
        assert page.evaluate(COLOUR_COUNT, LEVEL_COLOURS["night"][3]) == 0
        keep_picture(page, "wall_stale")


def _older(site: Site, city: City) -> None:
    """A restarted hub knows only data ten minutes old."""
    fresh = a_site(city)
    site.hub._latest = fresh.hub._latest
    site.feed(age_s=600)


def test_a_silent_stream_is_told_as_such(browser: Browser) -> None:
    with serving(a_site()) as site:
        site.feed()
        page, _ = open_page(browser, f"{site.address}/wall")
        until(page, f"{STATE} === 'live'")
        until(page, f"{STATE} === 'down'", 25)
        assert "数据流中断" in page.inner_text("#banner")


def test_the_wall_survives_a_proxy_that_lets_no_stream_through(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    page.route("**/stream", lambda route: route.abort())
    page.goto(f"{site.address}/wall")
    until(page, DRAWN, 30)
    assert page.evaluate(STATE) == "live"


def test_a_stream_that_was_refused_is_asked_for_again(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    asked: list[int] = []

    def refuse(route: Route) -> None:
        asked.append(1)
        route.fulfill(status=503, body="busy")

    page.route("**/stream", refuse)
    page.goto(f"{site.address}/wall")
    until(page, STATE)
    wait_until_asked = time.monotonic() + 20
    while len(asked) < 2:
        assert time.monotonic() < wait_until_asked, "a closed EventSource was left closed"
        page.wait_for_timeout(100)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/", "/analyst", "/health"])
def test_pages_fit_a_phone(browser: Browser, site: Site, path: str, language: str) -> None:
    page, wrong = open_page(browser, f"{site.address}{path}?lang={language}", 390, 844)
    page.wait_for_selector(".page-header")
    if path == "/analyst":
        page.wait_for_selector(".js-plotly-plot .trace")
        assert page.evaluate("document.querySelector('.js-plotly-plot').getBoundingClientRect().height") > 250
    if path == "/health":
        page.wait_for_selector("#partitions td")
        page.wait_for_selector("#gap-audit")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert "undefined" not in page.inner_text("body")
    keep_picture(page, f"phone_{path.strip('/') or 'start'}_{language}")
    assert wrong == []


def test_the_health_page_renews_itself_and_names_what_is_refused(browser: Browser, site: Site) -> None:
    page, wrong = open_page(browser, f"{site.address}/health?lang=en", 1366, 768)
    page.wait_for_selector("#feeds >> text=out_of_range")
    first = page.inner_text("#stream .small")
    until(page, f"document.querySelector('#stream .small').innerText !== '{first}'")
    assert "lost in a crash" in page.inner_text("#promises")
    assert "No gap" in page.inner_text("#gap-audit")
    keep_picture(page, "health")
    assert wrong == []
