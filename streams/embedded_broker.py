"""A Kafka-protocol broker inside this process: the mock cluster of librdkafka, from confluent-kafka's wheel.

It keeps about 5 MB of log per partition in memory, listens on 127.0.0.1 only, answers no admin request
and forgets everything when it stops. It suits one process that reads what it just wrote.

confluent-kafka's Python has no door to it, so its C functions are called. They are a test interface
without a promise of stability; that is why the wheel is pinned and why each symbol is looked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models.errors import ConfigurationError
from streams.fetch_wait import shorten_fetch_wait

REBALANCE_DELAY_MS = 200
FETCH_WAIT_MS = 100
"""The mock answers a waiting fetch only when its time is up, so the wait is what a record is late by."""
READ_WAIT_MS = 50
"""The same for the hub, whose reading costs less than an app's: the wall waits for it."""

_PRODUCER = 0
_TOPIC_EXISTS = 36
_POINTER = ctypes.c_void_p
# Function -> (result, arguments), as rdkafka.h and rdkafka_mock.h declare them.
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "rd_kafka_conf_new": (_POINTER, []),
    "rd_kafka_conf_set": (
        ctypes.c_int,
        [_POINTER, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t],
    ),
    "rd_kafka_new": (_POINTER, [ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_new": (_POINTER, [_POINTER, ctypes.c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, [_POINTER]),
    "rd_kafka_mock_topic_create": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [_POINTER, ctypes.c_int32]),
}


class EmbeddedBroker:
    """One running mock cluster of one broker; made by `running_embedded_broker`."""

    def __init__(self) -> None:
        self._library = _load_librdkafka()
        problem = ctypes.create_string_buffer(256)
        settings = self._library.rd_kafka_conf_new()  # belongs to the client from the next call on
        # Errors only: else it warns that this client, which never sends anything, knows no server.
        self._library.rd_kafka_conf_set(settings, b"log_level", b"3", problem, len(problem))
        self._client = self._library.rd_kafka_new(_PRODUCER, settings, problem, len(problem))
        if not self._client:
            raise _unusable(f"librdkafka does not start: {problem.value.decode(errors='replace')}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        if not self._cluster:
            self._library.rd_kafka_destroy(self._client)
            raise _unusable("librdkafka cannot make a mock cluster")
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, REBALANCE_DELAY_MS)
        self.bootstrap: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._partitions: dict[str, int] = {}

    def create_topic(self, name: str, partitions: int) -> None:
        """Create a topic; nothing happens when it exists with as many partitions.

        Raises ConfigurationError when it exists with another number of partitions. A client that asks for
        a topic before it is created makes one with 4: create topics before anything reads them.
        """
        if self._partitions.get(name) == partitions:
            return
        failed = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        if failed == _TOPIC_EXISTS:
            exists = self._partitions.get(name, "an unknown number of")
            raise ConfigurationError("embedded broker", name, f"has {exists} partitions, not {partitions}")
        if failed:
            raise ConfigurationError("embedded broker", name, f"librdkafka refuses it (error {failed})")
        self._partitions[name] = partitions

    def close(self) -> None:
        """Stop listening and forget every record. Clients still connected see the connection end."""
        if self._cluster:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(self._client)
            self._cluster = self._client = None


@contextlib.contextmanager
def running_embedded_broker() -> Iterator[EmbeddedBroker]:
    """Run a broker on a free port of 127.0.0.1; Faust's consumers of it fetch without long waits.

    Raises ConfigurationError when the installed librdkafka has no mock cluster.
    """
    broker = EmbeddedBroker()
    try:
        shorten_fetch_wait(broker.bootstrap, FETCH_WAIT_MS)
        yield broker
    finally:
        broker.close()


def _load_librdkafka() -> Any:
    """librdkafka with the types of the functions we call. Raises ConfigurationError, with the remedy."""
    found = importlib.util.find_spec("confluent_kafka")
    if found is None or found.origin is None:
        raise _unusable("confluent-kafka is not installed")
    bundled = Path(found.origin).parents[1] / "confluent_kafka.libs"
    libraries = sorted(bundled.glob("librdkafka-*.so*"))
    if not libraries:
        raise _unusable(f"there is no librdkafka in {bundled} (only Linux wheels bundle it)")
    library = ctypes.CDLL(str(libraries[0]))
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise _unusable(
                f"librdkafka of confluent-kafka {version('confluent-kafka')} has no {name}"
            ) from None
        function.restype, function.argtypes = result, arguments
    return library


def _unusable(problem: str) -> ConfigurationError:
    return ConfigurationError(
        "embedded broker",
        "",
        problem,
        "install the packages of requirements.lock, or set CITYBRAIN_BROKER to the address of a Kafka",
    )
