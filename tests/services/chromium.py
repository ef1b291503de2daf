"""Debian's Chromium, headless, driven by Playwright. Playwright never downloads a browser of its own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from tests.services.installed import ServiceMissing

# The pages are on loopback: without these Chromium keeps looking for its maker's hosts at every start.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser with an empty profile.

    Playwright's synchronous interface occupies this thread's event loop until the end of the block: a test
    that uses it is not `async`, and the server it looks at runs in another thread or process.
    """
    executable = shutil.which("chromium")
    if executable is None:
        raise ServiceMissing("there is no Chromium", "chromium and fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
