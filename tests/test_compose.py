"""The compose file and the image, checked against the code: no container engine is needed for it.

What this cannot show is that the images exist under these tags and start.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from citybrain.command import COMMANDS, build_parser
from config.settings import Settings, load_settings, unknown_variables
from store.address import ServerAddress, parse_address
from tests.services.kafka_server import kafka_version

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("citybrain:"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def environment_of(name: str) -> dict[str, str]:
    """The variables of a service, with compose's own `${NAME:-default}` filled in by the default."""
    variables = SERVICES[name].get("environment", {})
    for variable, value in variables.items():
        assert isinstance(value, str), f"{name}: {variable}: YAML reads {value!r} as no string: quote it"
    return {variable: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for variable, value in variables.items()}


def settings_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for variable in list(os.environ):
        if variable.upper().startswith("CITYBRAIN_"):
            monkeypatch.delenv(variable)
    for variable, value in environment_of(name).items():
        monkeypatch.setenv(variable, value)
    return load_settings()


def test_there_is_a_service_for_every_part_of_the_grown_deployment() -> None:
    wanted = {"migrate", "worker-index", "worker-merge", "worker-alerts", "worker-archive", "wall", "feed"}
    assert set(OURS) == wanted
    assert set(SERVICES) == wanted | {"kafka", "clickhouse"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_the_command_line_takes(name: str) -> None:
    words = SERVICES[name]["command"]
    arguments = build_parser().parse_args(words)
    assert arguments.command == words[0]
    assert words[0] in {command.name for command in COMMANDS}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_and_its_value_is_accepted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert unknown_variables(environment_of(name)) == []
    settings = settings_of(name, monkeypatch)
    assert settings.broker != "embedded"


@pytest.mark.parametrize("name", OURS)
def test_every_process_of_ours_is_given_the_same_broker_history_city_and_partitions(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, index = settings_of(name, monkeypatch), settings_of("worker-index", monkeypatch)
    for setting in ("broker", "history", "city", "partitions", "settle_s", "lateness_s"):
        assert getattr(mine, setting) == getattr(index, setting), setting


def test_the_broker_that_is_named_is_the_one_that_kafka_advertises(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = environment_of("kafka")
    broker = settings_of("worker-index", monkeypatch).broker
    assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{broker}"
    host, port = broker.split(":")
    assert host in SERVICES
    assert f"PLAINTEXT://:{port}" in kafka["KAFKA_LISTENERS"].split(",")
    assert SERVICES["kafka"]["healthcheck"]["test"][-1] == broker
    controller = kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"].split(":")[-1]
    assert f"CONTROLLER://:{controller}" in kafka["KAFKA_LISTENERS"].split(",")


def test_the_history_that_is_named_is_the_database_that_clickhouse_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clickhouse = environment_of("clickhouse")
    address = parse_address(settings_of("wall", monkeypatch).history_url)
    assert isinstance(address, ServerAddress)
    assert (address.host, address.port) == ("clickhouse", 9000)  # the image's native port
    assert address.database == clickhouse["CLICKHOUSE_DB"]
    assert address.user == clickhouse["CLICKHOUSE_USER"]
    assert address.password == clickhouse["CLICKHOUSE_PASSWORD"]


def test_the_wall_listens_where_it_is_published_and_asked_for_its_health(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_of("wall", monkeypatch)
    assert settings.host == "0.0.0.0"
    (published,) = SERVICES["wall"]["ports"]
    address, _, inside = published.rsplit(":", 2)
    assert address == "127.0.0.1"
    assert int(inside) == settings.port
    assert f"EXPOSE {settings.port}" in DOCKERFILE
    (url,) = re.findall(r"'(http://[^']+)'", SERVICES["wall"]["healthcheck"]["test"][-1])
    assert urlsplit(url).port == settings.port
    routes = (ROOT / "dashboard" / "probes.py").read_text(encoding="utf-8")
    assert f'@routes.get("{urlsplit(url).path}"' in routes
    compile(SERVICES["wall"]["healthcheck"]["test"][-1], "healthcheck", "exec")


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("worker-")])
def test_every_worker_is_asked_for_its_health_where_it_serves_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(name, monkeypatch)
    check = SERVICES[name]["healthcheck"]["test"][-1]
    (url,) = re.findall(r"'(http://[^']+)'", check)
    assert settings.worker_port
    assert (urlsplit(url).hostname, urlsplit(url).port) == (settings.host, settings.worker_port)
    routes = (ROOT / "citybrain" / "worker_health.py").read_text(encoding="utf-8")
    assert f'"{urlsplit(url).path}": lambda' in routes
    compile(check, "healthcheck", "exec")


def test_services_wait_only_for_what_can_become_true() -> None:
    for name, service in SERVICES.items():
        for other, wait in service.get("depends_on", {}).items():
            assert other in SERVICES, f"{name} waits for {other}"
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for the health of {other}"
            else:
                assert wait["condition"] == "service_completed_successfully"
                assert other == "migrate"


def test_every_image_is_pinned_and_kafka_is_the_version_of_the_tests() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].partition(":")[2]
        assert re.match(r"\d+\.\d+", tag), f"{name}: {service['image']}"
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version()}"
    base = re.findall(r"^FROM (\S+)$", DOCKERFILE, re.MULTILINE)
    assert base == ["python:3.11-slim-bookworm"]


def test_every_volume_that_is_mounted_is_declared() -> None:
    mounted = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])


def test_the_image_runs_our_command_as_nobody_special_with_the_locked_packages() -> None:
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    assert "USER citybrain" in lines
    assert lines.index("USER citybrain") > max(i for i, line in enumerate(lines) if line.startswith("RUN"))
    assert 'ENTRYPOINT ["citybrain"]' in lines
    assert "PYTHONPATH=/app" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


def test_the_image_holds_every_package_and_every_file_that_it_copies_exists() -> None:
    copied = [
        source
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY")
        for source in shlex.split(line)[1:-1]
    ]
    for source in copied:
        assert (ROOT / source).exists(), source
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= set(copied)
    let_in = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert set(copied) == let_in
