"""What to do when a service that a test needs is not on this machine."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


class ServiceMissing(Exception):
    """A program is not installed; `package` is Debian's name of what brings it."""

    def __init__(self, problem: str, package: str) -> None:
        self.problem, self.package = problem, package
        super().__init__(f"{problem}: install Debian's {package} (as root, `make test` does)")


def skip_or_fail(missing: ServiceMissing) -> NoReturn:
    """Skip the test and say what to install; with CI=true a missing service is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))
