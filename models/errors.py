"""Every error that citybrain raises on purpose.

    CitybrainError
    ├── ConfigurationError      a file or a setting is wrong: names file and field; exit code 2
    ├── InputError              a source cannot be read as asked: names the file; exit code 2
    ├── Unavailable             cannot be reached now: wait `retry_after_s`, try again
    │   ├── StoreUnavailable    the history
    │   └── BrokerUnavailable   Kafka
    └── StoreRejected           the history answered no: waiting does not help

Bad *data* is no error: it becomes a dead letter with a reason (`models.observation.Refusal`).
"""

from __future__ import annotations


class CitybrainError(Exception):
    """Root of the tree. The message says what is wrong, where, and what to do about it."""


class ConfigurationError(CitybrainError):
    """A configuration file, a city folder or a setting is wrong.

    `place` is the file (with line or row where known) or the variable; `field` the offending field.
    """

    def __init__(self, place: str, field: str, problem: str, remedy: str = "") -> None:
        self.place, self.field, self.problem, self.remedy = place, field, problem, remedy
        where = f"{place}: {field}" if field else place
        super().__init__(f"{where}: {problem}" + (f" ({remedy})" if remedy else ""))


class InputError(CitybrainError):
    """A source cannot be read as asked (missing file, no such column)."""

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        self.place, self.problem, self.remedy = place, problem, remedy
        super().__init__(f"{place}: {problem}" + (f" ({remedy})" if remedy else ""))


class Unavailable(CitybrainError):
    """Something we depend on cannot be reached now; trying again after `retry_after_s` may help."""

    def __init__(self, place: str, problem: str, retry_after_s: float = 1.0) -> None:
        self.place, self.problem, self.retry_after_s = place, problem, retry_after_s
        super().__init__(f"{place}: {problem}; trying again in {retry_after_s:g} s")


class StoreUnavailable(Unavailable):
    """The history cannot be reached now."""


class BrokerUnavailable(Unavailable):
    """Kafka cannot be reached now."""


class StoreRejected(CitybrainError):
    """The history answered no (syntax, type, limits): waiting does not help."""

    def __init__(self, place: str, code: int, problem: str) -> None:
        self.place, self.code, self.problem = place, code, problem
        super().__init__(f"{place}: code {code}: {problem}")
