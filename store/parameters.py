"""Values for `{name:Type}` places in SQL, written so that a value can never become SQL.

Types: UInt8..UInt64, Int8..Int64, Float32, Float64, String, and Array of those. chDB takes parameters apart
from the statement; old servers know no parameters, so there the checked literal takes the place itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from models.errors import StoreRejected

Scalar = str | int | float
Parameter = Scalar | Sequence[str] | Sequence[int] | Sequence[float]
Parameters = Mapping[str, Parameter]

_PLACE = re.compile(r"\{(\w+):\s*((?:Array\(\s*)?(?:U?Int(?:8|16|32|64)|Float(?:32|64)|String)\s*\)?)\s*\}")
_BAD_PARAMETER = 457  # BAD_QUERY_PARAMETER, the engine's own number for a value of another type
_NOT_GIVEN = 456  # UNKNOWN_QUERY_PARAMETER

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
_FIELD_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def engine_parameters(sql: str, parameters: Parameters, place: str) -> dict[str, str]:
    """Parameters as chDB takes them: text in which tab, newline, backslash and NUL are escaped.

    StoreRejected for one that is missing or is not of its declared type.
    """
    return {
        name: _field(name, kind, _given(name, parameters, place), place)
        for name, kind in _places(sql).items()
    }


def with_literals(sql: str, parameters: Parameters, place: str) -> str:
    """`sql` with every `{name:Type}` replaced by a literal of that type, for servers without parameters.

    Replaced in one pass, so that a value that looks like a place stays a value. Errors as above.
    """

    def typed(match: re.Match[str]) -> str:
        literal = _literal(match[1], match[2], _given(match[1], parameters, place), place)
        # Numbers in an array literal take the narrowest type, which IN and has() then do not match.
        return f"cast({literal} as {match[2]})" if match[2].startswith("Array") else literal

    return _PLACE.sub(typed, sql)


def quoted(text: str) -> str:
    """`text` as a string literal of ClickHouse."""
    return "'" + text.translate(_ESCAPES) + "'"


def _places(sql: str) -> dict[str, str]:
    return {match[1]: match[2] for match in _PLACE.finditer(sql)}


def _given(name: str, parameters: Parameters, place: str) -> Parameter:
    try:
        return parameters[name]
    except KeyError:
        raise StoreRejected(place, _NOT_GIVEN, f"parameter {name!r} is not given") from None


def _field(name: str, kind: str, value: Parameter, place: str) -> str:
    if kind == "String" and isinstance(value, str):
        return value.translate(_FIELD_ESCAPES)
    return _literal(name, kind, value, place)


def _literal(name: str, kind: str, value: Parameter, place: str) -> str:
    kind = re.sub(r"\s", "", kind)
    if kind.startswith("Array("):
        element = kind.removeprefix("Array(").removesuffix(")")
        if isinstance(value, str | int | float):
            raise _mismatch(name, kind, value, place)
        return "[" + ",".join(_scalar(name, element, item, place) for item in value) + "]"
    return _scalar(name, kind, value, place)


def _scalar(name: str, kind: str, value: Parameter, place: str) -> str:
    if kind == "String" and isinstance(value, str):
        return quoted(value)
    number = value.item() if hasattr(value, "item") else value  # a numpy scalar
    if kind.startswith("Float") and isinstance(number, int | float):
        return repr(float(number)) if math.isfinite(number) else str(float(number))
    if "Int" in kind and isinstance(number, int) and number in _range_of(kind):
        return str(int(number))
    raise _mismatch(name, kind, value, place)


def _range_of(kind: str) -> range:
    bits = int(kind.lstrip("UInt"))
    return range(2**bits) if kind.startswith("U") else range(-(2 ** (bits - 1)), 2 ** (bits - 1))


def _mismatch(name: str, kind: str, value: Parameter, place: str) -> StoreRejected:
    return StoreRejected(
        place, _BAD_PARAMETER, f"parameter {name!r}: {str(value)[:80]!r} is not of type {kind}"
    )
