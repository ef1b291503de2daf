"""Equal values as one object: what a thousand segments have in common is in memory once."""

from __future__ import annotations

from typing import Any, TypeVar

from models.city import Name

Value = TypeVar("Value", str, float, Name, tuple[float, float])


class Shared:
    """Keeps one object of each value that it is asked for."""

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __call__(self, value: Value) -> Value:
        """The first object equal to `value` that was asked for."""
        return self._values.setdefault(value, value)  # type: ignore[no-any-return]

    def known(self, text: str) -> str:
        """As a call, without remembering `text` where it is new."""
        return self._values.get(text, text)  # type: ignore[no-any-return]
