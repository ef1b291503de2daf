"""Where Kafka is and how to talk to it: one address object for the embedded broker and for a real one.

What only one of the two needs is said here and nowhere else, so that feeds, agents and the wall are the
same code on both.
"""

from __future__ import annotations

import contextlib
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from models.errors import BrokerUnavailable, ConfigurationError
from streams.embedded_broker import READ_WAIT_MS, EmbeddedBroker, running_embedded_broker

EMBEDDED = "embedded"
CONNECT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_MS = 15_000
# The newest version whose requests kafka-python and librdkafka's mock cluster both understand.
_EMBEDDED_API_VERSION = (2, 3)
# What a killed worker had is read by nobody until its session has ended; Faust's own is 60 s. Heartbeats
# come from a thread of their own, which needs the interpreter for a moment only, so three may be lost.
_GROUP = {"broker_session_timeout": 10.0, "broker_heartbeat_interval": 2.5}


@dataclass(frozen=True)
class BrokerAddress:
    """A broker that answered. `log_id` names its log: offsets mean something only together with it."""

    bootstrap: str
    """host:port[,host:port]"""
    log_id: str
    embedded: bool
    client_arguments: Mapping[str, Any]
    """What kafka-python's clients need beside `bootstrap_servers`."""
    fetch_arguments: Mapping[str, Any]
    """What kafka-python's consumers need beside that."""
    _create: Callable[[Mapping[str, int]], None] = field(repr=False, compare=False)

    @property
    def kafka_arguments(self) -> dict[str, Any]:
        """Arguments of kafka-python's producers and admin clients."""
        return {"bootstrap_servers": self.bootstrap.split(","), **self.client_arguments}

    @property
    def consumer_arguments(self) -> dict[str, Any]:
        """Arguments of kafka-python's consumers."""
        return {**self.kafka_arguments, **self.fetch_arguments}

    @property
    def faust_url(self) -> str:
        """The `broker` argument of a Faust app."""
        return ";".join(f"batch+kafka://{server}" for server in self.bootstrap.split(","))

    @property
    def faust_arguments(self) -> dict[str, Any]:
        """Further arguments of a Faust app: how long Kafka waits for a silent worker; and that it neither
        declares topics nor keeps a leader's topic.

        The embedded broker answers no such request, and on a real one we create all topics ourselves.
        """
        return {"topic_allow_declare": False, "topic_disable_leader": True, **_GROUP}

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Create the topics that are missing: name -> number of partitions. To be called before any use.

        Raises ConfigurationError when a topic exists with another number of partitions, BrokerUnavailable
        when the broker does not answer.
        """
        self._create(partitions)


@contextlib.contextmanager
def open_broker(setting: str) -> Iterator[BrokerAddress]:
    """The broker that a setting names: `embedded` (runs until the end of the block) or host:port[,...].

    Raises BrokerUnavailable when nobody answers there, ConfigurationError when there is no embedded one.
    """
    if setting != EMBEDDED:
        yield kafka_address(setting)
        return
    with running_embedded_broker() as broker:
        yield embedded_address(broker)


def embedded_address(broker: EmbeddedBroker) -> BrokerAddress:
    """The address of a running embedded broker; every start is a log of its own."""

    def create(partitions: Mapping[str, int]) -> None:
        for name, count in partitions.items():
            broker.create_topic(name, count)

    return BrokerAddress(
        bootstrap=broker.bootstrap,
        log_id=str(uuid.uuid4()),
        embedded=True,
        client_arguments={"api_version": _EMBEDDED_API_VERSION},
        fetch_arguments={"fetch_max_wait_ms": READ_WAIT_MS},
        _create=create,
    )


def kafka_address(bootstrap: str) -> BrokerAddress:
    """The address of the Kafka at `bootstrap` ("host:port[,host:port]"); its log is named by its cluster id.

    Raises BrokerUnavailable when no server of the list answers.
    """
    servers = [server.strip() for server in bootstrap.split(",")]
    with _admin(servers) as admin:
        cluster_id = str(admin.describe_cluster()["cluster_id"])
    return BrokerAddress(
        bootstrap=",".join(servers),
        log_id=cluster_id,
        embedded=False,
        client_arguments={},
        fetch_arguments={},
        _create=lambda partitions: _create_on_kafka(servers, partitions),
    )


def _create_on_kafka(servers: list[str], partitions: Mapping[str, int]) -> None:
    with _admin(servers) as admin:
        present = set(admin.list_topics())
        for name, count in partitions.items():
            if name in present:
                continue
            with contextlib.suppress(TopicAlreadyExistsError):  # another worker was faster
                admin.create_topics({name: {"num_partitions": count}}, wait_for_metadata=True)
        for topic in admin.describe_topics(list(partitions)):
            name, found = topic["name"], len(topic["partitions"])
            if found != partitions[name]:
                raise ConfigurationError(
                    ",".join(servers),
                    name,
                    f"has {found} partitions, not {partitions[name]}",
                    "set CITYBRAIN_PARTITIONS to what the topic has, or use another topic",
                )


@contextlib.contextmanager
def _admin(servers: list[str]) -> Iterator[Any]:
    """An admin client of the first servers that answer; its errors become BrokerUnavailable."""
    place = ",".join(servers)
    refusals = {server: _refusal(server) for server in servers}
    answering = [server for server, refusal in refusals.items() if not refusal]
    if not answering:
        raise BrokerUnavailable(place, "; ".join(sorted(set(refusals.values()))))
    try:
        admin = KafkaAdminClient(bootstrap_servers=answering, request_timeout_ms=REQUEST_TIMEOUT_MS)
    except KafkaError as error:
        raise BrokerUnavailable(place, f"does not answer as a Kafka does: {error}") from error
    try:
        yield admin
    except KafkaError as error:
        raise BrokerUnavailable(place, f"{type(error).__name__}: {error}") from error
    finally:
        admin.close()


def _refusal(server: str) -> str:
    """Why nothing can be sent to `server`; empty when it accepts a connection."""
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
