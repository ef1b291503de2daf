"""A Faust app that needs nothing but a broker."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import faust


def small_faust_app(group: str, broker_url: str, directory: Path, **settings: Any) -> faust.App:
    """Raw bytes in memory, no web server, commits ten times a second; topics exist already."""
    usual: dict[str, Any] = {
        "store": "memory://",
        "datadir": str(directory / uuid.uuid4().hex),
        "web_enabled": False,
        "autodiscover": False,
        "set_as_current": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "consumer_auto_offset_reset": "earliest",
        "stream_wait_empty": False,
        "key_serializer": "raw",
        "value_serializer": "raw",
        "broker_commit_interval": 0.1,
    }
    return faust.App(group, broker=broker_url, **usual | settings)
