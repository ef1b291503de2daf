"""The reference tables of the documentation, made from the descriptions in the code.

`python -m config.reference_tables` writes them between the markers of docs/settings.md,
docs/city-folder.md and docs/feeds.md; a test fails where a page is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from config.calendar import CalendarFile, EventFields
from config.city_schema import (
    CityFile,
    CorridorFields,
    DistrictFields,
    LandmarkFields,
    SegmentProperties,
    SensorRow,
)
from config.importing.table_mapping import (
    ROUTE_FIELDS,
    SEGMENT_FIELDS,
    SENSOR_FIELDS,
    TOPOLOGY_FIELDS,
    ColumnFields,
    ImportMapping,
    TableFields,
)
from config.mapping import Mapping as ObservationMapping
from config.mapping import SensorFields, TimeFields, ValueFields
from config.settings import Settings, up_flags, variable_of

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("settings.md", "city-folder.md", "feeds.md")

_MODELS: dict[str, type[BaseModel]] = {
    "city": CityFile,
    "district": DistrictFields,
    "corridor": CorridorFields,
    "landmark": LandmarkFields,
    "segment": SegmentProperties,
    "sensor": SensorRow,
    "calendar": CalendarFile,
    "event": EventFields,
    "mapping": ObservationMapping,
    "mapping-time": TimeFields,
    "mapping-sensor": SensorFields,
    "mapping-values": ValueFields,
    "import-mapping": ImportMapping,
    "import-table": TableFields,
    "import-column": ColumnFields,
}
_FIELDS: dict[str, Mapping[str, str]] = {
    "import-segments": SEGMENT_FIELDS,
    "import-sensors": SENSOR_FIELDS,
    "import-topology": TOPOLOGY_FIELDS,
    "import-routes": ROUTE_FIELDS,
}
_MARKED = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(name: str) -> str:
    """The Markdown table of that name; raises KeyError for one nobody knows."""
    if name == "settings":
        rows = [
            (variable_of(n), _default(field.default), field.description or "", up_flags().get(n, ""))
            for n, field in Settings.model_fields.items()
        ]
        return _markdown(("variable", "default", "meaning", "flag of `up`"), rows)
    if name in _FIELDS:
        return _markdown(("field", "meaning"), list(_FIELDS[name].items()))
    rows_of_fields = [
        (field.alias or n, "" if field.is_required() else _default_of(field), field.description or "")
        for n, field in _MODELS[name].model_fields.items()
    ]
    return _markdown(("field", "default", "meaning"), rows_of_fields)


def with_tables(page: str) -> str:
    """A page with every marked table made anew."""
    return _MARKED.sub(lambda marked: f"{marked[1]}{table(marked[2])}{marked[3]}", page)


def _default_of(field: object) -> str:
    factory = getattr(field, "default_factory", None)
    value = factory() if factory is not None else getattr(field, "default", None)
    return "" if isinstance(value, BaseModel) else _default(value)


def _default(value: object) -> str:
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(f"`{part!r}`" for part in value)
    return f"`{value}`"


def _markdown(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += [f"| `{first}` | " + " | ".join(rest) + " |" for first, *rest in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for page_name in PAGES:
        path = DOCS / page_name
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
        sys.stdout.write(f"{path}\n")
