"""Every setting of citybrain: its variable, its default, one sentence.

Settings come from environment variables CITYBRAIN_<NAME>, and from the flags of a command, which win.
A variable nobody knows is refused: a misspelt setting must not look as if it worked. The descriptions
are the documentation (docs/settings.md is tested against them).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from models.errors import ConfigurationError

PREFIX = "CITYBRAIN_"


def _up(flag: str) -> dict[str, Any]:
    """Marks a setting that `citybrain up` overrides by a flag of its own."""
    return {"up_flag": flag}


class Settings(BaseSettings):
    """Immutable; made by `load_settings`, which raises ConfigurationError instead of pydantic's errors."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    city: str = Field(
        default="demo",
        min_length=1,
        description="City folder to run: a path, or the name of a city shipped in config/cities.",
    )
    broker: str = Field(
        default="embedded",
        description="Kafka bootstrap servers as host:port[,host:port], or `embedded` for the broker inside.",
    )
    history: str = Field(
        default="chdb:///{data_dir}/history",
        description="The history: chdb:///PATH in this process, or clickhouse://HOST:PORT/DATABASE.",
    )
    data_dir: Path = Field(
        default=Path("data"),
        description="Folder for everything that is kept between starts.",
        json_schema_extra=_up("--data-dir"),
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address that the web pages listen on, and a worker's health.",
        json_schema_extra=_up("--host"),
    )
    port: int = Field(
        default=8050,
        ge=0,
        le=65535,
        description="Port that the web pages listen on; 0 takes a free one.",
        json_schema_extra=_up("--port"),
    )
    worker_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of a worker's /livez, /readyz and /metrics; 0 for none.",
    )
    demo: bool = Field(
        default=True,
        description="Whether `up` feeds the demo city's invented traffic.",
        json_schema_extra=_up("--no-demo"),
    )
    speed: float = Field(
        default=1.0,
        ge=0,
        le=100_000,
        description="Seconds of recording played per second by a feed; 0 is as fast as possible.",
        json_schema_extra=_up("--speed"),
    )
    partitions: int = Field(
        default=4, ge=1, le=256, description="Partitions of the observation topic where we create it."
    )
    settle_s: float = Field(
        default=10.0, ge=0, le=600, description="A window is published this long after its end, seconds."
    )
    lateness_s: float = Field(
        default=600.0, ge=0, le=86400, description="Late observations amend a window this long, seconds."
    )
    ahead_s: float = Field(
        default=120.0, gt=0, le=3600, description="Events further ahead of the clock are refused, seconds."
    )
    retention_observations_days: int = Field(
        default=90, ge=1, le=36500, description="Days that single observations are kept."
    )
    retention_segment_indices_days: int = Field(
        default=400, ge=1, le=36500, description="Days that segment indices are kept."
    )
    retention_area_indices_days: int = Field(
        default=3650, ge=1, le=36500, description="Days that city, district and corridor indices are kept."
    )
    retention_typical_days: int = Field(
        default=100, ge=1, le=36500, description="Days that computed typical days are kept."
    )
    retention_dead_letters_days: int = Field(
        default=30, ge=1, le=36500, description="Days that refused records are kept."
    )
    retention_alert_events_days: int = Field(
        default=3650, ge=1, le=36500, description="Days that alert events are kept."
    )
    disk_warn_ratio: float = Field(
        default=0.85, gt=0, lt=1, description="The health page warns when the disk is this full, 0 to 1."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged: debug, info, warning or error."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Shape of the log lines: text for people, json for machines."
    )
    language: Literal["zh", "en", "both"] = Field(
        default="both",
        description="Language a page starts in: zh, en, or both (Chinese with English beside it).",
    )

    @field_validator("data_dir", mode="before")
    @classmethod
    def _data_dir_is_named(cls, folder: object) -> object:
        if folder == "":  # a path would take it for the current folder
            raise ValueError("must name a folder")
        return folder

    @field_validator("broker")
    @classmethod
    def _broker_is_addresses(cls, text: str) -> str:
        if text == "embedded":
            return text
        for address in text.split(","):
            match = re.fullmatch(r"\s*([\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})\s*", address)
            if match is None or not 0 < int(match[2]) < 65536:
                raise ValueError("must be `embedded` or host:port[,host:port]")
        return text

    @field_validator("history")
    @classmethod
    def _history_is_known(cls, text: str) -> str:
        if not re.fullmatch(r"chdb:///.+|clickhouse://[^/\s]+/\w+(\?\S*)?", text):
            raise ValueError("must be chdb:///PATH or clickhouse://HOST:PORT/DATABASE")
        return text

    @property
    def history_url(self) -> str:
        """`history` with {data_dir} filled in, absolute as such a URL has to be."""
        return self.history.replace("{data_dir}", self.data_dir.absolute().as_posix())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then environment variables, nothing else."""
        return init_settings, env_settings


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` (flags; None means not given) win over the environment.

    Raises ConfigurationError naming the variable.
    """
    loaded, mistakes = inspect_settings(**overrides)
    if loaded is None:
        raise mistakes[0]
    return loaded


def inspect_settings(**overrides: Any) -> tuple[Settings | None, list[ConfigurationError]]:
    """The settings, or None and every mistake in them."""
    given = {name: value for name, value in overrides.items() if value is not None}
    mistakes = [_unknown(name) for name in unknown_variables(os.environ)]
    try:
        settings = Settings(**given)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else ""
            given_value = _without_password(name, detail["input"])
            problem = f"{detail['msg'].removeprefix('Value error, ')}, not {given_value!r}"
            flag = up_flags().get(name, "--" + name.replace("_", "-"))
            mistakes.append(ConfigurationError(flag if name in given else variable_of(name), "", problem))
        return None, mistakes
    return (None, mistakes) if mistakes else (settings, [])


def _without_password(name: str, value: Any) -> Any:
    """The value as a message may show it: of an address without user and password, however wrong it is."""
    if name != "history" or not isinstance(value, str):
        return value
    # The last @ ends what may be a password; an unescaped one has any characters, slashes too.
    without_user = re.sub(r"(://).*@", r"\1***@", value, flags=re.DOTALL)
    return re.sub(r"(?i)(passw(?:or)?d\s*=).*", r"\1***", without_user, flags=re.DOTALL)


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def up_flags() -> dict[str, str]:
    """Setting name -> the flag of `citybrain up` that overrides it."""
    flags = {}
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and isinstance(extra.get("up_flag"), str):
            flags[name] = str(extra["up_flag"])
    return flags


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """The CITYBRAIN_ variables of `environment` that are no setting, upper and lower case apart; sorted."""
    known = {variable_of(name) for name in Settings.model_fields}
    return sorted(n for n in environment if n.upper().startswith(PREFIX) and n not in known)


def _unknown(variable: str) -> ConfigurationError:
    known = [variable_of(name) for name in Settings.model_fields]
    nearest = difflib.get_close_matches(variable.upper(), known, n=1, cutoff=0)
    return ConfigurationError(variable, "", "is no setting", f"the nearest known one is {nearest[0]}")
