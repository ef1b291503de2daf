"""Where the history lives, read from its URL.

chdb:///absolute/path[?database=name]                     in this process (chDB), one directory
clickhouse://host[:port]/[database][?user=u&password=p]   a server, native protocol
    also ?secure=1, ?ca_certs=/path/ca.pem, ?verify=0 for TLS (port 9440 unless given)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from models.errors import ConfigurationError

DEFAULT_DATABASE = "citybrain"
NATIVE_PORT = 9000
NATIVE_TLS_PORT = 9440

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORBIDDEN_IN_PATH = "?#&%"  # chDB reads its directory from a connection string with the same separators


@dataclass(frozen=True)
class EmbeddedAddress:
    """A directory that chDB opens in this process."""

    path: str
    database: str

    @property
    def place(self) -> str:
        """How messages name it."""
        return f"chdb://{self.path}"


@dataclass(frozen=True)
class ServerAddress:
    """A ClickHouse server's native port. The password appears in no message and no representation."""

    host: str
    port: int
    database: str
    user: str = "default"
    password: str = field(default="", repr=False)
    secure: bool = False
    verify: bool = True
    ca_certs: str | None = None

    @property
    def place(self) -> str:
        """How messages name it."""
        return f"clickhouse://{self.host}:{self.port}/{self.database}"


def parse_address(url: str) -> EmbeddedAddress | ServerAddress:
    """The address that `url` names; ConfigurationError says what is wrong with it, without the password."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if parts.fragment:
        raise ConfigurationError("history", "URL", "holds a #", "name the directory or the option without it")
    if parts.scheme == "chdb":
        return _embedded(parts.netloc, unquote(parts.path), options)
    if parts.scheme == "clickhouse":
        return _server(url, unquote(parts.path).strip("/"), options)
    raise ConfigurationError(
        "history",
        "URL",
        f"unknown kind {parts.scheme!r}",
        "use chdb:///path or clickhouse://host:port/database",
    )


def _embedded(netloc: str, path: str, options: dict[str, str]) -> EmbeddedAddress:
    if netloc or path in ("", "/"):
        raise ConfigurationError(
            "history",
            "URL",
            f"chdb://{netloc}{path} names no absolute directory",
            "write chdb:///path, three slashes",
        )
    if any(character in path for character in _FORBIDDEN_IN_PATH):
        raise ConfigurationError(
            "history", "URL", f"the directory {path!r} holds one of {_FORBIDDEN_IN_PATH}"
        )
    database = options.pop("database", DEFAULT_DATABASE)
    _refuse_unknown(options, "chdb")
    return EmbeddedAddress(path="/" + path.strip("/"), database=_database_name(database))


def _server(url: str, path: str, options: dict[str, str]) -> ServerAddress:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # its words may hold the beginning of an unescaped password
        raise ConfigurationError("history", "URL", "the port is no number up to 65535") from None
    if not host:
        raise ConfigurationError("history", "URL", "names no host", "write clickhouse://host:port/database")
    secure = _flag(options, "secure", False)
    address = ServerAddress(
        host=host,
        port=port or (NATIVE_TLS_PORT if secure else NATIVE_PORT),
        database=_database_name(path or options.pop("database", DEFAULT_DATABASE)),
        user=options.pop("user", unquote(parts.username or "default")),
        password=options.pop("password", unquote(parts.password or "")),
        secure=secure,
        verify=_flag(options, "verify", True),
        ca_certs=options.pop("ca_certs", None),
    )
    _refuse_unknown(options, "clickhouse")
    return address


def _flag(options: dict[str, str], name: str, default: bool) -> bool:
    text = options.pop(name, "1" if default else "0")
    if text not in ("0", "1"):
        raise ConfigurationError("history", f"URL ?{name}", f"{text!r} is neither 0 nor 1")
    return text == "1"


def _database_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            "history", "URL database", f"{name!r} is not letters, digits and underscores"
        )
    return name


def _refuse_unknown(options: dict[str, str], scheme: str) -> None:
    if options:
        raise ConfigurationError("history", "URL", f"{scheme} has no option {sorted(options)[0]!r}")
