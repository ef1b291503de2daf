"""Shorten the time that Faust's consumers wait for records, for the embedded broker only.

Faust fixes aiokafka's `fetch_max_wait_ms` at 1500. A real Kafka answers as soon as there is a record; the
embedded broker waits the whole time. So the argument is replaced where a consumer is made for its address.
"""

from __future__ import annotations

import functools
from typing import Any

import aiokafka

_wait_ms_of_bootstrap: dict[str, int] = {}


def shorten_fetch_wait(bootstrap: str, wait_ms: int) -> None:
    """From now on consumers of `bootstrap` ("host:port") wait at most `wait_ms` for records."""
    if not _wait_ms_of_bootstrap:
        _replace_constructor()
    _wait_ms_of_bootstrap[bootstrap] = wait_ms


def _replace_constructor() -> None:
    original = aiokafka.AIOKafkaConsumer.__init__

    @functools.wraps(original)
    def with_short_wait(self: Any, *topics: Any, **arguments: Any) -> None:
        servers = arguments.get("bootstrap_servers", ())
        for server in servers.split(",") if isinstance(servers, str) else servers:
            if server in _wait_ms_of_bootstrap:
                arguments["fetch_max_wait_ms"] = _wait_ms_of_bootstrap[server]
        original(self, *topics, **arguments)

    aiokafka.AIOKafkaConsumer.__init__ = with_short_wait
