"""Options of the transport, as the query of the broker's URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from faust.exceptions import ImproperlyConfigured
from yarl import URL


@dataclass(frozen=True, slots=True)
class Options:
    """`batch+kafka://host:9092?fetch_max_wait_ms=100&fast_path=off`; of several URLs one may have a query."""

    fast_path: bool = True
    """Whether aiokafka's decoded records may be taken without their ConsumerRecords (unwrapped_records)."""
    fetch_max_wait_ms: int = 500
    """How long the broker may wait for something to send, at most. Meanwhile aiokafka asks for no partition
    that had still something to give when it asked; and Faust's own 1500 is long for that."""
    fetch_max_bytes: int = 52_428_800
    """How much one answer of the broker may hold, over all partitions, as it is in the log."""
    stall_timeout_s: float = 45.0
    """How long a worker may get nothing while the broker has something, before it crashes; 0 for ever."""


def read_options(urls: Iterable[URL]) -> Options:
    """The options of broker URLs. Raises ImproperlyConfigured for what is not an option or a value."""
    found: dict[str, Any] = {}
    for url in urls:
        for name, text in url.query.items():
            if name not in _READERS:
                raise ImproperlyConfigured(f"{url}: {name} is none of {', '.join(_READERS)}")
            try:
                found[name] = _READERS[name](text)
            except (KeyError, ValueError):
                raise ImproperlyConfigured(f"{url}: {name} cannot be {text!r}") from None
    return Options(**found)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "fast_path": {"on": True, "off": False}.__getitem__,
    "fetch_max_wait_ms": int,
    "fetch_max_bytes": int,
    "stall_timeout_s": float,
}
