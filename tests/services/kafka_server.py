"""A real Apache Kafka (KRaft, one node) on loopback, for one test session.

Its jars come from Maven Central by `pom.xml` beside this file, once, into `.cache/`.
"""

from __future__ import annotations

import base64
import contextlib
import re
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.services.installed import ServiceMissing
from tests.services.ports import accepts_connections, free_ports
from tests.waiting import wait_until

POM = Path(__file__).with_name("pom.xml")
START_S = 90.0
STARTS = 3

_JVM = (
    "java",
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=BROKER://127.0.0.1:{broker_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://127.0.0.1:{broker_port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={log_dir}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=2
num.partitions=1
log.cleaner.dedupe.buffer.size=16777216
"""


def kafka_version() -> str:
    """The Kafka version that the tests run on, as `pom.xml` pins it."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{POM}: names no kafka.version")
    return found[1]


def kafka_jars() -> Path:
    """The folder with Kafka's jars; fetched first if this version is not there yet."""
    jars = POM.parent / ".cache" / f"kafka-{kafka_version()}"
    complete = jars / "complete"
    if complete.exists():
        return jars
    if shutil.which("mvn") is None:
        raise ServiceMissing("Kafka's jars are not here and there is no Maven to fetch them", "maven")
    command = ["mvn", "-q", "-B", "--strict-checksums", "-f", str(POM), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
    fetched = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if fetched.returncode != 0:
        raise RuntimeError(f"Maven could not fetch Kafka's jars:\n{fetched.stdout[-4000:]}")
    complete.touch()
    return jars


@contextlib.contextmanager
def running_kafka(directory: Path) -> Iterator[str]:
    """Run Kafka with its data in `directory` (emptied first); yields its bootstrap address.

    Ports are free ones chosen just before the start; if another program takes one meanwhile, Kafka
    ends at once and is started again on others.
    """
    if shutil.which("java") is None:
        raise ServiceMissing("there is no Java to run Kafka", "default-jre-headless")
    classpath = f"{kafka_jars()}/*"
    for _ in range(STARTS):
        shutil.rmtree(directory, ignore_errors=True)
        process, bootstrap = _start(classpath, directory)
        try:
            if _answers(bootstrap, process):
                yield bootstrap
                return
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    raise RuntimeError(f"Kafka did not start:\n{_log_of(directory).read_text(errors='replace')[-4000:]}")


class RestartableKafka:
    """A Kafka of a test's own, which it may kill and start again on the same port and data, or stop and
    continue like a machine that hangs."""

    def __init__(self, directory: Path) -> None:
        if shutil.which("java") is None:
            raise ServiceMissing("there is no Java to run Kafka", "default-jre-headless")
        self._classpath = f"{kafka_jars()}/*"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        broker_port, controller_port = free_ports(2)
        self.bootstrap = f"127.0.0.1:{broker_port}"
        _format(self._classpath, directory, broker_port, controller_port)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = _launch(self._classpath, self._directory)
        if not _answers(self.bootstrap, self._process):
            raise RuntimeError(
                f"Kafka did not start:\n{_log_of(self._directory).read_text(errors='replace')[-4000:]}"
            )

    def kill(self) -> None:
        """SIGKILL: the connections are reset, and nobody listens until the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        """SIGSTOP: the connections stay, and nobody answers until `go_on`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


def delete_all_topics(bootstrap: str) -> None:
    """Delete every topic but Kafka's own, with the offsets that groups committed in them."""
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.delete_topics(_topics(admin))
        wait_until(lambda: not _topics(admin), "deleting the topics of a test")
    finally:
        admin.close()


def _topics(admin: Any) -> list[str]:
    return [name for name in admin.list_topics() if not name.startswith("__")]


def _start(classpath: str, directory: Path) -> tuple[subprocess.Popen[bytes], str]:
    broker_port, controller_port = free_ports(2)
    _format(classpath, directory, broker_port, controller_port)
    return _launch(classpath, directory), f"127.0.0.1:{broker_port}"


def _format(classpath: str, directory: Path, broker_port: int, controller_port: int) -> None:
    """Make an empty log in `directory`, with the settings beside it."""
    directory.mkdir(parents=True)
    properties = directory / "server.properties"
    properties.write_text(
        _PROPERTIES.format(
            broker_port=broker_port, controller_port=controller_port, log_dir=directory / "log"
        ),
        encoding="utf-8",
    )
    # Kafka's cluster ids are UUIDs in URL-safe base64; making one here saves a start of Java.
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = [*_JVM, "-cp", classpath, "kafka.tools.StorageTool", "format"]
    subprocess.run(
        [*command, f"--cluster-id={cluster_id}", "-c", str(properties)], check=True, capture_output=True
    )


def _launch(classpath: str, directory: Path) -> subprocess.Popen[bytes]:
    with _log_of(directory).open("ab") as log:
        return subprocess.Popen(
            [*_JVM, "-cp", classpath, "kafka.Kafka", str(directory / "server.properties")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _log_of(directory: Path) -> Path:
    return directory / "server.log"


def _answers(bootstrap: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether a real client is told of a broker before the deadline and the process still lives."""
    # Imported here: a test session that needs no Kafka need not load its client.
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            return False
        if not accepts_connections(bootstrap):  # the client leaks a socket for every refusal
            continue
        try:
            admin = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
        except KafkaError:
            continue
        try:
            if admin.describe_cluster()["brokers"]:
                return True
        except KafkaError:
            continue
        finally:
            admin.close()
    return False
