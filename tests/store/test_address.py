"""URLs of histories."""

from __future__ import annotations

import pytest

from models.errors import ConfigurationError
from store.address import EmbeddedAddress, ServerAddress, parse_address


def test_an_embedded_history_is_a_directory_and_a_database() -> None:
    assert parse_address("chdb:///var/lib/history") == EmbeddedAddress("/var/lib/history", "citybrain")
    assert parse_address("chdb:////var/lib/history/?database=x") == EmbeddedAddress("/var/lib/history", "x")


def test_a_server_has_host_port_database_and_credentials() -> None:
    assert parse_address("clickhouse://db.example") == ServerAddress("db.example", 9000, "citybrain")
    assert parse_address("clickhouse://db.example:9100/city?user=u&password=p%26q") == ServerAddress(
        "db.example", 9100, "city", "u", "p&q"
    )
    assert parse_address("clickhouse://u:p%40@db.example/city") == ServerAddress(
        "db.example", 9000, "city", "u", "p@"
    )
    assert parse_address("clickhouse://db.example/?secure=1&verify=0&ca_certs=/ca.pem") == ServerAddress(
        "db.example", 9440, "citybrain", secure=True, verify=False, ca_certs="/ca.pem"
    )


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:///x", "unknown kind 'sqlite'"),
        ("data/history", "unknown kind ''"),
        ("chdb://data/history", "names no absolute directory (write chdb:///path, three slashes)"),
        ("chdb:///", "names no absolute directory"),
        ("chdb:///a%3Fb", "holds one of"),
        ("chdb:///a?b", "chdb has no option 'b'"),
        ("chdb:///a#b", "holds a #"),
        ("chdb:///a?database=a-b", "'a-b' is not letters"),
        ("chdb:///a?databse=b", "chdb has no option 'databse'"),
        ("clickhouse:///city", "names no host"),
        ("clickhouse://h:99999/city", "port"),
        ("clickhouse://h/city?password=secret&usr=x", "clickhouse has no option 'usr'"),
        ("clickhouse://h/city?password=secret&secure=yes", "'yes' is neither 0 nor 1"),
        ("clickhouse://h/a;drop?password=secret", "'a;drop' is not letters"),
    ],
)
def test_a_wrong_url_is_refused_with_the_reason_and_without_the_password(url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_address(url)
    assert problem in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_password_is_in_no_representation() -> None:
    address = parse_address("clickhouse://h/city?password=secret")
    assert "secret" not in repr(address) + address.place
