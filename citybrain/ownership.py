"""Whose history is it? One history holds one city: equal segment ids of two would become one place."""

from __future__ import annotations

from models.city import City
from models.errors import ConfigurationError
from store.history import History
from store.identity import city_of


def claim_history(history: History, city: City) -> None:
    """Make the history this city's. ConfigurationError when it is another's."""
    owner = city_of(history, city.city_id)
    if owner != city.city_id:
        raise ConfigurationError(
            history.place,
            "",
            f"holds the history of {owner}, not of {city.city_id}",
            "give this city another --data-dir or CITYBRAIN_HISTORY",
        )
