"""The analyst page in a real browser: drilling down, ranges, mistakes in the address."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.dashboard.a_browser import keep_picture, open_page, until
from tests.dashboard.a_picture import a_city
from tests.dashboard.a_server import Site, a_site, fed, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(a_site()) as running, fed(running):
        yield running


def test_the_analyst_drills_down_from_city_to_segment_by_addresses(browser: Browser, site: Site) -> None:
    page, wrong = open_page(browser, f"{site.address}/analyst?lang=en", 1366, 768)
    page.wait_for_selector(".js-plotly-plot .trace")
    page.click("text=District 1")
    page.wait_for_selector("#here:has-text('District 1')")
    assert "kind=district" in page.url
    assert "id=d1" in page.url
    page.click(".ranking >> text=Segment 4")
    page.wait_for_selector("#here:has-text('Segment 4')")
    assert "id=s4" in page.url
    assert page.locator(".crumbs a").all_inner_texts()[0].startswith("Tiny")
    assert page.inner_text(".place-card dl").startswith("Road class")
    page.go_back()
    page.wait_for_selector("#here:has-text('District 1')")
    page.reload()
    page.wait_for_selector("#here:has-text('District 1')")
    page.click(".crumbs a >> nth=0")
    page.wait_for_selector("#here:has-text('Tiny')")
    keep_picture(page, "analyst")
    assert wrong == []


def _four_weeks_s(page: Page) -> float:
    """Seconds from a click on four weeks to the drawn figure; begins at a day."""
    page.click("text=Last 24 hours")
    until(page, "document.querySelector('.js-plotly-plot').data.at(-1).y.length < 400")
    began = time.monotonic()
    page.click("text=Last 28 days")
    until(page, "document.querySelector('.js-plotly-plot').data.at(-1).y.length > 7000")
    until(page, "document.querySelector('#trend-count').textContent.match(/7,\\d+ windows/)")
    return time.monotonic() - began


def test_four_weeks_are_drawn_within_two_seconds(browser: Browser, site: Site) -> None:
    page, _ = open_page(browser, f"{site.address}/analyst?lang=en", 1366, 768)
    page.wait_for_selector(".js-plotly-plot .trace")
    until(page, "document.querySelector('.js-plotly-plot').data.at(-1).y.length > 200")
    took_s = min(_four_weeks_s(page) for _ in range(3))  # the best: other tests may share the machine
    assert took_s < 2
    assert "range=28d" in page.url
    gaps = page.evaluate(
        "document.querySelector('.js-plotly-plot').data.at(-1).y.filter((v) => v === null).length"
    )
    assert gaps >= 27


def test_a_heading_sorts_and_the_order_is_in_the_address(browser: Browser) -> None:
    with serving(a_site(a_city(segments=6, districts=1))) as site:
        site.feed(travel_time_index=2.2)
        page, _ = open_page(browser, f"{site.address}/analyst?kind=district&id=d0&lang=en", 1366, 768)
        page.wait_for_selector("#ranking")
        page.click("#ranking th >> text=Place")
        until(page, "location.search.includes('sort=name')")
        until(page, "document.querySelector('#ranking td').textContent.startsWith('Segment 0')")
        page.click("#ranking th >> text=Place")
        until(page, "document.querySelector('#ranking td').textContent.startsWith('Segment 5')")


CONTROLS = ".pills", ".crumbs", "#export", ".mini-box"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("range=99y", "range: '99y' is not one of"),
        ("window=7", "window: '7' is not one of"),
        ("sort=foo", "sort: 'foo' is not one of"),
        ("start=yesterday", "start: 'yesterday' is no"),
        ("window=300&start=2020-01-01T00:00:00Z", "start: asks for more than 20000 windows"),
    ],
)
def test_a_mistake_in_the_address_is_told_once_and_every_control_stays(
    browser: Browser, site: Site, query: str, told: str
) -> None:
    page, wrong = open_page(browser, f"{site.address}/analyst?kind=segment&id=s1&lang=en&{query}")
    page.wait_for_selector(f'.problem:has-text("{told}")')
    for control in CONTROLS:
        page.wait_for_selector(control)
    assert page.locator(".problem").count() == 1
    page.click("text=Last 3 hours")
    until(page, "document.querySelectorAll('.problem').length === 0")
    until(page, "document.querySelector('.js-plotly-plot')?.data.at(-1)?.y.length > 20")
    assert wrong == []


def test_an_error_clears_the_chart_of_before(browser: Browser, site: Site) -> None:
    page, _ = open_page(browser, f"{site.address}/analyst?lang=en")
    until(page, "document.querySelector('.js-plotly-plot')?.data?.at(-1)?.y.length > 200")
    page.evaluate(
        "history.pushState({}, '', '/analyst?lang=en&start=2020-01-01T00:00:00Z');"
        "dispatchEvent(new PopStateEvent('popstate'))"
    )
    page.wait_for_selector(".problem")
    until(page, "document.querySelector('.js-plotly-plot')?.data?.length === 0")


def test_minutes_of_four_weeks_become_five_minutes_and_cannot_be_chosen(browser: Browser, site: Site) -> None:
    page, wrong = open_page(browser, f"{site.address}/analyst?kind=segment&id=s1&lang=en")
    page.click("text=1 min")
    until(page, "location.search.includes('window=60')")
    page.click("text=Last 28 days")
    until(page, "location.search.includes('range=28d') && location.search.includes('window=300')")
    page.wait_for_selector(".pill.off:has-text('1 min')")
    until(page, "document.querySelector('.js-plotly-plot').data.at(-1).y.length > 7000")
    assert page.locator(".problem").count() == 0
    assert wrong == []


def test_another_language_shows_the_same_place_range_and_window(browser: Browser, site: Site) -> None:
    page, _ = open_page(browser, f"{site.address}/analyst?kind=segment&id=s1&range=7d&window=60&lang=en")
    until(page, "document.querySelector('.language')?.href.includes('id=s1')")
    page.click(".language")
    page.wait_for_selector("#here:has-text('第1路段')")
    for part in ("kind=segment", "id=s1", "range=7d", "window=60", "lang=zh"):
        assert part in page.url


def test_windows_missing_at_the_ends_of_a_range_are_counted(browser: Browser, site: Site) -> None:
    hole = "start=2026-01-01T03:00:00Z&end=2026-01-01T04:00:00Z"
    page, _ = open_page(browser, f"{site.address}/analyst?lang=en&{hole}")
    until(page, "document.querySelector('#trend-count')?.textContent.startsWith('0 windows · 12 missing')")


def test_an_unknown_place_is_told_and_nothing_breaks(browser: Browser, site: Site) -> None:
    page, wrong = open_page(browser, f"{site.address}/analyst?kind=district&id=atlantis&lang=en")
    page.wait_for_selector("text=No such place")
    assert wrong == []
