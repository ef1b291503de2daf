"""Where the web server cannot listen: the message names what to change."""

from __future__ import annotations

import pytest

from dashboard.server import WebServer, create_app
from models.errors import ConfigurationError
from tests.dashboard.a_picture import every_day_a_workday
from tests.dashboard.a_server import a_site


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_of_this_machine_asks_for_another_host(host: str) -> None:
    site = a_site()
    web = create_app(site.city, site.hub, site.readers, day_type_of=every_day_a_workday, metrics=site.metrics)
    try:
        with pytest.raises(ConfigurationError) as caught:
            WebServer(web, host, 0)
    finally:
        web.queries.close()
    assert str(caught.value).startswith(f"web server: host: cannot listen on {host}:0: ")
    assert str(caught.value).endswith("(no such address on this machine, choose another with --host)")
