"""The part of JSON Schema that docs/schemas uses; a keyword it does not know is an error, never ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NOTES = {"$schema", "$defs", "title", "description", "examples"}
KNOWN = NOTES | {
    "$ref",
    "type",
    "enum",
    "required",
    "properties",
    "anyOf",
    "minimum",
    "maximum",
    "pattern",
}


def problems(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], place: str = "$") -> list[str]:
    """What is wrong with `value`, one line each; [] where it is valid."""
    unknown = set(schema) - KNOWN
    assert not unknown, f"{place}: keywords {sorted(unknown)} are not understood here"
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        found = problems(value, root["$defs"][name], root, place)
    else:
        found = []
    if "type" in schema and not _is_of_type(value, schema["type"]):
        return [*found, f"{place}: {value!r} is not {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place}: {value!r} is none of {schema['enum']}")
    if "anyOf" in schema and all(problems(value, choice, root, place) for choice in schema["anyOf"]):
        found.append(f"{place}: {value!r} is none of what it may be")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{place}: {value!r} does not look like {schema['pattern']}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            found.append(f"{place}: {value} is below {schema['minimum']}")
        if value > schema.get("maximum", value):
            found.append(f"{place}: {value} is above {schema['maximum']}")
    if isinstance(value, dict):
        found += [f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                found += problems(value[name], inner, root, f"{place}.{name}")
    return found


def _is_of_type(value: Any, wanted: str | list[str]) -> bool:
    if isinstance(wanted, list):
        return any(_is_of_type(value, one) for one in wanted)
    if wanted == "null":
        return value is None
    if wanted in ("number", "integer"):
        kinds: tuple[type, ...] = (int, float) if wanted == "number" else (int,)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "object": dict, "array": list, "boolean": bool}[wanted])
