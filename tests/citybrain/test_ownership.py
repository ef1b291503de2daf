"""One history holds one city."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from citybrain.ownership import claim_history
from models.errors import ConfigurationError
from store.history import open_history
from store.migrate import migrate
from tests.models.builders import a_city

CITY = a_city()


def test_a_history_of_another_city_is_refused_by_both_names(tmp_path: Path) -> None:
    history = open_history(f"chdb:///{tmp_path}/history")
    try:
        migrate(history)
        claim_history(history, CITY)
        claim_history(history, CITY)
        other = msgspec.structs.replace(CITY, city_id="elsewhere")
        with pytest.raises(ConfigurationError, match="holds the history of testville, not of elsewhere"):
            claim_history(history, other)
    finally:
        history.close()
