"""Whose history this is: the city that wrote here first."""

from __future__ import annotations

from store.history import History


def city_of(history: History, city_id: str) -> str:
    """The city that the history belongs to; `city_id` from now on where it belonged to nobody."""
    found = history.query("select city_id as owner from cities order by since, city_id limit 1")["owner"]
    if len(found):
        return str(found[0])
    history.insert("cities", {"city_id": [city_id]})
    return city_id
