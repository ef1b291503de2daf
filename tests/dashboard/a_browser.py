"""A page in a real browser: opening it, waiting for it, keeping a picture of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from playwright.sync_api import Browser, Page


def open_page(
    browser: Browser, address: str, width: int = 1920, height: int = 1080
) -> tuple[Page, list[str]]:
    """A tab at an address; the second value collects requests to other hosts and errors of scripts."""
    page = browser.new_page(viewport={"width": width, "height": height})
    wrong: list[str] = []
    own = address.split("/", 3)[:3]
    page.on("request", lambda r: wrong.append(r.url) if _foreign(r.url, "/".join(own)) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    return page, wrong


def until(page: Page, expression: str, timeout_s: float = 20) -> None:
    """Wait for an expression. Playwright's own waiting needs `eval`, which our content policy forbids."""
    end = time.monotonic() + timeout_s
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, (
            f"not within {timeout_s} s: {expression}\n{page.inner_text('body')[:800]}"
        )
        page.wait_for_timeout(50)


def _foreign(url: str, own: str) -> bool:
    return not url.startswith((own, "data:", "blob:"))


def keep_picture(page: Page, name: str) -> None:
    """Keep a screenshot where CITYBRAIN_TEST_PICTURES says, to be looked at."""
    folder = os.environ.get("CITYBRAIN_TEST_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
