"""Settings: strict, immutable, described."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import (
    Settings,
    inspect_settings,
    load_settings,
    unknown_variables,
    up_flags,
    variable_of,
)
from models.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_variables_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)


def test_without_any_variable_it_listens_on_this_machine_only() -> None:
    settings = load_settings()
    assert (settings.host, settings.broker) == ("127.0.0.1", "embedded")
    assert settings.history_url == f"chdb:///{Path('data').absolute()}/history"


def test_a_variable_changes_a_setting_and_a_flag_wins_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYBRAIN_PORT", "9000")
    monkeypatch.setenv("CITYBRAIN_DATA_DIR", "/srv/city")
    assert load_settings().port == 9000
    assert load_settings(port=9001, host=None).port == 9001
    assert load_settings().history_url == "chdb:////srv/city/history"


def test_a_misspelt_variable_is_refused_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYBRAIN_LATENES_S", "60")
    with pytest.raises(ConfigurationError, match=r"^CITYBRAIN_LATENES_S: .*CITYBRAIN_LATENESS_S\)$"):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CITYBRAIN_PORT", "eighty"),
        ("CITYBRAIN_PORT", "70000"),
        ("CITYBRAIN_SETTLE_S", "-1"),
        ("CITYBRAIN_LATENESS_S", "nan"),
        ("CITYBRAIN_BROKER", "kafka"),
        ("CITYBRAIN_BROKER", "kafka:99999"),
        ("CITYBRAIN_HISTORY", "sqlite:///x"),
        ("CITYBRAIN_LOG_LEVEL", "loud"),
        ("CITYBRAIN_LANGUAGE", "fr"),
        ("CITYBRAIN_PARTITIONS", "0"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{variable}: ")
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_mistake_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYBRAIN_PORT", "x")
    monkeypatch.setenv("CITYBRAIN_SPEED", "-1")
    monkeypatch.setenv("CITYBRAIN_PROT", "1")
    settings, mistakes = inspect_settings()
    assert settings is None
    assert sorted(m.place for m in mistakes) == ["CITYBRAIN_PORT", "CITYBRAIN_PROT", "CITYBRAIN_SPEED"]


def test_a_wrong_flag_is_named_as_the_flag() -> None:
    with pytest.raises(ConfigurationError, match=r"^--port: "):
        load_settings(port=-5)


def test_settings_do_not_change_after_reading() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_has_one_sentence_of_description(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert description[0].isupper()
    assert description.endswith(".")


def test_the_flags_of_up_are_settings() -> None:
    assert set(up_flags()) == {"port", "host", "data_dir", "demo", "speed"}


def test_only_variables_with_our_prefix_are_judged() -> None:
    assert unknown_variables({"PATH": "x", "CITYBRAIN_HOST": "h", "CITYBRAIN_X": "y"}) == ["CITYBRAIN_X"]


def test_a_history_address_of_a_server_stays_as_it_is() -> None:
    url = "clickhouse://db:9000/citybrain?user=u&password=p"
    assert load_settings(history=url, data_dir=Path("/x")).history_url == url


def test_an_empty_data_folder_is_not_taken_for_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYBRAIN_DATA_DIR", "")
    with pytest.raises(ConfigurationError, match=r"^CITYBRAIN_DATA_DIR: must name a folder"):
        load_settings()
    monkeypatch.delenv("CITYBRAIN_DATA_DIR")
    with pytest.raises(ConfigurationError, match=r"^--data-dir: must name a folder"):
        load_settings(data_dir="")


@pytest.mark.parametrize("variable", ["citybrain_port", "CITYBRAIN_port", "Citybrain_Port"])
def test_a_variable_in_other_letters_is_refused_with_the_right_one(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ConfigurationError, match=rf"^{variable}: .*CITYBRAIN_PORT\)$"):
        load_settings()


@pytest.mark.parametrize(
    "address",
    [
        "clickhouse://city:s3cret@db:9000",
        "clickhouse://city:s3/cr@s3cret@db:9000",
        "click://db:9000/citybrain?user=city&password=s3cret",
        "clickhouse://db:9000?Password=s3cret&secure=1",
        "clickhouse:db password = s3cret",
    ],
)
def test_a_wrong_history_address_is_told_without_its_password(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=r"^--history: must be chdb") as caught:
        load_settings(history=address)
    monkeypatch.setenv("CITYBRAIN_HISTORY", address)
    (mistake,) = inspect_settings()[1]
    assert "***" in str(mistake)
    for message in (str(mistake), str(caught.value)):
        assert "s3cret" not in message
        assert "db" in message
