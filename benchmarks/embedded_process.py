"""`python -m benchmarks.embedded_process`: `citybrain up --no-demo`, which also says where its broker is.

The embedded broker listens on a free port of 127.0.0.1 that nobody is told; a feed from outside needs it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from citybrain import up
from citybrain.command import build_parser
from streams.broker import BrokerAddress, open_broker

BROKER_IS_AT = "broker is at "


@contextlib.contextmanager
def telling_broker(setting: str) -> Iterator[BrokerAddress]:
    """The broker, its address on standard output."""
    with open_broker(setting) as broker:
        print(f"{BROKER_IS_AT}{broker.bootstrap}", flush=True)
        yield broker


if __name__ == "__main__":
    setattr(up, "open_broker", telling_broker)  # noqa: B010 (it is not of its public names)
    sys.exit(up.run(build_parser().parse_args(["up", "--no-demo", "--port", "0"])))
