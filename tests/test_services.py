"""The services of the tests: real programs, reached only by tests that ask, and said plainly when missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from clickhouse_driver import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]


def run_test(tmp_path: Path, source: str, **environment: str) -> str:
    """Run one test file under our conftest in another process; gives pytest's output."""
    file = tmp_path / "test_probe.py"
    file.write_text(f"import pytest\n{source}\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml")]
    command += ["--rootdir", str(tmp_path), "-p", "no:cacheprovider", "-o", f"pythonpath={ROOT}", str(file)]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), **environment}
    )
    return ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("fixture", "marker"),
    [("kafka_bootstrap", "kafka"), ("clickhouse_url", "clickhouse"), ("browser", "browser")],
)
def test_a_test_that_did_not_ask_for_a_service_cannot_reach_it(
    fixture: str, marker: str, tmp_path: Path
) -> None:
    output = run_test(tmp_path, f"def test_it({fixture}): pass", PATH=os.environ["PATH"])
    assert f"uses the fixture {fixture} without @pytest.mark.{marker}" in output
    assert "1 error" in output


@pytest.mark.parametrize(
    ("fixture", "marker", "package"),
    [
        ("kafka_bootstrap", "kafka", "default-jre-headless"),
        ("clickhouse_url", "clickhouse", "clickhouse-server"),
        ("browser", "browser", "chromium"),
    ],
)
def test_a_missing_service_skips_with_what_to_install_and_fails_in_ci(
    fixture: str, marker: str, package: str, tmp_path: Path
) -> None:
    source = f"@pytest.mark.{marker}\ndef test_it({fixture}): pass"
    nothing_installed = str(tmp_path / "empty")
    skipped = run_test(tmp_path, source, PATH=nothing_installed)
    assert "1 skipped" in skipped
    assert f"install Debian's {package}" in skipped
    failed = run_test(tmp_path, source, PATH=nothing_installed, CI="true")
    assert "1 error" in failed
    assert f"install Debian's {package}" in failed


@pytest.mark.clickhouse
def test_the_clickhouse_server_answers_over_its_own_port(clickhouse_url: str) -> None:
    where = urlsplit(clickhouse_url)
    client = Client(where.hostname, port=where.port)
    try:
        assert client.execute("select 6 * 7") == [(42,)]
    finally:
        client.disconnect()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
def test_chromium_draws_a_page_at_the_size_of_a_wall_in_both_languages(
    browser: Browser, width: int, height: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content("<p id=a style='display:inline;font-size:40px'>国国国国</p><p id=b>live</p>")
    assert page.evaluate("[innerWidth, innerHeight]") == [width, height]
    assert page.inner_text("#b") == "live"
    # A font with Chinese draws four squares; a missing one draws narrower boxes.
    assert page.locator("#a").bounding_box()["width"] == pytest.approx(160, abs=4)  # type: ignore[index]


@pytest.mark.browser
def test_a_browser_test_leaves_no_event_loop_in_the_way_of_asynchronous_tests(tmp_path: Path) -> None:
    source = """
@pytest.mark.browser
def test_first(browser): browser.new_page().close()

async def test_then(): pass
"""
    output = run_test(tmp_path, source, PATH=os.environ["PATH"])
    assert "2 passed" in output, output
