"""Which directory this process holds: chDB allows one per process, and one process per directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from models.errors import ConfigurationError, StoreUnavailable
from store.address import EmbeddedAddress

_held: dict[str, int] = {}  # directory -> histories open on it in this process


def claim(address: EmbeddedAddress) -> None:
    """Refuse a second directory in this process, and a directory that another process holds."""
    others = [path for path in _held if path != address.path]
    if others:
        raise ConfigurationError(
            address.place,
            "",
            f"this process already holds the history {others[0]}",
            "one directory per process",
        )
    if address.path not in _held:
        try:
            Path(address.path).mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise ConfigurationError(address.place, "", f"cannot be made: {problem.strerror}") from None
        if not os.access(address.path, os.W_OK | os.X_OK):
            raise ConfigurationError(address.place, "", "cannot be written to by this user")
        _refuse_if_held(address)
    _held[address.path] = _held.get(address.path, 0) + 1


def release(address: EmbeddedAddress) -> None:
    """Give one claim back; with the last one the process may open another directory."""
    _held[address.path] -= 1
    if _held[address.path] == 0:
        del _held[address.path]


def _refuse_if_held(address: EmbeddedAddress) -> None:
    """chDB says why it cannot lock its directory on standard error only: look at the lock before it does."""
    status = Path(address.path, "status")
    if not status.exists():
        return
    with status.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            holder = handle.readline().strip() or "another process"
            raise StoreUnavailable(
                address.place, f"held by another process ({holder}); only one may open it"
            ) from None
