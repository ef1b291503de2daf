"""Strict reading of what an operator wrote: every mistake named by file, line and field.

A reader here never guesses: a key written twice, an unknown key, a number where a text belongs, text
that is not UTF-8 are mistakes. Callers get all mistakes of a file at once; `first` raises the first.
"""

from __future__ import annotations

import codecs
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from models.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)


class StrictModel(BaseModel):
    """A part of a configuration file: no unknown keys, no conversions, not changed after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _UniqueKeyLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, in C where there is one, refusing a key written twice instead of keeping the last."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value; a date such as 2026-02-30, and what is not as its tag says, is a mistake with a line."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
            why = str(error) if isinstance(error, ValueError) else f"is no {node.tag.rpartition(':')[2]}"
            problem = f"{node.value!r}: {why}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None


def _construct_unique(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[Hashable] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(problem="a key must be a text", problem_mark=key_node.start_mark)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"{key!r} is written twice", problem_mark=key_node.start_mark)
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_unique)


def first(mistakes: Sequence[ConfigurationError]) -> None:
    """Raise the first mistake, if there is one."""
    if mistakes:
        raise mistakes[0]


def read_text(path: Path) -> str:
    """The UTF-8 text of a file (a leading byte order mark is dropped); raises ConfigurationError."""
    return text_of(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """What the file holds; raises ConfigurationError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(str(path), "", "no such file") from None
    except OSError as error:
        raise ConfigurationError(str(path), "", f"cannot be read: {error.strerror}") from None


def text_of(path: Path, raw: bytes) -> str:
    """What `raw`, the bytes of `path`, says in UTF-8, without a leading byte order mark; raises
    ConfigurationError with the line of the first byte that is not UTF-8.
    """
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            f"{path} line {line}",
            "",
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        ) from None


def read_yaml(path: Path, model: type[Model]) -> tuple[Model | None, list[ConfigurationError]]:
    """The file as `model`, or None and every mistake found in it."""
    try:
        text = read_text(path)
        loader = _UniqueKeyLoader(text)
        root = loader.get_single_node()
        content = None if root is None else loader.construct_document(root)
    except ConfigurationError as mistake:
        return None, [mistake]
    except yaml.YAMLError as error:
        return None, [_syntax_mistake(path, error)]
    if content is None:
        return None, [ConfigurationError(str(path), "", "is empty")]
    try:
        return model.model_validate(content), []
    except ValidationError as error:
        return None, mistakes_of(error, str(path), root)


def load_yaml(path: Path, model: type[Model]) -> Model:
    """The file as `model`; raises ConfigurationError with the first mistake."""
    loaded, mistakes = read_yaml(path, model)
    first(mistakes)
    assert loaded is not None
    return loaded


def mistakes_of(
    error: ValidationError, place: str, root: yaml.Node | None = None
) -> list[ConfigurationError]:
    """One mistake per wrong field of a validation error, each with its line where `root` tells it."""
    mistakes = []
    details = error.errors(include_url=False)
    # a misspelt key is both unknown and missing: what was written is the better hint, so it comes first
    for detail in sorted(details, key=lambda d: d["type"] != "extra_forbidden"):
        where = detail["loc"]
        line = _line_of(root, where)
        problem = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "model_type":
            problem = "must be `key: value` pairs"
        given = detail["input"]
        if detail["type"] not in ("missing", "extra_forbidden") and isinstance(given, str | int | float):
            problem += f", not {given!r}"
        if detail["type"] == "extra_forbidden":
            problem = "is not a known key"
        elif detail["type"] == "missing":
            problem = "is missing"
        field = ".".join(str(part) for part in where)
        mistakes.append(ConfigurationError(f"{place} line {line}" if line else place, field, problem))
    return mistakes


def _syntax_mistake(path: Path, error: yaml.YAMLError) -> ConfigurationError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        problem = str(error.problem or error.context or "not YAML")
        return ConfigurationError(f"{path} line {error.problem_mark.line + 1}", "", problem)
    return ConfigurationError(str(path), "", " ".join(str(error).split()))


def _line_of(node: yaml.Node | None, where: Sequence[int | str]) -> int | None:
    """The 1-based line of the deepest part of `where` that the file contains."""
    if node is None:
        return None
    for part in where:
        below: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            below = next((v for k, v in node.value if str(k.value) == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            below = node.value[part]
        if below is None:
            break
        node = below
    return int(node.start_mark.line) + 1
