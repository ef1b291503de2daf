"""Words as components: the Chinese with its small English gloss, or one language alone."""

from __future__ import annotations

from typing import TypeVar

from dash import html
from dash.development.base_component import Component

from dashboard.texts import TEXTS, gloss, text
from models.city import Name

Marked = TypeVar("Marked", bound=Component)


def with_attributes(component: Marked, **attributes: str) -> Marked:
    """The component with `data-` and `aria-` attributes: `data_kind` becomes `data-kind`."""
    for name, value in attributes.items():
        setattr(component, name.replace("_", "-"), value)
    return component


def label(key: str, language: str) -> list[Component]:
    """A text, with its gloss where both languages are shown."""
    parts: list[Component] = [html.Span(text(key, language))]
    if gloss(key, language):
        parts.append(html.Span(gloss(key, language), className="gloss", lang="en"))
    return parts


def place_label(name: Name, language: str) -> list[Component]:
    """A place's name, with its gloss where both are shown and they differ."""
    first, second = (name.en, name.zh) if language == "en" else (name.zh, name.en)
    parts: list[Component] = [html.Span(first or second)]
    if language == "both" and second and second != first:
        parts.append(html.Span(second, className="gloss", lang="en"))
    return parts


def script_texts(language: str) -> dict[str, str]:
    """Every text in one language, for the scripts of a page."""
    return {key: text(key, language) for key in TEXTS}


def script_glosses(language: str) -> dict[str, str]:
    """The glosses of the level words, for the scripts of a page."""
    return {f"level_{level}": gloss(f"level_{level}", language) for level in range(6)}
